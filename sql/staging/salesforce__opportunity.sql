-- One row per Salesforce opportunity: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as opportunity_id,
        salesforce_id(account_id) as account_id,
        salesforce_id(contact_id) as contact_id,
        salesforce_id(campaign_id) as campaign_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(name) as deal_name,
        as_text(stage_name) as stage,
        as_decimal(amount) as amount,
        upper(as_text(currency_iso_code)) as currency,
        as_decimal(probability) as probability_percent,
        as_date(close_date) as close_on,
        coalesce(as_boolean(is_closed), false) as is_closed,
        coalesce(as_boolean(is_won), false) as is_won,
        as_text(lead_source) as lead_source,
        salesforce_id(owner_id) as owner_id,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__opportunity
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (
    partition by record_key order by modified_at desc nulls last, last_at desc, hash(versions)
) = 1
