-- One row per deal, a CRM opportunity, with the profile of its primary contact and the company of its
-- account.
-- grain: record_key
-- partition: actor_key
select
    deals.record_key,
    deals.opportunity_id,
    actors.profile_id,
    deals.company_id,
    deals.account_id,
    deals.contact_id,
    deals.campaign_id,
    deals.deal_name,
    deals.stage,
    deals.stage_entered_at,
    deals.amount,
    deals.currency,
    deals.probability_percent,
    deals.weighted_amount,
    deals.close_on,
    deals.is_open,
    deals.is_closed,
    deals.is_won,
    deals.lead_source,
    deals.owner_id,
    owners.owner_name,
    deals.created_at,
    deals.closed_at,
    deals.modified_at,
    deals.is_deleted,
    deals.actor_key
from workings.deals as deals
left join workings.sales_owners as owners using (owner_id)
left join identity.actors as actors using (actor_key)
