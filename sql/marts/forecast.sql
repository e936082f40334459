-- One row per month in which open deals are to close, stage and currency: their amount, and that
-- times the CRM's probability. Months that are past hold the overdue deals.
-- grain: month_on, stage, currency
select
    date_trunc('month', deals.close_on)::date as month_on,
    coalesce(deals.stage, '(none)') as stage,
    stages.stage_position,
    deals.currency,
    count(*) as deal_count,
    count(*) - count(deals.amount) as deal_without_amount_count,
    coalesce(sum(deals.amount), 0)::decimal(18, 2) as amount,
    coalesce(sum(deals.weighted_amount), 0)::decimal(18, 2) as weighted_amount
from marts.deals as deals
left join workings.sales_stages as stages using (stage)
where deals.is_open and deals.close_on is not null
group by month_on, deals.stage, stages.stage_position, deals.currency
