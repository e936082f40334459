-- One row per day and sign of who a visitor is: a login, a purchase, or a click on a link in a mail
-- sent to somebody. `value` is an e-mail, the order's name, a Mailchimp EUID, or the token of a
-- SendGrid link.
-- grain: occurred_on, visitor_id, kind, value
-- partition: occurred_on
with signs as (
    select occurred_on, visitor_id, 'login' as kind, login_email as value, occurred_at
    from standard.web_requests
    union all
    select
        occurred_on, 'segment:' || coalesce(anonymous_id, user_id), 'login', as_email(email_text),
        occurred_at
    from staging.segment__events
    where coalesce(anonymous_id, user_id) is not null
    union all
    select
        occurred_on, visitor_id, 'purchase' as kind,
        json_extract_string(properties, '$.order') as value, occurred_at
    from standard.web_events
    where event_type = 'checkout_complete'
    union all
    select
        occurred_on, visitor_id, 'purchase', json_extract_string(properties, '$.order'), occurred_at
    from standard.app_events
    where event_type = 'checkout_complete'
    union all
    select occurred_on, visitor_id, 'mailchimp_click' as kind, mailchimp_euid as value, occurred_at
    from standard.web_requests
    union all
    select occurred_on, visitor_id, 'sendgrid_click' as kind, click_token as value, occurred_at
    from standard.web_requests
)
select occurred_on, visitor_id, kind, value, max(occurred_at) as last_seen_at
from signs
where value is not null
group by occurred_on, visitor_id, kind, value
