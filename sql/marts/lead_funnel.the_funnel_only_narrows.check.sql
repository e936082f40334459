-- No step of the funnel has more leads than the step before it, and every lead is captured once.
select month_on, lead_source
from marts.lead_funnel
where not (
    captured_count >= contacted_count
    and contacted_count >= responded_count
    and responded_count >= converted_count
    and converted_count >= with_deal_count
    and with_deal_count >= won_count
)
union all
select null, null
from (select coalesce(sum(captured_count), 0) as captured_count from marts.lead_funnel) as funnel
cross join (
    select count(*) as lead_count from marts.leads where not is_deleted and created_at is not null
) as held
where funnel.captured_count <> held.lead_count
