-- One row per lead of the CRM: how it was captured, contacted, answered and converted. The person
-- behind it is in `person_records`.
-- grain: record_key
-- partition: lead_id
with contacted as (
    select lead_id, min(first_contacted_at) as first_contacted_at
    from standard.lead_contacts
    group by lead_id
),
responded as (
    select lead_id, min(coalesce(first_responded_on, modified_at::date)) as first_responded_on
    from staging.salesforce__campaign_member
    where lead_id is not null and has_responded and not is_deleted
    group by lead_id
)
select
    leads.record_key,
    leads.lead_id,
    leads.created_at,
    leads.lead_source,
    leads.status,
    leads.owner_id,
    contacted.first_contacted_at,
    case when contacted.first_contacted_at >= leads.created_at
        then round(epoch(contacted.first_contacted_at - leads.created_at) / 3600, 2)
    end as contact_hours,
    responded.first_responded_on,
    leads.is_converted,
    leads.converted_on,
    case when leads.is_converted and leads.converted_on >= leads.created_at::date
        then leads.converted_on - leads.created_at::date end as conversion_days,
    leads.converted_opportunity_id as opportunity_id,
    leads.modified_at,
    leads.is_deleted
from staging.salesforce__lead as leads
left join contacted using (lead_id)
left join responded using (lead_id)
