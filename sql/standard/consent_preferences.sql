-- One row per statement of a preference centre and per record, e-mail or telephone that it names: each
-- of them speaks for itself. A record's statement is about the address of its channel, where that is
-- named too, else about all that the record carries.
-- grain: record_key, actor_key
-- partition: record_key
with stated as (
    select preferences.*, phones.phone
    from staging.preferences__consents as preferences
    cross join raw.settings as settings
    left join standard.phone_numbers as phones
        on phones.phone_text = preferences.phone_text and phones.country = settings.default_country
),
named as (
    select
        *,
        named_record as actor_key,
        case when channel in ('email', 'ads') then email when channel in ('sms', 'phone') then phone end
            as identifier
    from stated
    union all
    select *, 'email:' || email, email from stated
    union all
    select *, 'phone:' || phone, phone from stated
)
select
    record_key,
    actor_key,
    case when identifier = email then 'email' when identifier = phone then 'phone' end
        as identifier_kind,
    identifier,
    channel,
    purpose,
    status,
    stated_at,
    evidence,
    delivered_at
from named
where actor_key is not null
