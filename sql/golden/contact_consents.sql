-- One row per profile, channel, purpose and address of which anybody said something: may it be used? A
-- person's no holds for all addresses of the profile, a bounce for the one that bounced. A yes holds
-- for addresses that the record which gave it carries itself: it crosses no link. The address is an
-- e-mail (email, ads), a telephone (sms, phone), or who said it (push, post).
-- grain: profile_id, channel, purpose, identifier
-- partition: profile_id
with said as (
    select
        *,
        case when channel in ('email', 'ads') then 'email' when channel in ('sms', 'phone') then 'phone'
            else channel end as address_kind,
        if(identifier_kind = address_kind, identifier, null) as address
    from golden.consent_ledger
    where is_standing
),
carried as (
    select profile_id, record_key as actor_key, identifier_kind, identifier
    from workings.consent_addresses
    union
    select profile_id, actor_key, identifier_kind, identifier
    from said
    where actor_key = concat(identifier_kind, ':', identifier)
    union
    select profile_id, actor_key, address_kind, actor_key
    from said
    where channel in ('push', 'post')
),
judged as (
    select
        said.profile_id,
        said.channel,
        said.purpose,
        carried.identifier,
        said.status,
        said.observed_at,
        said.evidence_record,
        (
            case said.status when 'denied' then 1 when 'granted' then 2 else 3 end,
            -epoch_us(said.observed_at),
            said.evidence_record
        ) as strictness
    from said
    inner join carried
        on carried.profile_id = said.profile_id
        and carried.identifier_kind = said.address_kind
    where if(
        said.status = 'denied',
        said.scope = 'person' or carried.identifier = said.address,
        carried.actor_key = said.actor_key
        and carried.identifier = coalesce(said.address, carried.identifier)
    )
)
select
    profile_id,
    channel,
    purpose,
    identifier,
    min_by(status, strictness) as status,
    min_by(observed_at, strictness) as observed_at,
    min_by(evidence_record, strictness) as evidence_record
from judged
group by profile_id, channel, purpose, identifier
