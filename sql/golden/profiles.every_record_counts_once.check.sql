-- The records behind the profiles are the records of people, each once.
select profile_id
from (
    select profile_id, count(*) as record_count
    from workings.person_records
    group by profile_id
) as counted
full join golden.profiles as profiles using (profile_id)
where counted.record_count is distinct from profiles.source_record_count
