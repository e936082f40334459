-- One row per profile, day, channel and type of event that somebody does willingly.
-- grain: profile_id, active_on, channel, event_type
-- partition: profile_id
select
    events.profile_id,
    events.occurred_at::date as active_on,
    events.channel,
    events.event_type,
    count(*) as event_count,
    sum(points.points)::bigint as points
from golden.events as events
inner join workings.score_event_points as points using (event_type)
anti join golden.restrictions as restricted on restricted.profile_id = events.profile_id
where events.profile_id is not null
group by all
