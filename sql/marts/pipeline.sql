-- One row per stage and currency in which deals are open today. Overdue deals should have closed
-- before.
-- grain: stage, currency
select
    coalesce(deals.stage, '(none)') as stage,
    stages.stage_position,
    deals.currency,
    count(*) as deal_count,
    count(*) - count(deals.amount) as deal_without_amount_count,
    coalesce(sum(deals.amount), 0)::decimal(18, 2) as amount,
    coalesce(sum(deals.weighted_amount), 0)::decimal(18, 2) as weighted_amount,
    round(avg(now.as_of::date - deals.created_at::date), 1) as average_age_days,
    round(avg(now.as_of::date - deals.stage_entered_at::date), 1) as average_days_in_stage,
    count(*) filter (where deals.close_on < now.as_of) as overdue_count
from marts.deals as deals
cross join raw.as_of as now
left join workings.sales_stages as stages using (stage)
where deals.is_open
group by deals.stage, stages.stage_position, deals.currency
