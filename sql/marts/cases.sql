-- One row per service case, with the profile of the person who asked.
-- grain: record_key
-- partition: actor_key
select
    cases.record_key,
    actors.profile_id,
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
    cases.closed_at,
    cases.is_deleted,
    cases.actor_key
from standard.cases as cases
left join identity.actors as actors using (actor_key)
