-- One row: what a set of golden profiles must look like as a whole. Judged by profiles.suite.json.
with sizes as (
    select profile_id, count(*) as records
    from marts.profile_records
    group by profile_id
)
select
    count(*) as profiles,
    coalesce(count(*) filter (where email is not null or phone is not null or last_name is not null)
        / nullif(count(*), 0), 1) as named_share,
    coalesce(max(source_record_count) / nullif(sum(source_record_count), 0), 0)
        as largest_profile_share,
    coalesce(min(identity_confidence), 1) as least_confidence,
    coalesce(max(identity_confidence), 1) as greatest_confidence,
    count(*) filter (where source_record_count is distinct from records) as miscounted_count,
    count(*) filter (where last_seen_at < first_seen_at) as backward_count,
    count(*) filter (where not regexp_full_match(phone, '\+[1-9][0-9]{6,14}')) as unusable_phone_count,
    count(*) filter (where email not like '_%@_%._%') as unusable_email_count
from marts.profiles
left join sizes using (profile_id)
