-- Grants of consent that are published, against what people said: a grant is false where nobody whose records
-- the profile holds ever gave it, or took it back later than it was given. What a record says that is in
-- another profile (a link that was missed) is that profile's. A profile of the erased alone, who came back
-- under an address that nobody knew, is right neither way.
with said as (
    select
        said.person_id, said.channel, 'marketing' as purpose, said.status, said.observed_at,
        coalesce(profile_records.profile_id, events.profile_id) as profile_id
    from truth.consents as said
    left join profile_records using (record_key)
    left join events on said.record_key = events.system || ':events:' || events.record_id
    union all
    -- What was said by an address, a number or a record is of the profile that has it.
    select
        said.person_id, said.channel, said.purpose, said.status, said.stated_at,
        coalesce(profile_records.profile_id, emails.profile_id, phones.profile_id)
    from truth.preferences as said
    left join profile_records on profile_records.record_key = said.record
    left join (select lower(email) as email, min(profile_id) as profile_id from profile_emails group by all)
        as emails on emails.email = lower(said.email)
    left join (select phone, min(profile_id) as profile_id from profile_phones group by all)
        as phones on phones.phone = said.phone
),
behind as (
    select distinct profile_id, person_id
    from profile_records inner join truth.records using (record_key)
),
minds as (
    select
        behind.profile_id, behind.person_id, said.channel, said.purpose,
        max(observed_at) filter (where status = 'granted')
            >= coalesce(max(observed_at) filter (where status = 'denied'), '-infinity') as is_willing
    from behind
    inner join said
        on said.person_id = behind.person_id
        and coalesce(said.profile_id, behind.profile_id) = behind.profile_id
    group by all
),
granted as (
    select consents.profile_id, consents.channel, consents.purpose,
        coalesce(bool_or(is_willing), false) as is_true
    from consents
    semi join behind using (profile_id)
    left join minds using (profile_id, channel, purpose)
    where consents.status = 'granted'
    group by all
)
select 'grants of consent' as measure, channel || ', ' || purpose as detail,
    count(*) filter (where is_true) as right, count(*) filter (where not is_true) as wrong
from granted
group by channel, purpose
