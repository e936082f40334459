-- One row per thing a person did, all channels in one shape, with the profile once it is known: a
-- visitor's earlier events follow as soon as one sign says who it is. `amount` is money of an order, a refund
-- (what was given back, positive) or a deal, in `currency`.
-- grain: event_id
-- partition: actor_key
with happened as (
    select
        event_id, actor_key, visitor_id, occurred_at, channel, event_type, system, export,
        record_id, session_id, null::decimal(18, 2) as amount, null as currency, properties
    from standard.web_events
    union all
    select
        event_id, actor_key, visitor_id, occurred_at, channel, event_type, system, export,
        record_id, session_id, null, null, properties
    from standard.app_events
    union all
    select
        event_id, actor_key, visitor_id, occurred_at, channel, event_type, system, export,
        record_id, session_id, null, null, properties
    from standard.email_events
    union all
    select
        event_id, actor_key, null, occurred_at, channel, event_type, system, export,
        record_id, null, null, null, properties
    from standard.crm_events
    union all
    select
        order_id, actor_key, null, ordered_at, channel, 'order', system, export,
        record_id, null, total, currency,
        json_object('order', order_name, 'status', status, 'location', location)::varchar
    from standard.orders
    union all
    select
        md5('refund|' || refund_id), actor_key, null, refunded_at, channel, 'refund', system, export,
        record_id, null, amount, currency,
        json_object('order', order_id, 'is_dated', is_dated)::varchar
    from standard.refunds
    union all
    select
        md5('deal|' || opportunity_id || '|' || stage_number), actor_key, null, entered_at, 'sales',
        'deal_stage', 'salesforce', 'opportunity_history', opportunity_id, null, amount, currency,
        json_object('deal', opportunity_id, 'stage', stage, 'from_stage', from_stage)::varchar
    from standard.deal_stages
    where actor_key is not null
    union all
    select
        md5('survey|' || record_key), actor_key, null, answered_at, 'survey', 'survey_answer',
        'typeform', 'responses', record_id, null, null, null,
        json_object('rating', rating)::varchar
    from standard.survey_answers
    where actor_key is not null
)
select
    happened.event_id,
    actors.profile_id,
    happened.visitor_id,
    happened.occurred_at,
    happened.channel,
    happened.event_type,
    happened.system,
    happened.export,
    happened.record_id,
    happened.session_id,
    happened.amount,
    happened.currency,
    happened.properties,
    happened.actor_key
from happened
left join identity.actors as actors using (actor_key)
