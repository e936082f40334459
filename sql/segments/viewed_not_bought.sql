-- title: Viewed a category and did not buy
-- owner: marketing
-- description: People who looked at one product or category at least twice in the last 30 days, and
--   have not ordered since.
-- purpose: marketing
with looked as (
    select
        interest.profile_id,
        interest.category,
        max(interest.last_viewed_at) as last_viewed_at
    from golden.product_interest as interest
    cross join raw.as_of as now
    where interest.last_viewed_at >= now.as_of - interval 30 days
    group by interest.profile_id, interest.category
    having sum(interest.view_count) >= 2
),
ordered as (
    select profile_id, max(ordered_at) as last_order_at
    from golden.orders
    where profile_id is not null
    group by profile_id
)
select distinct looked.profile_id
from looked
left join ordered using (profile_id)
where ordered.last_order_at is null
    or ordered.last_order_at < looked.last_viewed_at
