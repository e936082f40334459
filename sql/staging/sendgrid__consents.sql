-- One row per SendGrid event by which a recipient, or the mailbox, says what may be sent there.
-- grain: sg_event_id
-- partition: occurred_on
select
    occurred_on,
    sg_event_id,
    'email:' || as_email(email_text) as actor_key,
    as_email(email_text) as email,
    sendgrid_event,
    occurred_at
from staging.sendgrid__events
where as_email(email_text) is not null
    and (
        sendgrid_event in ('unsubscribe', 'group_unsubscribe', 'group_resubscribe', 'spamreport')
        or (sendgrid_event = 'bounce' and bounce_type is distinct from 'blocked')
    )
