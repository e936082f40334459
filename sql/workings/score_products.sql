-- One row per product sold: its name and category as last sold, and its rank by how many people bought
-- it. Shops that tell no category get that of the others.
-- grain: sku
with told as (
    select
        sku,
        max_by(product_name, (ordered_at, product_name)) as product_name,
        max_by(category, (ordered_at, category)) filter (where category is not null) as category
    from golden.order_lines
    where sku is not null and quantity > 0
    group by sku
),
bought as (
    select sku, count(distinct profile_id) as buyer_count
    from workings.score_product_days
    group by sku
)
select
    told.sku,
    told.product_name,
    told.category,
    coalesce(bought.buyer_count, 0) as buyer_count,
    row_number() over (order by coalesce(bought.buyer_count, 0) desc, told.sku) as buyer_rank
from told
left join bought using (sku)
