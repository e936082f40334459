-- One row per marketing campaign of the CRM.
-- grain: record_key
-- partition: record_key
select
    campaigns.record_key,
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.campaign_type,
    campaigns.status,
    campaigns.start_on,
    campaigns.end_on,
    campaigns.budgeted_cost,
    campaigns.actual_cost,
    campaigns.created_at,
    campaigns.modified_at,
    campaigns.is_deleted
from staging.salesforce__campaign as campaigns
