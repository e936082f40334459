-- One row per month and source of leads: how many came as far as each step. A lead that came further
-- counts for the steps before it, whether the CRM noted them or not. The times are of what it did
-- note.
-- grain: month_on, lead_source
with reached as (
    select
        date_trunc('month', created_at)::date as month_on,
        coalesce(lead_source, '(none)') as lead_source,
        case
            when is_won then 5
            when has_deal then 4
            when is_converted then 3
            when first_responded_on is not null then 2
            when first_contacted_at is not null then 1
            else 0
        end as step,
        contact_hours,
        conversion_days
    from marts.leads
    where not is_deleted and created_at is not null
)
select
    month_on,
    lead_source,
    count(*) as captured_count,
    count(*) filter (where step >= 1) as contacted_count,
    count(*) filter (where step >= 2) as responded_count,
    count(*) filter (where step >= 3) as converted_count,
    count(*) filter (where step >= 4) as with_deal_count,
    count(*) filter (where step >= 5) as won_count,
    round(contacted_count / captured_count, 4) as contacted_share,
    round(converted_count / captured_count, 4) as converted_share,
    round(won_count / captured_count, 4) as won_share,
    round(median(contact_hours), 1) as median_contact_hours,
    round(median(conversion_days), 1) as median_conversion_days
from reached
group by month_on, lead_source
