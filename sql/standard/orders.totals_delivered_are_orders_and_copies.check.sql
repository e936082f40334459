-- Per system and currency the orders and the copies that are not counted sum up to what was delivered.
with sums_in as (
    select system, currency, count(*) as orders, sum(total) as total, sum(refunded) as refunded
    from standard.delivered_orders
    group by system, currency
),
arrived as (
    select order_id, system, currency, total, refunded
    from standard.orders
    union all
    select copies.order_id, copies.system, copies.currency, copies.total, copies.refunded
    from standard.delivered_orders as copies
    inner join standard.order_twins as twins on twins.order_id = copies.order_id and not twins.is_kept
),
sums_out as (
    select system, currency, count(*) as orders, sum(total) as total, sum(refunded) as refunded
    from arrived
    group by system, currency
)
select system, currency
from sums_in
full join sums_out using (system, currency)
where sums_in.orders is distinct from sums_out.orders
    or sums_in.total is distinct from sums_out.total
    or sums_in.refunded is distinct from sums_out.refunded
