-- One row per profile that ordered or did anything, or that a record of the CRM is about: when it
-- was seen where, what it bought and likes, what brought it, how it answers mails, what is open
-- with service and sales, and what its household is. Amounts are in `currency`, that of most of its
-- orders; those named converted are in the reporting currency.
-- grain: profile_id
-- partition: profile_id
select
    facts.*,
    members.household_size,
    members.household_spend_converted
from golden.customer_facts as facts
left join workings.household_members as members using (profile_id)
