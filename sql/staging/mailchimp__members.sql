-- One row per Mailchimp member of a list: its latest version. The file that a member is in is its
-- status. The e-mail's EUID is the same in all lists; its LEID is the list's own.
-- grain: record_key, leid
-- partition: record_key
with typed as (
    select
        record_key,
        as_text(email_address) as email_text,
        as_text(first_name) as first_name,
        as_text(last_name) as last_name,
        as_text(phone) as phone_text,
        as_text(birthday) as birthday_text,
        as_text(address) as address_text,
        as_text(zip_code) as postal_code,
        as_text(company) as company,
        as_text(cc) as country_text,
        as_text(region) as region_text,
        _variant as status,
        as_integer(member_rating) as member_rating,
        as_utc(optin_time) as opted_in_at,
        as_utc(confirm_time) as confirmed_at,
        as_utc(unsub_time) as unsubscribed_at,
        as_utc(clean_time) as cleaned_at,
        as_text(unsub_reason) as unsubscribe_reason,
        as_text(euid) as euid,
        coalesce(as_text(leid), '') as leid,
        as_text(tags) as tags_text,
        greatest(
            as_utc(last_changed), as_utc(unsub_time), as_utc(clean_time),
            as_utc(confirm_time), as_utc(optin_time)
        ) as modified_at,
        _delivered_at as delivered_at
    from raw.mailchimp__members
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (
    partition by record_key, leid
    order by
        modified_at desc nulls last,
        last_at desc,
        -- At the same moment the stricter status holds.
        case status when 'unsubscribed' then 1 when 'cleaned' then 2 else 3 end,
        hash(versions)
) = 1
