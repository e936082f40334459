-- One row per statement that a record of a person made, with the profile it belongs to.
-- grain: statement_id, profile_id
-- partition: actor_key
select
    statements.*,
    actors.profile_id
from standard.consent_statements as statements
inner join identity.actors as actors using (actor_key)
where not starts_with(statements.actor_key, 'email:')
