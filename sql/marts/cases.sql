-- One row per service case, with the profile of the person who asked and the company of the account.
-- The first response is the first completed task about it, null where none was noted.
-- grain: record_key
-- partition: actor_key
select
    cases.record_key,
    actors.profile_id,
    cases.company_id,
    cases.case_id,
    cases.case_number,
    cases.account_id,
    cases.case_type,
    cases.status,
    cases.priority,
    cases.origin,
    cases.reason,
    cases.is_closed,
    cases.created_at,
    cases.first_response_at,
    cases.closed_at,
    cases.response_hours,
    cases.resolution_hours,
    cases.modified_at,
    cases.is_deleted,
    cases.actor_key
from workings.cases as cases
left join identity.actors as actors using (actor_key)
