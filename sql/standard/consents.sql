-- One row per statement about consent that a system holds now: who (a source record or an e-mail),
-- for which channel and purpose, what, since when, by which record.
-- grain: actor_key, channel, purpose, evidence_record
-- partition: actor_key
with stated as (
    select
        record_key as actor_key, 'email' as channel, 'marketing' as purpose,
        case status when 'subscribed' then 'granted' when 'unsubscribed' then 'denied'
            when 'cleaned' then 'denied' else 'unknown' end as status,
        coalesce(modified_at, delivered_at) as observed_at,
        record_key || nullif(':' || leid, ':') as evidence
    from staging.mailchimp__members
    union all
    select
        record_key, 'email', 'marketing',
        case when has_opted_out_of_email then 'denied' else 'unknown' end,
        coalesce(modified_at, delivered_at), record_key
    from staging.salesforce__contact
    union all
    select
        record_key, 'email', 'marketing',
        case when has_opted_out_of_email then 'denied' else 'unknown' end,
        coalesce(modified_at, delivered_at), record_key
    from staging.salesforce__lead
    union all
    select
        record_key, 'phone', 'marketing',
        case when has_opted_out_of_calls then 'denied' else 'unknown' end,
        coalesce(modified_at, delivered_at), record_key
    from staging.salesforce__contact
    union all
    select
        record_key, 'phone', 'marketing',
        case when has_opted_out_of_calls then 'denied' else 'unknown' end,
        coalesce(modified_at, delivered_at), record_key
    from staging.salesforce__lead
    union all
    -- A shop's 'no' is the box that was not ticked: it grants nothing and forbids nothing.
    select
        record_key, 'email', 'marketing',
        case when accepts_email then 'granted' else 'unknown' end, delivered_at, record_key
    from staging.shopify__customers
    union all
    select
        record_key, 'sms', 'marketing',
        case when accepts_sms then 'granted' else 'unknown' end, delivered_at, record_key
    from staging.shopify__customers
    union all
    -- The last word of a recipient about mails, by the mails' own links.
    select
        'email:' || as_email(email_text), 'email', 'marketing',
        case when max_by(sendgrid_event, (occurred_at, sg_event_id)) = 'group_resubscribe'
            then 'unknown' else 'denied' end,
        max(occurred_at),
        'sendgrid:events:' || max_by(sg_event_id, (occurred_at, sg_event_id))
    from staging.sendgrid__events
    where sendgrid_event in
        ('unsubscribe', 'group_unsubscribe', 'group_resubscribe', 'spamreport')
        and as_email(email_text) is not null
    group by as_email(email_text)
)
select
    actor_key,
    channel,
    purpose,
    status,
    observed_at,
    coalesce(evidence, actor_key) as evidence_record
from stated
