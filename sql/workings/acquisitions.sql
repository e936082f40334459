-- One row per profile that a touch brought to its first order, or that has touches and no order
-- yet: what brought it first, and what last before that order.
-- grain: profile_id
-- partition: profile_id
with ends as (
    select
        touches.profile_id,
        min_by(touches, (touches.touched_at, touches.touch_id)) as first_touch,
        max_by(touches, (touches.touched_at, touches.touch_id))
            filter (where orders.profile_id is not null) as last_touch
    from golden.touchpoints as touches
    left join workings.purchases as orders
        on orders.profile_id = touches.profile_id and orders.purchase_number = 1
    where touches.touched_at <= coalesce(orders.ordered_at, touches.touched_at)
    group by touches.profile_id
)
select
    profile_id,
    first_touch.touched_at as first_touch_at,
    first_touch.channel as first_touch_channel,
    first_touch.source as first_touch_source,
    first_touch.medium as first_touch_medium,
    first_touch.campaign as first_touch_campaign,
    last_touch.touched_at as last_touch_at,
    last_touch.channel as last_touch_channel,
    last_touch.source as last_touch_source,
    last_touch.medium as last_touch_medium,
    last_touch.campaign as last_touch_campaign
from ends
