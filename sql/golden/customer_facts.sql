-- One row per profile that ordered or did anything: what segments ask about it. Amounts are in the
-- currency in which the profile spent most often.
-- grain: profile_id
-- partition: profile_id
with spent as (
    select
        profile_id,
        currency,
        count(*) as order_count,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        sum(net) as spend
    from golden.orders
    where profile_id is not null
        and status not in ('cancelled', 'voided', 'refunded')
    group by profile_id, currency
),
bought as (
    select
        profile_id,
        sum(order_count) as order_count,
        min(first_order_at) as first_order_at,
        max(last_order_at) as last_order_at,
        max_by(currency, (order_count, currency)) as currency,
        max_by(spend, (order_count, currency)) as spend
    from spent
    group by profile_id
),
did as (
    select
        profile_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        count(*) as event_count,
        count(distinct session_id) as session_count,
        max(occurred_at) filter (where channel = 'web') as last_web_at,
        max(occurred_at) filter (where event_type in ('email_open', 'email_click'))
            as last_email_response_at
    from golden.events
    where profile_id is not null
    group by profile_id
)
select
    profile_id,
    did.first_event_at,
    did.last_event_at,
    coalesce(did.event_count, 0) as event_count,
    coalesce(did.session_count, 0) as session_count,
    did.last_web_at,
    did.last_email_response_at,
    coalesce(bought.order_count, 0)::bigint as order_count,
    bought.first_order_at,
    bought.last_order_at,
    bought.currency,
    bought.spend::decimal(18, 2) as spend
from did
full join bought using (profile_id)
