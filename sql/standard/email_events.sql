-- One row per thing that happened to a mail sent to a person. Opens by machines are a type of
-- their own: nobody looked.
-- grain: event_id
-- partition: occurred_on
select
    'sendgrid:' || sg_event_id as event_id,
    occurred_on,
    occurred_at,
    'email:' || coalesce(as_email(email_text), sg_event_id) as actor_key,
    null as visitor_id,
    null as session_id,
    'email' as channel,
    case
        when sendgrid_event = 'processed' then 'email_sent'
        when sendgrid_event = 'open' and is_machine_open then 'email_machine_open'
        when sendgrid_event = 'bounce' and bounce_type = 'blocked' then 'email_blocked'
        when sendgrid_event = 'spamreport' then 'email_spam_report'
        when sendgrid_event in ('unsubscribe', 'group_unsubscribe') then 'email_unsubscribe'
        when sendgrid_event = 'group_resubscribe' then 'email_resubscribe'
        else 'email_' || sendgrid_event
    end as event_type,
    'sendgrid' as system,
    'events' as export,
    sg_event_id as record_id,
    json_object(
        'message', split_part(sg_message_id, '.', 1), 'category', category, 'url', url,
        'suppression_group', suppression_group
    )::varchar as properties
from staging.sendgrid__events
