-- One row per statement about consent, with the profile that it speaks of.
-- grain: actor_key, channel, purpose, evidence_record
-- partition: actor_key
select
    statements.actor_key,
    actors.profile_id,
    statements.channel,
    statements.purpose,
    statements.status,
    statements.observed_at,
    statements.evidence_record
from standard.consents as statements
inner join identity.actors as actors using (actor_key)
