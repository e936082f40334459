-- Each Shopify order and each Square transaction in staging is an order, with its total.
with delivered as (
    select order_id, total from staging.shopify__orders
    union all
    select
        order_id,
        coalesce(sum(total_collected) filter (where total_collected >= 0), 0) as total
    from staging.square__transactions
    group by order_id
)
select order_id
from delivered
full join standard.delivered_orders as orders using (order_id)
where delivered.total is distinct from orders.total
