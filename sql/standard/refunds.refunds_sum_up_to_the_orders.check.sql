-- What the refunds of an order give back is what the order says was given back.
with summed as (
    select order_id, sum(amount) as amount
    from standard.refunds
    group by order_id
)
select order_id
from standard.orders as orders
left join summed using (order_id)
where coalesce(summed.amount, 0) <> orders.refunded
