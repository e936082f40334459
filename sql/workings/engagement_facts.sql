-- One row per profile that did anything or was written to: when it was seen in each channel, and what
-- became of the mails it was sent, each mail once. Opens by machines are counted apart: nobody looked.
-- grain: profile_id
-- partition: profile_id
with happened as (
    select
        profile_id,
        event_id,
        occurred_at,
        channel,
        event_type,
        session_id,
        properties,
        -- What the company or a machine did shows nobody.
        event_type not in (
            'refund', 'case_solved', 'task', 'deal_stage', 'campaign_sent', 'email_sent',
            'email_delivered', 'email_deferred', 'email_dropped', 'email_bounce', 'email_blocked',
            'email_cleaned', 'email_machine_open'
        ) as is_own_doing
    from golden.events
    where profile_id is not null
),
seen as (
    select
        profile_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        count(*) as event_count,
        count(distinct session_id) as session_count,
        min(occurred_at) filter (where is_own_doing and channel = 'web') as first_web_at,
        max(occurred_at) filter (where is_own_doing and channel = 'web') as last_web_at,
        min(occurred_at) filter (where is_own_doing and channel = 'app') as first_app_at,
        max(occurred_at) filter (where is_own_doing and channel = 'app') as last_app_at,
        min(occurred_at) filter (where is_own_doing and channel = 'email') as first_email_at,
        max(occurred_at) filter (where is_own_doing and channel = 'email') as last_email_at,
        min(occurred_at) filter (where is_own_doing and channel = 'store') as first_store_at,
        max(occurred_at) filter (where is_own_doing and channel = 'store') as last_store_at,
        min(occurred_at) filter (where is_own_doing and channel = 'service') as first_service_at,
        max(occurred_at) filter (where is_own_doing and channel = 'service') as last_service_at,
        min(occurred_at) filter (where is_own_doing and channel = 'sales') as first_sales_at,
        max(occurred_at) filter (where is_own_doing and channel = 'sales') as last_sales_at,
        max(occurred_at) filter (where event_type in ('email_open', 'email_click'))
            as last_email_response_at
    from happened
    group by profile_id
),
mails as (
    select
        profile_id,
        coalesce(json_extract_string(properties, '$.message'), event_id) as message,
        bool_or(event_type = 'email_sent') as was_sent,
        bool_or(event_type = 'email_delivered') as was_delivered,
        bool_or(event_type = 'email_open') as was_opened,
        bool_or(event_type = 'email_click') as was_clicked,
        bool_or(event_type = 'email_machine_open') as was_machine_opened,
        bool_or(event_type = 'email_bounce') as has_bounced
    from happened
    where event_type in (
        'email_sent', 'email_delivered', 'email_open', 'email_click', 'email_machine_open',
        'email_bounce'
    )
    group by profile_id, message
),
mailed as (
    select
        profile_id,
        count(*) filter (where was_sent) as email_sent_count,
        count(*) filter (where was_delivered) as email_delivered_count,
        count(*) filter (where was_opened) as email_opened_count,
        count(*) filter (where was_clicked) as email_clicked_count,
        count(*) filter (where was_machine_opened) as email_machine_opened_count,
        count(*) filter (where has_bounced) as email_bounced_count
    from mails
    group by profile_id
)
select
    seen.*,
    coalesce(mailed.email_sent_count, 0) as email_sent_count,
    coalesce(mailed.email_delivered_count, 0) as email_delivered_count,
    coalesce(mailed.email_opened_count, 0) as email_opened_count,
    coalesce(mailed.email_clicked_count, 0) as email_clicked_count,
    coalesce(mailed.email_machine_opened_count, 0) as email_machine_opened_count,
    coalesce(mailed.email_bounced_count, 0) as email_bounced_count
from seen
left join mailed using (profile_id)
