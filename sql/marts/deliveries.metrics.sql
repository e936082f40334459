-- One row per export: how late it is, in nights, counted from the day on which it was to be expected.
-- Judged by deliveries.suite.json. An export of which too little is known is not late.
with latest as (
    select system, export, max(delivered_on) as delivered_on
    from marts.deliveries
    group by system, export
)
select
    system,
    export,
    greatest(date_diff('day', delivered_on, now.as_of::date) - usual_interval_days, 0) as nights_late,
    if(nights_late > 2 * usual_interval_days, nights_late, 0) as nights_overdue,
    if(nights_late > 2 * usual_interval_days and nights_late >= overdue_nights, nights_late, 0)
        as nights_missing
from latest
inner join marts.deliveries using (system, export, delivered_on)
inner join raw.budgets using (system, export)
cross join raw.as_of as now
