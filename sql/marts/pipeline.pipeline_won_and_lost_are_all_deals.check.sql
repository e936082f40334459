-- Per currency, the deals in the pipeline and those won and lost are all deals, with their amounts.
with parts as (
    select currency, deal_count, amount from marts.pipeline
    union all
    select currency, won_count + lost_count, won_amount + lost_amount from marts.sales_results
),
reported as (
    select currency, sum(deal_count) as deal_count, sum(amount) as amount
    from parts
    group by currency
),
held as (
    select currency, count(*) as deal_count, coalesce(sum(amount), 0) as amount
    from marts.deals
    where not is_deleted and (is_open or closed_at is not null)
    group by currency
)
select currency
from reported
full join held using (currency)
where reported.deal_count is distinct from held.deal_count
    or reported.amount is distinct from held.amount
