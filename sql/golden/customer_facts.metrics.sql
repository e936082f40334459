-- One row: whether facts of customers add up to their orders. Judged by customer_facts.suite.json.
with bought as (
    select
        coalesce(sum(net_converted), 0) as revenue,
        count(*) filter (where status <> 'refunded') as orders
    from golden.orders
    where profile_id is not null and status not in ('cancelled', 'voided', 'refunded')
),
told as (
    select
        coalesce(sum(spend_converted), 0) as revenue,
        coalesce(sum(order_count), 0) as orders,
        count(*) filter (where profile_id not in (select profile_id from golden.profiles)) as orphan_count,
        count(*) filter (where last_order_at < first_order_at or last_event_at < first_event_at)
            as backward_count,
        count(*) filter (where order_count < 0 or event_count < 0 or discount_share < 0
            or web_order_share + store_order_share > 1.001) as impossible_count
    from golden.customer_facts
)
select
    told.orphan_count,
    told.backward_count,
    told.impossible_count,
    abs(told.revenue - bought.revenue) as missing_revenue,
    abs(told.orders - bought.orders) as missing_orders
from told
cross join bought
