-- One row per service case of a person we know: whether it is still open.
-- grain: record_key
-- partition: actor_key
select
    cases.record_key,
    actors.profile_id,
    not coalesce(cases.is_closed, false) as is_open,
    cases.created_at,
    cases.actor_key
from standard.cases as cases
inner join identity.actors as actors using (actor_key)
where not cases.is_deleted and actors.profile_id is not null
