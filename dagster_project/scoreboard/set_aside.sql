-- Rows and whole files that were set aside, against those that were spoilt: no more, and no fewer. What was
-- an erased person's is dropped, which is another matter.
with planted as (
    select
        path,
        coalesce(sum(rows) filter (where must in ('rows', 'held')), 0) as row_count,
        count(*) filter (where must = 'whole') as file_count
    from truth.faults
    where path is not null
    group by path
),
found as (
    select
        path,
        sum(rows_quarantined - rows_erased) as row_count,
        count(*) filter (where status = 'quarantined') as file_count
    from source_files
    group by path
),
compared as (
    select unnest([
        {detail: 'rows', planted: planted.row_count, found: found.row_count},
        {detail: 'files', planted: planted.file_count, found: found.file_count}
    ], recursive := true)
    from planted full join found using (path)
)
select 'set aside as planted' as measure, detail,
    sum(least(coalesce(planted, 0), coalesce(found, 0))) as right,
    sum(abs(coalesce(planted, 0) - coalesce(found, 0))) as wrong
from compared
group by detail
