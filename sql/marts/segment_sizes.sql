-- One row per segment and night on which anybody entered or left any segment since the segment is
-- there: how many entered it, how many left, how many were in it afterwards.
-- grain: segment, as_of
with moved as (
    select
        segment,
        as_of,
        count(*) filter (where change = 'entered') as entered_count,
        count(*) filter (where change = 'left') as left_count
    from marts.segment_history
    group by segment, as_of
),
begun as (
    select segment, min(as_of) as first_as_of
    from moved
    group by segment
),
nights as (
    select distinct as_of
    from moved
)
select
    begun.segment,
    nights.as_of,
    sum(coalesce(moved.entered_count, 0) - coalesce(moved.left_count, 0)) over (
        partition by begun.segment order by nights.as_of
    )::bigint as size,
    coalesce(moved.entered_count, 0) as entered_count,
    coalesce(moved.left_count, 0) as left_count
from begun
inner join nights on nights.as_of >= begun.first_as_of
left join moved on moved.segment = begun.segment and moved.as_of = nights.as_of
