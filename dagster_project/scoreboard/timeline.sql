-- What people did, by type: told as the systems have it, against what is missing or was never done. Page
-- views, which logs tell of visitors, are the visitors' measure. What the erased did is told of neither.
with lived as (
    select event_type, system, record_id, count(*) as n, bool_or(is_gone) as is_gone
    from (
        select *, person_id in (select person_id from truth.erasures) as is_gone from truth.events
    )
    group by all
),
told as (
    select event_type, system, record_id, count(*) as n
    from events
    where event_type in (select event_type from truth.events) and system <> 'weblogs'
    group by all
)
select 'timeline' as measure, event_type as detail,
    sum(least(coalesce(lived.n, 0), coalesce(told.n, 0))) as right,
    sum(abs(coalesce(lived.n, 0) - coalesce(told.n, 0))) as wrong
from lived full join told using (event_type, system, record_id)
where is_gone is not true
group by event_type
