-- One row per profile, channel and hour (UTC) at which it answered mails or came to the site or the app: on
-- how many days. A visit of many pages tells no more than one click in a mail.
-- grain: profile_id, channel, hour
-- partition: profile_id
select
    events.profile_id,
    events.channel,
    hour(events.occurred_at) as hour,
    count(distinct events.occurred_at::date) as response_count
from golden.events as events
inner join workings.score_event_points as points using (event_type)
anti join golden.restrictions as restricted on restricted.profile_id = events.profile_id
where events.profile_id is not null
    and events.channel in ('email', 'web', 'app')
    and events.event_type <> 'order'
group by all
