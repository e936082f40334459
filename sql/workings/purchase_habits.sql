-- One row per profile that bought: what, where and when it buys most often. Of equals the latest is
-- the favourite, then the last by name. Hour and weekday are UTC's: orders do not tell the zone of
-- their shop.
-- grain: profile_id
-- partition: profile_id
with chosen as (
    select
        lines.profile_id,
        lines.ordered_at,
        unnest(['category', 'product']) as kind,
        unnest([lines.category, lines.product_name]) as choice
    from golden.order_lines as lines
    inner join workings.purchases as purchases
        on purchases.profile_id = lines.profile_id and purchases.order_id = lines.order_id
    where lines.quantity > 0
    union all
    select
        profile_id,
        ordered_at,
        unnest(['store', 'hour', 'weekday']),
        unnest([
            case when channel = 'store' then location end,
            lpad(hour(ordered_at)::varchar, 2, '0'),
            dayname(ordered_at)
        ])
    from workings.purchases
),
counted as (
    select profile_id, kind, choice, (count(*), max(ordered_at), choice) as standing
    from chosen
    where choice is not null
    group by profile_id, kind, choice
)
select
    profile_id,
    max_by(choice, standing) filter (where kind = 'category') as favourite_category,
    max_by(choice, standing) filter (where kind = 'product') as favourite_product,
    max_by(choice, standing) filter (where kind = 'store') as favourite_store,
    (max_by(choice, standing) filter (where kind = 'hour'))::integer as favourite_hour,
    max_by(choice, standing) filter (where kind = 'weekday') as favourite_weekday
from counted
group by profile_id
