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
        as_text(zip_code) as zip_code,
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
-- An address in one cell is its parts, two spaces apart: street, perhaps a second line, city, region,
-- postcode, perhaps the country. `place` is that of the postcode; a cell of another form is left.
split as (
    select
        *,
        regexp_split_to_array(address_text, '\s{2,}') as parts,
        len(parts) - (not regexp_matches(parts[-1], '\d'))::integer as place,
        place >= 4 and regexp_matches(parts[place], '\d') as is_address
    from typed
),
placed as (
    select
        * exclude (zip_code, country_text, region_text, parts, place, is_address),
        if(is_address, parts[1], null) as street,
        if(is_address, parts[place - 2], null) as city,
        if(is_address, parts[place], zip_code) as postal_code,
        -- Mailchimp's own guess of country and region, by the network, comes after what people wrote.
        if(is_address, parts[place - 1], region_text) as region_text,
        if(is_address, coalesce(parts[place + 1], country_text), country_text) as country_text
    from split
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from placed
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
