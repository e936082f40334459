-- One row per lead that became a deal.
-- grain: record_key
-- partition: opportunity_id
select leads.record_key, leads.opportunity_id, deals.is_won
from standard.leads as leads
inner join standard.deals as deals
    on deals.opportunity_id = leads.opportunity_id and not deals.is_deleted
