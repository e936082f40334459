-- One row per service case. `actor_key` is the source record of the person who asked.
-- grain: record_key
-- partition: record_key
select
    record_key,
    case_id,
    case_number,
    coalesce('salesforce:contact:' || contact_id, record_key) as actor_key,
    account_id,
    case_type,
    status,
    priority,
    origin,
    reason,
    is_closed,
    created_at,
    closed_at,
    modified_at,
    is_deleted
from staging.salesforce__case
