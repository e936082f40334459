-- Per kind of case, what was opened and solved is what there is, and the backlog is what stays open.
with volumes as (
    select case_type, sum(opened_count) as opened_count, sum(solved_count) as solved_count
    from marts.case_volumes
    group by case_type
),
held as (
    select
        coalesce(case_type, '(none)') as case_type,
        count(*) as opened_count,
        count(closed_at) as solved_count
    from marts.cases
    where not is_deleted and created_at is not null
    group by case_type
)
select case_type
from volumes
full join held using (case_type)
where volumes.opened_count is distinct from held.opened_count
    or volumes.solved_count is distinct from held.solved_count
union all
select case_type
from (
    select *
    from marts.case_volumes
    qualify row_number() over (partition by case_type, priority, origin order by day_on desc) = 1
) as latest
left join volumes using (case_type)
group by case_type, volumes.opened_count, volumes.solved_count
having sum(latest.backlog_count) <> volumes.opened_count - volumes.solved_count
