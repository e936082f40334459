-- One row per Salesforce case: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as case_id,
        as_text(case_number) as case_number,
        salesforce_id(contact_id) as contact_id,
        salesforce_id(account_id) as account_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(supplied_name) as supplied_name,
        as_text(supplied_email) as email_text,
        as_text(supplied_phone) as phone_text,
        as_text(supplied_company) as supplied_company,
        as_text(type) as case_type,
        as_text(status) as status,
        as_text(priority) as priority,
        as_text(origin) as origin,
        as_text(reason) as reason,
        coalesce(as_boolean(is_closed), false) as is_closed,
        as_utc(closed_date) as closed_at,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__case
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
