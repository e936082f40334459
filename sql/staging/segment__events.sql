-- One row per Segment call: deliveries are at least once, the call's id counts once a day.
-- grain: message_id
-- partition: occurred_on
with typed as (
    select
        as_text(message_id) as message_id,
        lower(as_text(type)) as message_type,
        -- A page or screen has a name where a track call has an event.
        coalesce(as_text(event), as_text(name)) as segment_event,
        occurred_on,
        as_utc("timestamp") as occurred_at,
        as_text(anonymous_id) as anonymous_id,
        as_text(user_id) as user_id,
        as_text(previous_id) as previous_id,
        lower(coalesce(
            as_text(traits ->> '$.email'), as_text(context ->> '$.traits.email')
        )) as email_text,
        coalesce(as_text(context ->> '$.page.path'), as_text(properties ->> '$.path')) as path,
        coalesce(
            as_text(context ->> '$.page.referrer'), as_text(properties ->> '$.referrer')
        ) as referrer,
        coalesce(
            as_text(context ->> '$.userAgent'), as_text(context ->> '$.user_agent')
        ) as user_agent,
        coalesce(
            as_text(context ->> '$.os.name'), as_text(context ->> '$.device.type')
        ) as platform,
        as_text(context ->> '$.app.version') as app_version,
        as_text(context ->> '$.campaign.source') as utm_source,
        as_text(context ->> '$.campaign.medium') as utm_medium,
        as_text(context ->> '$.campaign.name') as utm_campaign,
        as_text(properties) as properties,
        _delivered_at as delivered_at
    from raw.segment__events
)
select *
from typed
qualify row_number() over (
    partition by occurred_on, message_id order by delivered_at, hash(typed)
) = 1
