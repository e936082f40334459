-- One row per line of an order. Amounts are in the order's currency, before tax; a Square refund's
-- lines are negative.
-- grain: order_id, line_key
-- partition: order_id
with shopify as (
    select
        order_id,
        line_key,
        product_name,
        sku,
        null as category,
        quantity::decimal(18, 3) as quantity,
        (quantity * unit_price - discount)::decimal(18, 2) as amount
    from staging.shopify__order_lines
),
square as (
    select
        order_id,
        line_key,
        concat_ws(' ', product_name, nullif(price_point, 'Regular')) as product_name,
        sku,
        category,
        quantity::decimal(18, 3) as quantity,
        net_sales as amount
    from staging.square__items
),
lines as (
    select * from shopify
    union all
    select * from square
)
select
    lines.order_id,
    lines.line_key,
    orders.actor_key,
    orders.ordered_at,
    lines.product_name,
    lines.sku,
    lines.category,
    lines.quantity,
    lines.amount,
    orders.currency
from lines
inner join standard.orders as orders using (order_id)
