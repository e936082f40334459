-- After all reasons of all runs every number is what is counted tonight.
with bridged as (
    select number, max_by(number_after, run_number) as amount
    from marts.number_bridges
    group by number
),
counted as (
    select 'profiles' as number, count(*) as amount from golden.profiles
    union all
    select 'customers', count(*) filter (where order_count > 0) from golden.customer_facts
    union all
    select 'orders', sum(order_count) from golden.customer_facts
    union all
    select 'revenue', sum(spend_converted) from golden.customer_facts
    union all
    select 'members of ' || segment, size from marts.segments
)
select number
from bridged
full join counted using (number)
where coalesce(bridged.amount, 0) <> coalesce(counted.amount, 0)
