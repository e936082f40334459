-- One row per journey of a person we know: the touches since the order before, at most 90 days
-- before the next order, and that order. Touches after the last order are a journey that `is_open`;
-- those that an order followed only later came to nothing. An order that no touch precedes is a
-- journey of its own with the path (none). In `path` a channel that repeats stands once. `value` is
-- 0 where no exchange rate was delivered (`has_value` is false).
-- grain: profile_id, journey_number
-- partition: profile_id
with placed as (
    select
        *,
        channel is distinct from lag(channel) over (
            partition by profile_id, purchase_number, is_converted order by touched_at, touch_id
        ) as is_change
    from workings.journey_touches
),
touched as (
    select
        profile_id,
        purchase_number,
        is_converted,
        min(touched_at) as started_at,
        max(touched_at) as last_touch_at,
        count(*) as touch_count,
        string_agg(channel, ' > ' order by touched_at, touch_id) filter (where is_change) as path,
        min_by(channel, (touched_at, touch_id)) as first_channel,
        max_by(channel, (touched_at, touch_id)) as last_channel,
        min(touched_at) filter (where session_id is not null) as visited_at,
        min(viewed_at) as viewed_at,
        min(carted_at) as carted_at,
        min(checkout_at) as checkout_at
    from placed
    group by profile_id, purchase_number, is_converted
),
orders as (
    select
        profile_id,
        purchase_number,
        true as is_converted,
        order_id,
        channel as order_channel,
        ordered_at,
        net_converted
    from workings.purchases
),
ended as (
    select
        *,
        max(purchase_number) filter (where is_converted) over (partition by profile_id)
            as last_purchase_number
    from touched
    full join orders using (profile_id, purchase_number, is_converted)
)
select
    profile_id,
    row_number() over (partition by profile_id order by purchase_number, is_converted)
        as journey_number,
    coalesce(started_at, ordered_at) as started_at,
    coalesce(ordered_at, last_touch_at) as ended_at,
    is_converted,
    purchase_number > coalesce(last_purchase_number, 0) as is_open,
    order_id,
    order_channel,
    case when is_converted then coalesce(net_converted, 0) end::decimal(18, 2) as value,
    case when is_converted then net_converted is not null end as has_value,
    coalesce(touch_count, 0) as touch_count,
    coalesce(path, '(none)') as path,
    coalesce(first_channel, '(none)') as first_channel,
    coalesce(last_channel, '(none)') as last_channel,
    round((epoch(ordered_at) - epoch(started_at)) / 3600, 2) as hours_to_convert,
    visited_at,
    viewed_at,
    carted_at,
    checkout_at,
    ordered_at,
    -- Hours since the step before that is known; negative where that came later.
    round((epoch(visited_at) - epoch(started_at)) / 3600, 2) as visited_after_hours,
    round((epoch(viewed_at) - epoch(coalesce(visited_at, started_at))) / 3600, 2)
        as viewed_after_hours,
    round((epoch(carted_at) - epoch(coalesce(viewed_at, visited_at, started_at))) / 3600, 2)
        as carted_after_hours,
    round((epoch(checkout_at) - epoch(coalesce(carted_at, viewed_at, visited_at, started_at))) / 3600, 2)
        as checkout_after_hours,
    round(
        (epoch(ordered_at) - epoch(coalesce(checkout_at, carted_at, viewed_at, visited_at, started_at)))
        / 3600,
        2
    ) as ordered_after_hours,
    case
        when is_converted then 'ordered'
        when checkout_at is not null then 'checkout'
        when carted_at is not null then 'carted'
        when viewed_at is not null then 'viewed'
        when visited_at is not null then 'visited'
        else 'touched'
    end as last_step
from ended
