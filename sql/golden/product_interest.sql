-- One row per profile, day and category or product that it viewed on the web. Pages of products do
-- not say their category, so `category` is the product there.
-- grain: profile_id, category, viewed_on
-- partition: profile_id
select
    profile_id,
    coalesce(
        json_extract_string(properties, '$.category'),
        json_extract_string(properties, '$.product')
    ) as category,
    occurred_at::date as viewed_on,
    max(occurred_at) as last_viewed_at,
    count(*) as view_count
from golden.events
where profile_id is not null
    and event_type in ('category_view', 'product_view')
group by 1, 2, 3
having category is not null
