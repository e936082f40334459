-- One row per window and profile that had bought before it: what was known of it when the window began,
-- and how many times it bought within. Days are counted from its start; nothing of later is known, but
-- who is who, and what was cancelled or given back since. Earlier windows, which only teach and judge, have
-- no more people than serve for that: the same in each.
-- grain: window_number, profile_id
with windows as (
    select window_number, starts_on, ends_on
    from workings.score_windows
    where kind = 'purchase'
),
people as (
    select greatest(ceil(count(*) / max(settings.amount)), 1)::bigint as every
    from workings.score_purchase_days as days
    inner join workings.score_settings as settings on settings.setting = 'judged_people'
    where days.day_number = 1
),
sampled as (
    select days.profile_id
    from workings.score_purchase_days as days
    cross join people
    where days.day_number = 1 and md5_number_lower(days.profile_id) % people.every = 0
),
every_day as (
    select days.*, sampled.profile_id is not null as is_sampled
    from workings.score_purchase_days as days
    left join sampled using (profile_id)
),
bought as (
    select
        windows.window_number,
        days.profile_id,
        count(*) filter (where days.bought_on < windows.starts_on) as purchase_day_count,
        count(*) filter (where days.bought_on between windows.starts_on - 90 and windows.starts_on - 1)
            as purchase_days_90,
        min(days.bought_on) as first_bought_on,
        max(days.bought_on) filter (where days.bought_on < windows.starts_on) as last_bought_on,
        coalesce(sum(days.gap_days * days.gap_days) filter (where days.bought_on < windows.starts_on), 0)
            ::bigint as squared_gaps,
        coalesce(sum(days.spend) filter (where days.bought_on < windows.starts_on), 0)
            ::decimal(18, 2) as spend,
        coalesce(
            sum(days.spend) filter (where days.bought_on < windows.starts_on and days.day_number > 1), 0
        )::decimal(18, 2) as repeat_spend,
        count(*) filter (where days.bought_on >= windows.starts_on) as bought_day_count
    from windows
    inner join every_day as days
        on days.bought_on < windows.ends_on
        and (days.is_sampled or windows.window_number = 0)
    group by all
    having last_bought_on is not null
),
-- The days of visits are the bits of a number, yesterday the lowest: a day counts once.
active as (
    select
        windows.window_number,
        activity.profile_id,
        coalesce(
            bit_or(1::hugeint << (windows.starts_on - 1 - activity.active_on)::integer)
                filter (where activity.channel in ('web', 'app')),
            0
        ) as visit_days,
        coalesce(sum(activity.event_count) filter (where activity.event_type = 'cart_add'), 0)::bigint
            as cart_adds_90,
        coalesce(
            sum(activity.event_count) filter (
                where activity.event_type = 'cart_add' and activity.active_on >= windows.starts_on - 30
            ),
            0
        )::bigint as cart_adds_30,
        coalesce(
            sum(activity.event_count) filter (where activity.event_type in ('email_open', 'email_click')),
            0
        )::bigint as email_responses_90,
        coalesce(
            sum(activity.event_count) filter (
                where activity.event_type in ('email_open', 'email_click')
                    and activity.active_on >= windows.starts_on - 30
            ),
            0
        )::bigint as email_responses_30
    from windows
    inner join workings.score_activity as activity
        on activity.active_on between windows.starts_on - 90 and windows.starts_on - 1
    where activity.event_type <> 'order'
    group by all
)
select
    bought.window_number,
    bought.profile_id,
    bought.purchase_day_count,
    bought.purchase_days_90,
    windows.starts_on - bought.last_bought_on as recency_days,
    windows.starts_on - bought.first_bought_on as tenure_days,
    bought.squared_gaps,
    greatest(bought.spend, 0)::decimal(18, 2) as spend,
    greatest(bought.repeat_spend, 0)::decimal(18, 2) as repeat_spend,
    coalesce(bit_count(active.visit_days & ((1::hugeint << 30) - 1)), 0)::bigint as visit_days_30,
    coalesce(bit_count(active.visit_days), 0)::bigint as visit_days_90,
    coalesce(active.cart_adds_30, 0) as cart_adds_30,
    coalesce(active.cart_adds_90, 0) as cart_adds_90,
    coalesce(active.email_responses_30, 0) as email_responses_30,
    coalesce(active.email_responses_90, 0) as email_responses_90,
    bought.bought_day_count
from bought
inner join windows using (window_number)
left join active using (window_number, profile_id)
