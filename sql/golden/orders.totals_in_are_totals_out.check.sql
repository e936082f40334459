-- Per system and currency the orders here sum up to those that were standardised.
with sums_in as (
    select system, currency, count(*) as orders, sum(total) as total, sum(refunded) as refunded
    from standard.orders
    group by system, currency
),
sums_out as (
    select system, currency, count(*) as orders, sum(total) as total, sum(refunded) as refunded
    from golden.orders
    group by system, currency
)
select system, currency
from sums_in
full join sums_out using (system, currency)
where sums_in.orders is distinct from sums_out.orders
    or sums_in.total is distinct from sums_out.total
    or sums_in.refunded is distinct from sums_out.refunded
