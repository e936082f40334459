-- One row per actor of an event or order whose profile is known: a source record, an e-mail address
-- (as 'email:…') or a visitor.
-- grain: actor_key
-- partition: actor_key
select record_key as actor_key, profile_id, linked_by
from identity.profile_records
union all
select 'email:' || email as actor_key, profile_id, 'email' as linked_by
from identity.email_owners
union all
select visitor_id as actor_key, profile_id, linked_by
from identity.visitors
where profile_id is not null
