-- One row: whether segments count their members. Judged by segments.suite.json.
with counted as (
    select segment, count(*) as members
    from marts.segment_members
    group by segment
)
select
    count(*) as segment_count,
    count(*) filter (where size <> coalesce(members, 0)) as miscounted_count,
    count(*) filter (where greatest(email_reachable_count, sms_reachable_count, ads_reachable_count)
        > size) as overreached_count,
    (select count(*) from marts.segment_members
        where profile_id not in (select profile_id from marts.profiles)) as orphan_count,
    count(*) filter (where is_held) as held_count
from marts.segments
left join counted using (segment)
