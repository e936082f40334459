-- title: Lapsed customers
-- owner: marketing
-- description: People whose last order is more than 180 days old.
-- purpose: marketing
select facts.profile_id
from golden.customer_facts as facts
cross join raw.as_of as now
where facts.last_order_at < now.as_of - interval 180 days
