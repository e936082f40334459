-- One row per Shopify customer: its latest version. The export has no time of change, so the later
-- delivery wins. The generations before 2024 have no id and are known by a hash of what they have.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        as_text(customer_id) as customer_id,
        as_text(first_name) as first_name,
        as_text(last_name) as last_name,
        as_text(email) as email_text,
        as_boolean(accepts_email_marketing) as accepts_email,
        as_boolean(accepts_sms_marketing) as accepts_sms,
        as_text(default_address_company) as company,
        as_text(default_address_address1) as street,
        as_text(default_address_city) as city,
        coalesce(as_text(default_address_province_code), as_text(province)) as region_text,
        as_text(default_address_zip) as postal_code,
        coalesce(as_text(default_address_country_code), as_text(country)) as country_text,
        as_text(phone) as phone_text,
        as_text(default_address_phone) as address_phone_text,
        as_decimal(total_spent) as total_spent,
        as_integer(total_orders) as order_count,
        as_text(tags) as tags_text,
        _delivered_at as delivered_at
    from raw.shopify__customers
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (partition by record_key order by last_at desc, hash(versions)) = 1
