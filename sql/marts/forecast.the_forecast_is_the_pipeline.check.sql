-- Per stage and currency, the forecast adds up to the open deals that name a day of closing.
with forecast as (
    select
        stage,
        currency,
        sum(deal_count) as deal_count,
        sum(weighted_amount) as weighted_amount
    from marts.forecast
    group by stage, currency
),
held as (
    select
        coalesce(stage, '(none)') as stage,
        currency,
        count(*) as deal_count,
        coalesce(sum(weighted_amount), 0) as weighted_amount
    from marts.deals
    where is_open and close_on is not null
    group by stage, currency
)
select stage, currency
from forecast
full join held using (stage, currency)
where forecast.deal_count is distinct from held.deal_count
    or forecast.weighted_amount is distinct from held.weighted_amount
