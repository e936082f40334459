-- One row per kind of score and window: models learn of what happened within a window from what was
-- known at its start. Window 0 begins tonight, 1 ends tonight, 2 ends where 1 begins.
-- grain: kind, window_number
select
    kinds.kind,
    numbers.window_number,
    now.as_of::date - (numbers.window_number * settings.amount)::integer as starts_on,
    now.as_of::date - ((numbers.window_number - 1) * settings.amount)::integer as ends_on
from (values ('purchase', 'purchase_days'), ('lead', 'lead_days')) as kinds (kind, setting)
inner join workings.score_settings as settings using (setting)
cross join (values (0), (1), (2)) as numbers (window_number)
cross join raw.as_of as now
