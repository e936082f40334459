-- One row per profile in a household, with the household's size and what all its members spent, in the
-- reporting currency.
-- grain: profile_id
-- partition: household_id
select
    members.profile_id,
    members.household_id,
    count(*) over household as household_size,
    coalesce(sum(facts.order_count) over household, 0)::bigint as household_order_count,
    coalesce(sum(facts.spend_converted) over household, 0)::decimal(18, 2) as household_spend_converted
from golden.households as members
left join golden.customer_facts as facts
    on facts.household_id = members.household_id and facts.profile_id = members.profile_id
window household as (partition by members.household_id)
