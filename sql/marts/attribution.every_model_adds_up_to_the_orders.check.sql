-- Each model credits all orders of people we know, and all their revenue, to the cent.
with models as (
    select unnest(['first_touch', 'last_touch', 'linear', 'position_based', 'markov']) as model
),
ordered as (
    select count(*) as conversions, coalesce(sum(net_converted), 0) as revenue
    from workings.purchases
),
credited as (
    select model, sum(conversions) as conversions, sum(revenue) as revenue
    from marts.attribution
    group by model
)
select models.model
from models
cross join ordered
left join credited using (model)
where coalesce(credited.conversions, 0) <> ordered.conversions
    or coalesce(credited.revenue, 0) <> ordered.revenue
