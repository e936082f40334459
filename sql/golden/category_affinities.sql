-- One row per profile and category of products that it bought: the category's share of what it bought,
-- each purchase halved with every half-life since. The first category is the one it likes best.
-- grain: profile_id, category
with bought as (
    select
        days.profile_id,
        products.category,
        count(*) as purchase_count,
        max(days.bought_on) as last_bought_on,
        sum(
            pow(0.5, greatest(now.as_of::date - days.bought_on, 0) / settings.amount)::decimal(18, 6)
        ) as weight
    from workings.score_product_days as days
    inner join workings.score_products as products using (sku)
    inner join workings.score_settings as settings on settings.setting = 'affinity_half_life_days'
    cross join raw.as_of as now
    where products.category is not null
    group by days.profile_id, products.category
)
select
    profile_id,
    category,
    row_number() over (partition by profile_id order by weight desc, last_bought_on desc, category)
        as category_rank,
    coalesce(round((weight / nullif(sum(weight) over (partition by profile_id), 0))::double, 4), 0)
        as affinity,
    purchase_count,
    last_bought_on
from bought
