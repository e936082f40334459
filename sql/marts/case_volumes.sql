-- One row per day, kind, priority and origin of cases on which some were opened, solved or still open
-- at its end. The response time is that of the cases opened on the day, the resolution time of those
-- solved.
-- grain: day_on, case_type, priority, origin
with counted as (
    select
        created_at::date as opened_on,
        -- A case is not solved before it is opened, whatever its dates say.
        greatest(created_at, closed_at)::date as solved_on,
        closed_at is not null as is_solved,
        coalesce(case_type, '(none)') as case_type,
        coalesce(priority, '(none)') as priority,
        coalesce(origin, '(none)') as origin,
        response_hours,
        resolution_hours
    from marts.cases
    where not is_deleted and created_at is not null
),
moves as (
    select
        opened_on as day_on, case_type, priority, origin, 1 as opened, 0 as solved,
        response_hours, null as resolution_hours
    from counted
    union all
    select solved_on, case_type, priority, origin, 0, 1, null, resolution_hours
    from counted
    where is_solved
),
moved as (
    select
        day_on,
        case_type,
        priority,
        origin,
        sum(opened)::bigint as opened_count,
        sum(solved)::bigint as solved_count,
        round(median(response_hours), 1) as median_response_hours,
        round(median(resolution_hours), 1) as median_resolution_hours
    from moves
    group by day_on, case_type, priority, origin
),
running as (
    select
        *,
        (sum(opened_count - solved_count) over so_far)::bigint as backlog_count,
        lead(day_on) over so_far as next_on
    from moved
    window so_far as (partition by case_type, priority, origin order by day_on)
),
-- Days without a move have a row while something stays open.
days as (
    select
        running.*,
        unnest(range(
            day_on::timestamp,
            case when backlog_count = 0 then day_on + 1
                else coalesce(next_on, greatest(day_on, now.as_of::date) + 1) end::timestamp,
            interval 1 day
        ))::date as on_day
    from running
    cross join raw.as_of as now
)
select
    on_day as day_on,
    case_type,
    priority,
    origin,
    case when on_day = day_on then opened_count else 0 end as opened_count,
    case when on_day = day_on then solved_count else 0 end as solved_count,
    backlog_count,
    case when on_day = day_on then median_response_hours end as median_response_hours,
    case when on_day = day_on then median_resolution_hours end as median_resolution_hours
from days
