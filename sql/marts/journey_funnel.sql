-- One row per channel that journeys began with, `all` for every one, and step: how many reached it or a
-- later one, how many were abandoned there, and how long it took from the step before. A store sale
-- after a visit skips the cart; who buys without any touch made no journey to look at.
-- grain: first_channel, step
with named as (
    select
        unnest([journeys.first_channel, 'all']) as first_channel,
        list_position(
            ['touched', 'visited', 'viewed', 'carted', 'checkout', 'ordered'], journeys.last_step
        ) as last_step_number,
        not journeys.is_open or journeys.ended_at < now.as_of - interval 30 days as is_over,
        journeys.* exclude (first_channel)
    from golden.journeys as journeys
    cross join raw.as_of as now
    where journeys.touch_count > 0
),
steps as (
    select
        first_channel,
        last_step_number,
        is_over,
        unnest(range(1, 7)) as step_number,
        unnest(['touched', 'visited', 'viewed', 'carted', 'checkout', 'ordered']) as step,
        unnest([
            null, visited_after_hours, viewed_after_hours, carted_after_hours, checkout_after_hours,
            ordered_after_hours
        ]) as hours
    from named
),
summed as (
    select
        first_channel,
        step_number,
        step,
        count(*) filter (where last_step_number >= step_number) as reached_count,
        count(*) filter (where last_step_number = step_number and step <> 'ordered' and is_over)
            as left_count,
        count(*) filter (where last_step_number = step_number and step <> 'ordered' and not is_over)
            as open_count,
        median(hours) filter (where hours >= 0) as median_hours
    from steps
    group by first_channel, step_number, step
)
select
    first_channel,
    step_number,
    step,
    reached_count,
    left_count,
    open_count,
    round(
        reached_count / nullif(lag(reached_count) over (
            partition by first_channel order by step_number
        ), 0),
        4
    ) as share_of_step_before,
    round(median_hours, 2) as median_hours_from_step_before
from summed
