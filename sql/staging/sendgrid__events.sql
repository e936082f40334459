-- One row per SendGrid event: deliveries are at least once, the event's id counts once a day.
-- grain: sg_event_id
-- partition: occurred_on
with typed as (
    select
        occurred_on,
        as_text(sg_event_id) as sg_event_id,
        as_text(sg_message_id) as sg_message_id,
        lower(as_text(email)) as email_text,
        as_epoch_utc("timestamp") as occurred_at,
        lower(as_text(event)) as sendgrid_event,
        as_text(category) as category,
        as_text(type) as bounce_type,
        as_text(url) as url,
        coalesce(as_boolean(sg_machine_open), false) as is_machine_open,
        as_text(asm_group_id) as suppression_group
    from raw.sendgrid__events
)
select *
from typed
qualify row_number() over (
    partition by occurred_on, sg_event_id order by hash(typed)
) = 1
