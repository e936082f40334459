-- title: Customers at risk
-- owner: marketing
-- description: People with three or more orders who have been silent for twice as long as they usually
--   are between two orders, and for less than a year.
-- purpose: marketing
select facts.profile_id
from golden.customer_facts as facts
cross join raw.as_of as now
where facts.order_count >= 3
    and facts.last_order_at >= now.as_of - interval 365 days
    and epoch(now.as_of) - epoch(facts.last_order_at) > 2 * 86400 * facts.average_days_between_orders
