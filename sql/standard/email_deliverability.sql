-- One row per e-mail address that mail was sent to or somebody signed in with: when a mail last
-- reached it, came back for good, was opened and clicked by a person. A mail that was only held up is
-- no bounce.
-- grain: actor_key
-- partition: actor_key
with happened as (
    select actor_key, event_type, occurred_at
    from standard.email_events
    where event_type in ('email_delivered', 'email_bounce', 'email_open', 'email_click')
    union all
    select actor_key, 'login', last_login_at
    from standard.email_logins
)
select
    actor_key,
    max(occurred_at) filter (where event_type = 'email_delivered') as last_delivered_at,
    max(occurred_at) filter (where event_type = 'email_bounce') as last_bounced_at,
    max(occurred_at) filter (where event_type = 'email_open') as last_opened_at,
    max(occurred_at) filter (where event_type = 'email_click') as last_clicked_at,
    max(occurred_at) filter (where event_type = 'login') as last_login_at
from happened
group by actor_key
