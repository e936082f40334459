-- One row per request that a person made about their data and thing by which it names the person: a
-- record, an e-mail, a telephone or a visitor, as the delivered files and the commands say. What is asked
-- of no channel or purpose in particular is asked of all; service is no purpose unless it is named.
-- grain: record_key, actor_key
-- partition: record_key
with delivered as (
    select requests.*, phones.phone
    from staging.privacy__requests as requests
    cross join raw.settings as settings
    left join standard.phone_numbers as phones
        on phones.phone_text = requests.phone_text and phones.country = settings.default_country
),
named as (
    select *, 'email' as identifier_kind, email as identifier, 'email:' || email as actor_key
    from delivered
    union all
    select *, 'phone', phone, 'phone:' || phone from delivered
    union all
    select *, 'record', named_record, named_record from delivered
    union all
    select *, 'visitor', visitor_id, visitor_id from delivered
),
made as (
    select
        record_key, request_id, request_kind, actor_key, identifier_kind, identifier, channel, purpose,
        received_on, received_on::timestamp as stated_at, 'file' as source
    from named
    where actor_key is not null
    union all
    select
        record_key, request_id, request_kind, actor_key, identifier_kind, identifier, channel, purpose,
        received_on, stated_at, 'command'
    from standard.told_requests
)
select
    record_key,
    request_id,
    request_kind,
    actor_key,
    identifier_kind,
    identifier,
    if(channel is null, ['email', 'sms', 'phone', 'push', 'post', 'ads'], [channel]) as channels,
    case when purpose is not null then [purpose]
        when request_kind = 'do_not_sell' then ['advertising']
        else ['marketing', 'profiling', 'advertising'] end as purposes,
    received_on,
    stated_at,
    source
from made
