-- One row per state in which a Mailchimp member of a list was ever delivered, with its own times.
-- grain: version_key
-- partition: record_key
with versions as (
    select
        record_key,
        record_key as actor_key,
        coalesce(as_text(leid), '') as leid,
        as_email(email_address) as email,
        _variant as member_status,
        as_utc(optin_time) as opted_in_at,
        as_utc(confirm_time) as confirmed_at,
        as_utc(unsub_time) as unsubscribed_at,
        as_utc(clean_time) as cleaned_at,
        min(_delivered_at) as delivered_at
    from raw.mailchimp__members
    where _variant in ('subscribed', 'unsubscribed', 'cleaned')
    group by all
)
select
    md5(versions::varchar) as version_key,
    *
from versions
