-- One row per window and lead that was open when it began: what was known of it then, and whether it
-- converted within. A lead of which nobody is known is left out.
-- grain: window_number, record_key
with windows as (
    select window_number, starts_on, ends_on
    from workings.score_windows
    where kind = 'lead'
),
leads as (
    select
        windows.window_number,
        windows.starts_on,
        leads.record_key,
        people.profile_id,
        windows.starts_on - leads.created_at::date as age_days,
        coalesce(leads.first_contacted_at < windows.starts_on, false) as is_contacted,
        coalesce(leads.first_responded_on < windows.starts_on, false) as has_responded,
        coalesce(leads.lead_source = 'Partner Referral', false) as is_referral,
        coalesce(leads.converted_on < windows.ends_on, false) as has_converted
    from windows
    inner join standard.leads as leads
        on leads.created_at < windows.starts_on
        -- A converted lead without a day of it was never open, as far as can be told.
        and (leads.converted_on >= windows.starts_on or not leads.is_converted)
    inner join identity.profile_records as people using (record_key)
    anti join golden.restrictions as restricted on restricted.profile_id = people.profile_id
    where not leads.is_deleted
        and (window_number > 0 or leads.status not ilike 'closed%')
),
active as (
    select
        leads.window_number,
        leads.record_key,
        count(distinct activity.active_on) filter (where activity.channel in ('web', 'app'))
            as visit_days_90,
        coalesce(sum(activity.event_count) filter (where activity.event_type = 'cart_add'), 0)::bigint
            as cart_adds_90,
        coalesce(
            sum(activity.event_count) filter (where activity.event_type in ('email_open', 'email_click')),
            0
        )::bigint as email_responses_90,
        count(*) filter (where activity.event_type = 'call') as call_days_90
    from leads
    inner join workings.score_activity as activity
        on activity.profile_id = leads.profile_id
        and activity.active_on between leads.starts_on - 90 and leads.starts_on - 1
    group by all
),
bought as (
    select leads.window_number, leads.record_key, count(*) as purchase_day_count
    from leads
    inner join workings.score_purchase_days as days
        on days.profile_id = leads.profile_id and days.bought_on < leads.starts_on
    group by all
)
select
    leads.window_number,
    leads.record_key,
    leads.profile_id,
    leads.age_days,
    leads.is_contacted,
    leads.has_responded,
    leads.is_referral,
    coalesce(active.visit_days_90, 0) as visit_days_90,
    coalesce(active.cart_adds_90, 0) as cart_adds_90,
    coalesce(active.email_responses_90, 0) as email_responses_90,
    coalesce(active.call_days_90, 0) as call_days_90,
    coalesce(bought.purchase_day_count, 0) as purchase_day_count,
    leads.has_converted
from leads
left join active using (window_number, record_key)
left join bought using (window_number, record_key)
