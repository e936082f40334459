-- One row per Salesforce campaign member (a contact or a lead in a campaign): its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as campaign_member_id,
        salesforce_id(campaign_id) as campaign_id,
        salesforce_id(lead_id) as lead_id,
        salesforce_id(contact_id) as contact_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(status) as status,
        coalesce(as_boolean(has_responded), false) as has_responded,
        as_date(first_responded_date) as first_responded_on,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__campaign_member
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
