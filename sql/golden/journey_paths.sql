-- One row per path that journeys took: how many, how many led to an order and for how much, and how
-- many were abandoned. An open journey is abandoned once nothing has happened for 30 days.
-- grain: path
select
    journeys.path,
    count(*) as journey_count,
    count(*) filter (where journeys.is_converted) as conversion_count,
    count(*) filter (
        where not journeys.is_converted
            and (not journeys.is_open or journeys.ended_at < now.as_of - interval 30 days)
    ) as abandoned_count,
    coalesce(sum(journeys.value), 0)::decimal(18, 2) as revenue,
    count(*) filter (where journeys.is_converted and not journeys.has_value) as unconverted_order_count,
    round(count(*) filter (where journeys.is_converted) / count(*), 4) as conversion_share,
    round(median(journeys.hours_to_convert), 2) as median_hours_to_convert
from golden.journeys as journeys
cross join raw.as_of as now
group by journeys.path
