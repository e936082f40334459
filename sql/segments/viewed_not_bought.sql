-- title: Viewed a category and did not buy
-- owner: marketing
-- description: People who looked at products or a category in the last 30 days, at least twice, and have
--   not ordered since.
-- purpose: marketing
select distinct interest.profile_id
from golden.product_interest as interest
cross join raw.as_of as now
where interest.last_viewed_at >= now.as_of - interval 30 days
    and interest.last_viewed_at < now.as_of
    and interest.view_count >= 2
    and (interest.last_order_at is null or interest.last_order_at < interest.last_viewed_at)
