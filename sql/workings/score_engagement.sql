-- One row per profile that did something within the last year: its points, each of which halves with
-- every half-life that has passed since.
-- grain: profile_id
with days as (
    select
        activity.profile_id,
        activity.points,
        now.as_of::date - activity.active_on - 1 as age_days
    from workings.score_activity as activity
    inner join raw.as_of as now
        on activity.active_on >= now.as_of::date - 365
        and activity.active_on < now.as_of::date
)
select
    days.profile_id,
    -- Decimals add up to the same in any order.
    sum((days.points * pow(0.5, days.age_days / settings.amount))::decimal(18, 6)) as points
from days
inner join workings.score_settings as settings on settings.setting = 'engagement_half_life_days'
group by days.profile_id
