-- One row per visitor and day: people's visits only, bots are not visitors.
-- grain: occurred_on, visitor_id
-- partition: occurred_on
with seen as (
    select occurred_on, visitor_id, occurred_at
    from standard.web_requests
    where not is_bot
    union all
    select occurred_on, visitor_id, occurred_at
    from standard.app_events
)
select
    occurred_on,
    visitor_id,
    min(occurred_at) as first_seen_at,
    max(occurred_at) as last_seen_at,
    count(*) as request_count
from seen
group by occurred_on, visitor_id
