-- One row per thing that happened between a person and sales or service: cases, calls, tasks,
-- campaign responses, conversions of leads. Also sign-ups and farewells of Mailchimp.
-- grain: event_id
-- partition: record_key
with happened as (
    select
        'case_opened' as event_type, created_at as occurred_at, case_id as record_id,
        'case' as export, record_key,
        coalesce('salesforce:contact:' || contact_id, record_key) as actor_key,
        'service' as channel,
        json_object('type', case_type, 'priority', priority, 'origin', origin)::varchar
            as properties
    from staging.salesforce__case
    where not is_deleted
    union all
    select
        'case_solved', closed_at, case_id, 'case', record_key,
        coalesce('salesforce:contact:' || contact_id, record_key), 'service',
        json_object('type', case_type, 'reason', reason)::varchar
    from staging.salesforce__case
    where not is_deleted and is_closed
    union all
    select
        case when task_subtype = 'Call' or call_type is not null then 'call' else 'task' end,
        -- The day of an open task lies ahead: only a closed one's has happened.
        case
            when is_closed and completed_at is not null then completed_at
            when is_closed and activity_on is not null
                then least(activity_on::timestamp, modified_at)
            else created_at
        end,
        task_id, 'task', record_key,
        'salesforce:' || case when who_id like '003%' then 'contact:' else 'lead:' end || who_id,
        'sales',
        json_object('status', status, 'call_type', call_type, 'seconds', call_seconds)::varchar
    from staging.salesforce__task
    where not is_deleted and (who_id like '003%' or who_id like '00Q%')
    union all
    select
        case when has_responded then 'campaign_response' else 'campaign_sent' end,
        coalesce(first_responded_on::timestamp, created_at), campaign_member_id,
        'campaign_member', record_key,
        case when contact_id is not null then 'salesforce:contact:' || contact_id
            else 'salesforce:lead:' || lead_id end,
        'marketing',
        json_object('campaign', campaign_id, 'status', status)::varchar
    from staging.salesforce__campaign_member
    where not is_deleted and coalesce(contact_id, lead_id) is not null
    union all
    select
        'lead_converted', converted_on::timestamp, lead_id, 'lead', record_key, record_key,
        'sales', json_object('opportunity', converted_opportunity_id)::varchar
    from staging.salesforce__lead
    where not is_deleted and is_converted
    union all
    select
        'email_signup', opened.at, split_part(record_key, ':', 3) || opened.leid, 'members',
        record_key, record_key, 'email', null
    from (
        select record_key, leid, coalesce(confirmed_at, opted_in_at) as at
        from staging.mailchimp__members
    ) as opened
    union all
    select
        'email_unsubscribe', unsubscribed_at, split_part(record_key, ':', 3) || leid, 'members',
        record_key, record_key, 'email', json_object('reason', unsubscribe_reason)::varchar
    from staging.mailchimp__members
    union all
    select
        'email_cleaned', cleaned_at, split_part(record_key, ':', 3) || leid, 'members',
        record_key, record_key, 'email', null
    from staging.mailchimp__members
)
select
    md5(concat_ws('|', event_type, record_key, record_id)) as event_id,
    occurred_at::date as occurred_on,
    occurred_at,
    record_key,
    actor_key,
    channel,
    event_type,
    split_part(record_key, ':', 1) as system,
    export,
    record_id,
    properties
from happened
where occurred_at is not null
