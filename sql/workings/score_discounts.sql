-- One row per profile that bought: its share of orders with a discount over that of all customers'
-- orders, after a few orders of the average customer were added to its own. 1 is as everybody; none
-- where nobody ever got a discount.
-- grain: profile_id
with ordered as (
    select
        orders.profile_id,
        count(*) as order_count,
        count(*) filter (where orders.discount > 0) as discounted_count
    from golden.orders as orders
    inner join workings.purchases as purchases using (order_id)
    anti join golden.restrictions as restricted on restricted.profile_id = orders.profile_id
    group by orders.profile_id
),
everybody as (
    select (sum(discounted_count) / sum(order_count))::double as share
    from ordered
)
select
    ordered.profile_id,
    (ordered.discounted_count + prior.amount * everybody.share)
    / (ordered.order_count + prior.amount) / everybody.share as sensitivity
from ordered
cross join everybody
inner join workings.score_settings as prior on prior.setting = 'prior_orders'
where everybody.share > 0
