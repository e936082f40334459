-- One row per system: whether its records are all somebody. Judged by profile_records.suite.json.
select
    system,
    count(*) filter (where profile_id not in (select profile_id from marts.profiles)) as orphan_count,
    count(*) filter (where linked_by is null) as unexplained_count,
    count(*) filter (where match_probability < 0 or match_probability > 1) as impossible_count,
    if(count(*) >= 50, count(distinct profile_id) / count(*), null) as profiles_per_record
from marts.profile_records
group by system
