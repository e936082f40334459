-- title: Second purchase due
-- owner: marketing
-- description: People with one order, made as long ago as others take to their second (the middle of
--   them), and at most three times as long.
-- purpose: marketing
with seconds as (
    select epoch(second.ordered_at) - epoch(first.ordered_at) as waited
    from workings.purchases as first
    inner join workings.purchases as second
        on second.profile_id = first.profile_id
        and second.purchase_number = 2
    where first.purchase_number = 1
),
usual as (
    select median(waited) as wait
    from seconds
)
select facts.profile_id
from golden.customer_facts as facts
cross join usual
cross join raw.as_of as now
where facts.order_count = 1
    and epoch(now.as_of) - epoch(facts.last_order_at) between usual.wait and 3 * usual.wait
