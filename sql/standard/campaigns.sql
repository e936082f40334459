-- One row per marketing campaign of the CRM. Its costs are in the organisation's own currency.
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
    settings.default_currency as currency,
    campaigns.created_at,
    campaigns.modified_at,
    campaigns.is_deleted
from staging.salesforce__campaign as campaigns
cross join raw.settings as settings
