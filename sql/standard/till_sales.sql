-- One row per sale at a till and key by which two systems' records of one sale meet: the payment that both
-- name, or the same amount in the same shop within the same ten minutes (a Shopify sale looks into the
-- minutes before and after as well, so that no pair falls between two slots). A Shopify sale that names a
-- payment is no other payment's, however alike.
-- grain: order_id, meeting_key
-- partition: order_id
with sales as (
    select
        *,
        total || '|' || currency as price,
        floor(epoch(ordered_at) / 600)::bigint as slot
    from standard.delivered_orders
    where channel = 'store' and total > 0
)
select
    order_id,
    system,
    record_key,
    ordered_at,
    'payment|' || payment_reference || '|' || price as meeting_key,
    1 as strength
from sales
where payment_reference is not null
union all
select
    order_id, system, record_key, ordered_at,
    'till|' || slot || '|' || fold(location) || '|' || price, 2
from sales
where location is not null and system = 'square'
union all
select
    order_id, system, record_key, ordered_at,
    'till|' || (slot + around.step) || '|' || fold(location) || '|' || price, 2
from sales
cross join (values (-1), (0), (1)) as around (step)
where location is not null and system = 'shopify' and payment_reference is null
