-- title: Abandoned carts
-- owner: marketing
-- description: People who put something into a cart in the last 14 days, at least 4 hours ago, and have
--   bought nothing since, in whichever shop.
-- purpose: marketing
select distinct carts.profile_id
from golden.carts as carts
cross join raw.as_of as now
where carts.last_carted_at >= now.as_of - interval 14 days
    and carts.last_carted_at < now.as_of - interval 4 hours
    and carts.next_order_at is null
