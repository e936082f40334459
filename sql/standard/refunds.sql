-- One row per time that money was given back for an order. Square's export dates each refund; Shopify's
-- only says how much: it is dated by the cancellation, else by the delivery that first told of it
-- (`is_dated` is false). Amounts are positive, in the order's currency.
-- grain: refund_id
-- partition: order_id
with given as (
    select
        record_key as refund_id,
        order_id,
        payment_id as record_id,
        occurred_at as refunded_at,
        -total_collected as amount,
        true as is_dated
    from staging.square__transactions
    where total_collected < 0
    union all
    select
        'shopify:refunds:' || order_number,
        order_id,
        order_number,
        coalesce(cancelled_at, refund_seen_at),
        refunded,
        cancelled_at is not null
    from staging.shopify__orders
    where refunded > 0
)
select
    given.refund_id,
    given.order_id,
    orders.actor_key,
    given.record_id,
    given.refunded_at,
    given.amount::decimal(18, 2) as amount,
    orders.currency,
    orders.channel,
    orders.system,
    orders.export,
    given.is_dated
from given
inner join standard.orders as orders using (order_id)
