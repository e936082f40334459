-- One row per order, each sale once: of what two systems tell of, the till's record, with the buyer whom
-- either of them names. `total` is what was charged, `refunded` what was given back, both in `currency`.
-- `actor_key` is the source record of the person who bought, or the order itself where it names nobody.
-- grain: order_id
-- partition: order_id
select
    orders.order_id,
    orders.system,
    orders.export,
    orders.record_id,
    orders.order_name,
    coalesce(orders.record_key, twins.twin_record_key) as record_key,
    coalesce(orders.record_key, twins.twin_record_key, orders.order_id) as actor_key,
    orders.ordered_on,
    orders.ordered_at,
    orders.status,
    orders.channel,
    orders.location,
    orders.subtotal,
    orders.discount,
    orders.tax,
    orders.total,
    orders.refunded,
    orders.currency
from standard.delivered_orders as orders
left join standard.order_twins as twins using (order_id)
where coalesce(twins.is_kept, true)
