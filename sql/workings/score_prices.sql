-- One row per profile that bought products: its share of units bought below the product's usual price
-- over that of all customers' units, after some units of the average customer were added to its own. 1 is
-- as everybody; none where nobody ever paid less. The usual price is the product's median in one currency.
-- grain: profile_id
with units as (
    select
        lines.profile_id,
        lines.sku,
        lines.currency,
        lines.quantity,
        lines.amount / lines.quantity as price
    from golden.order_lines as lines
    inner join workings.purchases as purchases using (order_id)
    anti join golden.restrictions as restricted on restricted.profile_id = lines.profile_id
    where lines.sku is not null and lines.quantity > 0
),
usual as (
    -- To the cent, so that a price that was rounded per unit is no bargain.
    select sku, currency, round(median(price), 2) as price
    from units
    group by sku, currency
),
bought as (
    select
        units.profile_id,
        sum(units.quantity) as unit_count,
        coalesce(sum(units.quantity) filter (where round(units.price, 2) < usual.price), 0) as cheap_count
    from units
    inner join usual using (sku, currency)
    group by units.profile_id
),
everybody as (
    select (sum(cheap_count) / sum(unit_count))::double as share
    from bought
)
select
    bought.profile_id,
    (bought.cheap_count + prior.amount * everybody.share)
    / (bought.unit_count + prior.amount) / everybody.share as sensitivity
from bought
cross join everybody
inner join workings.score_settings as prior on prior.setting = 'prior_units'
where everybody.share > 0
