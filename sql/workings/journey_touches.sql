-- One row per touch and the journey that it belongs to: that to the person's next order, which is
-- its order `purchase_number`, whether there has been one or not. `is_converted` where that order
-- followed within 90 days. A touch in the second of an order came before it; steps after the order
-- are not its steps.
-- grain: touch_id
-- partition: profile_id
with stream as (
    select
        profile_id, touched_at as happened_at, touch_id, channel, session_id, viewed_at, carted_at,
        checkout_at
    from golden.touchpoints
    union all
    select profile_id, ordered_at, null, null, null, null, null, null
    from workings.purchases
),
counted as (
    select
        *,
        1 + count(*) filter (where touch_id is null) over (
            partition by profile_id order by happened_at, touch_id nulls last
            rows between unbounded preceding and current row
        ) as purchase_number
    from stream
)
select
    touches.touch_id,
    touches.profile_id,
    touches.purchase_number,
    coalesce(touches.happened_at >= orders.ordered_at - interval 90 days, false) as is_converted,
    touches.happened_at as touched_at,
    touches.channel,
    touches.session_id,
    case when touches.viewed_at > orders.ordered_at then null else touches.viewed_at end as viewed_at,
    case when touches.carted_at > orders.ordered_at then null else touches.carted_at end as carted_at,
    case when touches.checkout_at > orders.ordered_at then null else touches.checkout_at end
        as checkout_at
from counted as touches
left join workings.purchases as orders
    on orders.profile_id = touches.profile_id and orders.purchase_number = touches.purchase_number
where touches.touch_id is not null
