-- One row per profile with an open lead: the points that the rules give the best of its leads.
-- grain: profile_id
with facts as (
    select
        record_key,
        profile_id,
        unnest([
            'age_days', 'is_contacted', 'has_responded', 'is_referral', 'visit_days_90',
            'cart_adds_90', 'email_responses_90', 'call_days_90', 'purchase_day_count'
        ]) as fact,
        unnest([
            age_days, is_contacted::integer, has_responded::integer, is_referral::integer,
            visit_days_90, cart_adds_90, email_responses_90, call_days_90, purchase_day_count
        ]) as amount
    from workings.score_leads
    where window_number = 0
),
scored as (
    select facts.record_key, facts.profile_id, coalesce(sum(rules.points), 0) as points
    from facts
    left join workings.lead_score_rules as rules
        on rules.fact = facts.fact
        and facts.amount >= rules.from_amount
        and facts.amount <= coalesce(rules.to_amount, facts.amount)
    group by facts.record_key, facts.profile_id
)
select profile_id, max(points)::bigint as points
from scored
group by profile_id
