-- One row per touch: something of ours that brought a person we know here, or that the person
-- answered. A session by its marketing channel, a click on a mail, a response to a campaign of the
-- CRM. The session that begins within a minute of a click is that click, and of the channel email,
-- whatever its address says. `viewed_at`, `carted_at` and `checkout_at` are the session's first
-- product view, cart and checkout.
-- grain: touch_id
-- partition: profile_id
with steps as (
    select
        profile_id,
        session_id,
        min(occurred_at) filter (where event_type = 'product_view') as viewed_at,
        min(occurred_at) filter (where event_type = 'cart_add') as carted_at,
        min(occurred_at) filter (where event_type = 'checkout_start') as checkout_at
    from golden.events
    where profile_id is not null
        and session_id is not null
        and event_type in ('product_view', 'cart_add', 'checkout_start')
    group by profile_id, session_id
),
clicks as (
    select
        profile_id,
        event_id,
        occurred_at,
        system,
        regexp_replace(json_extract_string(properties, '$.category'), '[\[\]"]', '', 'g') as campaign
    from golden.events
    where profile_id is not null and event_type = 'email_click'
),
led as (
    select clicks.profile_id, clicks.event_id, sessions.session_id
    from clicks
    inner join golden.sessions as sessions
        on sessions.profile_id = clicks.profile_id
        and sessions.started_at between clicks.occurred_at and clicks.occurred_at + interval 1 minute
)
select
    sessions.session_id as touch_id,
    sessions.profile_id,
    sessions.started_at as touched_at,
    case when clicked.session_id is null then sessions.marketing_channel else 'email' end as channel,
    sessions.source,
    sessions.medium,
    sessions.campaign,
    sessions.session_id,
    steps.viewed_at,
    steps.carted_at,
    steps.checkout_at
from golden.sessions as sessions
left join steps
    on steps.profile_id = sessions.profile_id and steps.session_id = sessions.session_id
left join (select distinct profile_id, session_id from led) as clicked
    on clicked.profile_id = sessions.profile_id and clicked.session_id = sessions.session_id
where sessions.profile_id is not null
union all
select event_id, profile_id, occurred_at, 'email', system, 'email', campaign, null, null, null, null
from clicks
anti join led using (profile_id, event_id)
union all
select
    event_id, profile_id, occurred_at, 'crm_campaign', system, 'crm',
    json_extract_string(properties, '$.campaign'), null, null, null, null
from golden.events
where profile_id is not null and event_type = 'campaign_response'
