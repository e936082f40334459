-- One row per statement about an address and profile that carries it. A no reaches everybody who has the
-- address, shared or guarded; of a record's own no only the address, for the person is the record's
-- profile (consent_by_record). What is said in the name of an address alone and is no denial counts
-- where exactly one profile carries it and nothing guards it: else nobody knows who spoke.
-- grain: statement_id, profile_id
-- partition: identifier
with carriers as (
    select
        identifier_kind,
        identifier,
        profile_id,
        bool_or(guard is not null) as is_guarded
    from workings.consent_addresses
    group by identifier_kind, identifier, profile_id
),
known as (
    select
        *,
        count(*) over (partition by identifier_kind, identifier) = 1
        and not is_guarded as is_owner
    from carriers
),
spoken as (
    select
        *,
        actor_key = concat(identifier_kind, ':', identifier) as is_of_address_alone
    from standard.consent_statements
    where identifier is not null
)
select
    spoken.* exclude (is_of_address_alone)
        replace (if(is_of_address_alone, spoken.scope, 'identifier') as scope),
    known.profile_id
from spoken
inner join known using (identifier_kind, identifier)
where spoken.status = 'denied'
    or (spoken.is_of_address_alone and known.is_owner)
