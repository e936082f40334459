-- title: New customers
-- owner: marketing
-- description: People whose first order is at most 30 days old.
-- purpose: marketing
select facts.profile_id
from golden.customer_facts as facts
cross join raw.as_of as now
where facts.first_order_at >= now.as_of - interval 30 days
