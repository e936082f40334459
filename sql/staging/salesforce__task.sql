-- One row per Salesforce task: its latest version. `who_id` is a contact (003…) or a lead (00Q…).
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as task_id,
        salesforce_id(who_id) as who_id,
        salesforce_id(what_id) as what_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_date(activity_date) as activity_on,
        as_text(status) as status,
        as_text(priority) as priority,
        as_text(task_subtype) as task_subtype,
        as_text(call_type) as call_type,
        as_integer(call_duration_in_seconds) as call_seconds,
        salesforce_id(owner_id) as owner_id,
        coalesce(as_boolean(is_closed), false) as is_closed,
        as_utc(completed_date_time) as completed_at,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__task
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
