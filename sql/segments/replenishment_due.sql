-- title: Replenishment due
-- owner: marketing
-- description: People who bought a product on two days or more and whose usual time between two of
--   them ends within a week from now, or ended within the last.
-- purpose: marketing
with bought as (
    select
        profile_id,
        sku,
        max(bought_on) as last_bought_on,
        (max(bought_on) - min(bought_on)) / (count(*) - 1) as usual_days
    from workings.score_product_days
    group by profile_id, sku
    having count(*) >= 2
)
select distinct bought.profile_id
from bought
cross join raw.as_of as now
where now.as_of::date - bought.last_bought_on between bought.usual_days - 7 and bought.usual_days + 7
