-- title: Active customers
-- owner: marketing
-- description: People who ordered in the last 90 days.
-- purpose: marketing
select facts.profile_id
from golden.customer_facts as facts
cross join raw.as_of as now
where facts.last_order_at >= now.as_of - interval 90 days
