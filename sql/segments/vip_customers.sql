-- title: VIP customers
-- owner: marketing
-- description: The best tenth by spend, per currency, of those with three or more orders of which the
--   last is at most 180 days old.
-- purpose: marketing
with ranked as (
    select
        facts.profile_id,
        facts.order_count,
        facts.last_order_at,
        percent_rank() over (
            partition by facts.currency order by facts.spend, facts.order_count
        ) as spend_rank
    from golden.customer_facts as facts
    where facts.order_count > 0
)
select ranked.profile_id
from ranked
cross join raw.as_of as now
where ranked.spend_rank >= 0.9
    and ranked.order_count >= 3
    and ranked.last_order_at >= now.as_of - interval 180 days
