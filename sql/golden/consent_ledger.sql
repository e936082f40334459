-- One row per statement about consent and profile that it concerns. Statements are only ever added;
-- `is_standing` says which still hold. `scope` is how far a statement reaches in the profile: the whole
-- person, or one address.
-- grain: statement_id, profile_id
-- partition: profile_id
with concerned as (
    select * from workings.consent_by_record
    union all
    select * from workings.consent_by_address
)
select
    statement_id,
    profile_id,
    actor_key,
    identifier_kind,
    identifier,
    channel,
    purpose,
    status,
    scope,
    stated_at,
    observed_at,
    evidence,
    evidence_record,
    is_standing
from concerned
-- Where the record is the profile's own, its word reaches as far as it says itself.
qualify row_number() over (partition by statement_id, profile_id order by scope desc) = 1
