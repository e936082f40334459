-- One row per profile, channel and purpose of which anybody said something. A person's no denies it,
-- whoever else says yes; else it is what was said of the golden address of that channel (the record
-- itself for push and post), and unknown where nothing was, which is no consent.
-- grain: profile_id, channel, purpose
-- partition: profile_id
with said as (
    select
        ledger.*,
        case when ledger.channel in ('email', 'ads') then profiles.email
            when ledger.channel in ('sms', 'phone') then profiles.phone end as golden_identifier
    from golden.consent_ledger as ledger
    inner join golden.profiles as profiles using (profile_id)
    where ledger.is_standing
),
judged as (
    select
        profile_id, channel, purpose, golden_identifier as identifier,
        if(status = 'denied' and scope = 'person', 'denied', 'unknown') as status,
        observed_at, evidence_record,
        if(status = 'denied' and scope = 'person', 1, 4) as strictness
    from said
    union all
    select
        contacts.profile_id, contacts.channel, contacts.purpose, contacts.identifier,
        contacts.status, contacts.observed_at, contacts.evidence_record,
        case contacts.status when 'denied' then 1 when 'granted' then 2 else 3 end
    from golden.contact_consents as contacts
    inner join golden.profiles as profiles using (profile_id)
    where contacts.channel in ('push', 'post')
        or (contacts.channel in ('email', 'ads') and contacts.identifier = profiles.email)
        or (contacts.channel in ('sms', 'phone') and contacts.identifier = profiles.phone)
)
select
    profile_id,
    channel,
    purpose,
    status,
    observed_at,
    evidence_record,
    identifier
from judged
qualify row_number() over (
    partition by profile_id, channel, purpose
    order by strictness, observed_at desc, evidence_record, identifier
) = 1
