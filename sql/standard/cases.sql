-- One row per service case. It was first responded to by the first completed task about it; of
-- answers by mail or in comments nothing is delivered. A case that is closed without saying when was
-- closed when it last changed. `actor_key` is the source record of the person who asked,
-- `account_key` that of the account; a case without them stands for itself.
-- grain: record_key
-- partition: case_id
with responded as (
    select case_id, min(completed_at) as first_response_at
    from standard.completed_tasks
    where case_id is not null
    group by case_id
),
timed as (
    select
        cases.*,
        responded.first_response_at,
        case when cases.is_closed then coalesce(cases.closed_at, cases.modified_at) end as solved_at
    from staging.salesforce__case as cases
    left join responded using (case_id)
)
select
    record_key,
    case_id,
    case_number,
    account_id,
    case_type,
    status,
    priority,
    origin,
    reason,
    is_closed,
    created_at,
    first_response_at,
    solved_at as closed_at,
    case when first_response_at >= created_at
        then round(epoch(first_response_at - created_at) / 3600, 2) end as response_hours,
    case when solved_at >= created_at
        then round(epoch(solved_at - created_at) / 3600, 2) end as resolution_hours,
    modified_at,
    is_deleted,
    coalesce('salesforce:account:' || account_id, record_key) as account_key,
    coalesce('salesforce:contact:' || contact_id, record_key) as actor_key
from timed
