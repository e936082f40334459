-- Per person, the journeys' conversions and value are the orders and revenue of `orders`.
with ordered as (
    select profile_id, count(*) as orders, coalesce(sum(net_converted), 0) as revenue
    from golden.orders
    where profile_id is not null and status not in ('cancelled', 'voided', 'refunded')
    group by profile_id
),
converted as (
    select profile_id, count(*) as orders, sum(value) as revenue
    from golden.journeys
    where is_converted
    group by profile_id
)
select profile_id
from ordered
full join converted using (profile_id)
where ordered.orders is distinct from converted.orders
    or ordered.revenue is distinct from converted.revenue
