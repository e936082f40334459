-- One row per CRM user who owns records.
-- grain: owner_id
select user_id as owner_id, owner_name, is_active
from staging.salesforce__user
