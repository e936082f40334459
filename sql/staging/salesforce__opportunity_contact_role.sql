-- One row per contact's part in a Salesforce opportunity: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as role_id,
        salesforce_id(opportunity_id) as opportunity_id,
        salesforce_id(contact_id) as contact_id,
        as_text(role) as role,
        coalesce(as_boolean(is_primary), false) as is_primary,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__opportunity_contact_role
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
