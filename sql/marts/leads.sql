-- One row per lead of the CRM: how it was captured, contacted, answered and converted, and whether
-- its deal is won. A lead's campaign response and conversion are known to the day.
-- grain: record_key
-- partition: record_key
select
    leads.record_key,
    leads.lead_id,
    people.profile_id,
    leads.created_at,
    leads.lead_source,
    leads.status,
    leads.owner_id,
    leads.first_contacted_at,
    leads.contact_hours,
    leads.first_responded_on,
    leads.is_converted,
    leads.converted_on,
    leads.conversion_days,
    leads.opportunity_id,
    deals.record_key is not null as has_deal,
    coalesce(deals.is_won, false) as is_won,
    leads.modified_at,
    leads.is_deleted
from standard.leads as leads
left join workings.lead_deals as deals using (record_key)
left join identity.profile_records as people using (record_key)
