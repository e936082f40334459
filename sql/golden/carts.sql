-- One row per profile and day on which it put something into a cart: when last, and whether it has
-- bought since, in whichever shop.
-- grain: profile_id, carted_on
-- partition: profile_id
with carted as (
    select
        profile_id,
        occurred_at::date as carted_on,
        max(occurred_at) as last_carted_at,
        count(*) filter (where event_type = 'cart_add') as added_count
    from golden.events
    where profile_id is not null
        and event_type in ('cart_add', 'checkout_start')
    group by 1, 2
),
completed as (
    select profile_id, occurred_at as bought_at
    from golden.events
    where profile_id is not null
        and event_type in ('order', 'checkout_complete')
)
select
    carted.profile_id,
    carted.carted_on,
    carted.last_carted_at,
    carted.added_count,
    min(completed.bought_at) as next_order_at
from carted
left join completed
    on completed.profile_id = carted.profile_id
    and completed.bought_at >= carted.last_carted_at
group by carted.profile_id, carted.carted_on, carted.last_carted_at, carted.added_count
