-- One row per Salesforce campaign: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as campaign_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(name) as campaign_name,
        as_text(type) as campaign_type,
        as_text(status) as status,
        as_date(start_date) as start_on,
        as_date(end_date) as end_on,
        as_decimal(actual_cost) as actual_cost,
        as_decimal(budgeted_cost) as budgeted_cost,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__campaign
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
