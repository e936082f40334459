-- One row per deal: a CRM opportunity.
-- grain: record_key
-- partition: record_key
select
    deals.record_key,
    deals.opportunity_id,
    deals.account_id,
    deals.contact_id,
    deals.campaign_id,
    deals.deal_name,
    deals.stage,
    deals.amount,
    coalesce(deals.currency, settings.default_currency) as currency,
    deals.probability_percent,
    deals.close_on,
    deals.is_closed or deals.is_won as is_closed,
    deals.is_won,
    deals.lead_source,
    deals.owner_id,
    deals.created_at,
    deals.modified_at,
    deals.is_deleted
from staging.salesforce__opportunity as deals
cross join raw.settings as settings
