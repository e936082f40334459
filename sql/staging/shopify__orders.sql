-- One row per Shopify order: its latest version, from the row that carries the order's facts.
-- grain: order_key
-- partition: order_key
with typed as (
    select
        order_key,
        'shopify:orders:' || as_text(id) as record_key,
        'shopify:' || as_text(id) as order_id,
        as_text(id) as order_number,
        as_text(name) as order_name,
        as_text(customer_id) as customer_id,
        as_text(email) as email_text,
        as_text(phone) as phone_text,
        as_text(financial_status) as financial_status,
        as_text(fulfillment_status) as fulfillment_status,
        as_boolean(accepts_marketing) as accepts_email,
        upper(as_text(currency)) as currency,
        as_decimal(subtotal) as subtotal,
        as_decimal(shipping) as shipping,
        as_decimal(taxes) as tax,
        as_decimal(total) as total,
        coalesce(as_decimal(refunded_amount), 0) as refunded,
        as_decimal(discount_amount) as discount,
        as_text(discount_code) as discount_code,
        as_text(source) as source,
        as_text(location) as location,
        coalesce(as_text(payment_reference), as_text(payment_references)) as payment_reference,
        as_text(tags) as tags_text,
        as_text(billing_name) as billing_name,
        as_text(billing_company) as company,
        as_text(billing_address1) as street,
        as_text(billing_city) as city,
        as_text(billing_province) as region_text,
        as_text(billing_zip) as postal_code,
        as_text(billing_country) as country_text,
        as_text(billing_phone) as billing_phone_text,
        as_utc(created_at) as ordered_at,
        as_utc(cancelled_at) as cancelled_at,
        _delivered_at as delivered_at
    from raw.shopify__orders
    where as_text(id) is not null
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select
    * exclude (last_at),
    -- The export tells no date of a refund: the first delivery that has it is the nearest to it.
    case when refunded <> 0
        then min(delivered_at) over (partition by order_key, refunded) end as refund_seen_at
from versions
qualify row_number() over (
    partition by order_key order by last_at desc, refunded desc, hash(versions)
) = 1
