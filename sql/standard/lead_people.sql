-- One row per lead and CRM person that it is: the lead itself, and the contact that it became.
-- grain: lead_id, who_id
-- partition: lead_id
select lead_id, lead_id as who_id, created_at
from staging.salesforce__lead
union all
select lead_id, converted_contact_id, created_at
from staging.salesforce__lead
where converted_contact_id is not null
