-- One row per CRM account: the golden company that it belongs to.
-- grain: account_key
-- partition: account_key
select
    record_key as account_key,
    split_part(record_key, ':', 3) as account_id,
    company_id
from identity.company_members
where starts_with(record_key, 'salesforce:account:')
