-- One row per Shopify order and address with which somebody agreed to marketing, in any delivery.
-- grain: order_key, actor_key, email
-- partition: order_key
select
    order_key,
    'shopify:orders:' || as_text(id) as actor_key,
    as_email(email) as email,
    coalesce(bool_or(as_text(source) = 'pos'), false) as is_in_store,
    min(as_utc(created_at)) as ordered_at,
    min(_delivered_at) as delivered_at
from raw.shopify__orders
where as_text(id) is not null
    and as_email(email) is not null
    and as_boolean(accepts_marketing)
group by order_key, as_text(id), as_email(email)
