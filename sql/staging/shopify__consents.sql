-- One row per address and box that a Shopify customer was ever seen to have ticked, and per time that
-- the box was seen unticked after that. A box that never was ticked says nothing. Of two deliveries of
-- one moment the one without the tick is the later.
-- grain: version_key
-- partition: record_key
with boxes as (
    select
        record_key, 'email' as channel, as_email(email) as email, null as phone_text,
        null as country_text, as_boolean(accepts_email_marketing) as is_ticked, _delivered_at
    from raw.shopify__customers
    union all
    select
        record_key, 'sms', null, as_text(phone),
        coalesce(as_text(default_address_country_code), as_text(country)),
        as_boolean(accepts_sms_marketing), _delivered_at
    from raw.shopify__customers
),
seen as (
    select
        *,
        lag(is_ticked) over (
            partition by record_key, channel order by _delivered_at, is_ticked desc
        ) as was_ticked
    from boxes
    where is_ticked is not null
),
versions as (
    select
        record_key,
        record_key as actor_key,
        channel,
        if(is_ticked, email, null) as email,
        if(is_ticked, phone_text, null) as phone_text,
        if(is_ticked, country_text, null) as country_text,
        is_ticked,
        if(is_ticked, null, _delivered_at) as unticked_at,
        min(_delivered_at) as delivered_at
    from seen
    where is_ticked or was_ticked
    group by all
)
select
    md5(versions::varchar) as version_key,
    * exclude (unticked_at)
from versions
