-- One row per profile and category that it viewed on the web: when last, and when it last bought.
-- grain: profile_id, category
-- partition: profile_id
with viewed as (
    select
        profile_id,
        coalesce(
            json_extract_string(properties, '$.category'),
            json_extract_string(properties, '$.product')
        ) as category,
        max(occurred_at) as last_viewed_at,
        count(*) as view_count
    from golden.events
    where profile_id is not null
        and event_type in ('category_view', 'product_view')
    group by 1, 2
),
ordered as (
    select profile_id, max(ordered_at) as last_order_at
    from golden.orders
    where profile_id is not null
    group by profile_id
)
select
    viewed.profile_id,
    viewed.category,
    viewed.last_viewed_at,
    viewed.view_count,
    ordered.last_order_at
from viewed
left join ordered using (profile_id)
where viewed.category is not null
