-- One row per change of a Salesforce opportunity: what its stage, amount and closing date were from
-- `created_at` on.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as history_id,
        salesforce_id(opportunity_id) as opportunity_id,
        as_text(stage_name) as stage,
        as_decimal(amount) as amount,
        upper(as_text(currency_iso_code)) as currency,
        as_decimal(probability) as probability_percent,
        as_date(close_date) as close_on,
        as_text(forecast_category) as forecast_category,
        as_utc(created_date) as created_at,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        _delivered_at as delivered_at
    from raw.salesforce__opportunity_history
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (partition by record_key order by last_at desc, hash(versions)) = 1
