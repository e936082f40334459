-- One row per profile, product and day on which it bought it.
-- grain: profile_id, sku, bought_on
-- partition: profile_id
select
    lines.profile_id,
    lines.sku,
    lines.ordered_at::date as bought_on,
    sum(lines.quantity) as quantity
from golden.order_lines as lines
inner join workings.purchases as purchases
    on purchases.profile_id = lines.profile_id and purchases.order_id = lines.order_id
anti join golden.restrictions as restricted on restricted.profile_id = lines.profile_id
where lines.sku is not null and lines.quantity > 0
group by all
