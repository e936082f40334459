-- One row per task that somebody completed: a call, a mail, a thing done. Where the CRM does not date it,
-- what was noted on its own
-- day was done when it was noted; of the others only the day is known. `case_id` is the case that it
-- was about.
-- grain: record_key
-- partition: record_key
select
    record_key,
    who_id,
    case when what_id like '500%' then what_id end as case_id,
    coalesce(
        completed_at,
        case when coalesce(activity_on = created_at::date, true) then coalesce(created_at, activity_on)
            else least(activity_on::timestamp, modified_at) end
    ) as completed_at
from staging.salesforce__task
where is_closed and not is_deleted
