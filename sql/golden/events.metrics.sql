-- One row per system: what share of its events are whose, when, and how the last week of them differs
-- from the four weeks before. Judged by events.suite.json.
--
-- The difference is the population stability index over the kinds of events, told from a hundred a week on.
with kinds as (
    select
        system,
        event_type,
        count(*) as events,
        count(profile_id) as known,
        count(profile_id) filter (where profile_id not in (select profile_id from golden.profiles))
            as orphans,
        count(*) filter (where occurred_at is null) as undated,
        count(*) filter (where occurred_at > now.as_of + interval 2 day) as later,
        count(*) filter (where occurred_at >= now.as_of - interval 7 day) as recent,
        count(*) filter (
            where occurred_at < now.as_of - interval 7 day and occurred_at >= now.as_of - interval 35 day
        ) as before
    from golden.events
    cross join raw.as_of as now
    group by system, event_type
),
shares as (
    select
        *,
        (recent + 1) / (sum(recent) over of_system + count(*) over of_system) as share,
        (before + 1) / (sum(before) over of_system + count(*) over of_system) as share_before
    from kinds
    window of_system as (partition by system)
)
select
    system,
    sum(orphans) as orphan_count,
    sum(undated) as undated_count,
    sum(later) as later_count,
    if(
        sum(recent) >= 100 and sum(before) >= 400,
        sum((share - share_before) * ln(share / share_before)),
        null
    ) as kinds_instability
from shares
group by system
