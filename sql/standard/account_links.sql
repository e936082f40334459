-- One row per source record of a person that the CRM itself ties to one of its accounts: contacts, and
-- leads that were converted.
-- grain: record_key
-- partition: record_key
select record_key, account_id, 'account_contact' as evidence, modified_at as observed_at
from staging.salesforce__contact
where account_id is not null and not is_deleted
union all
select record_key, converted_account_id, 'converted_lead', modified_at
from staging.salesforce__lead
where converted_account_id is not null and not is_deleted
