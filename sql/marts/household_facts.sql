-- One row per household: how many belong to it, how many of them buy, and what they spent together,
-- in the reporting currency.
-- grain: household_id
-- partition: household_id
select
    members.household_id,
    count(*) as household_size,
    count(*) filter (where facts.order_count > 0) as customer_count,
    coalesce(sum(facts.order_count), 0)::bigint as order_count,
    coalesce(sum(facts.spend_converted), 0)::decimal(18, 2) as spend_converted,
    min(facts.first_order_at) as first_order_at,
    max(facts.last_order_at) as last_order_at
from workings.household_members as members
left join golden.customer_facts as facts
    on facts.household_id = members.household_id and facts.profile_id = members.profile_id
group by members.household_id
