-- One row: what a set of golden profiles must look like as a whole. Judged by profiles.suite.json.
select
    count(*) as profiles,
    coalesce(count(*) filter (where email is not null or phone is not null or last_name is not null)
        / nullif(count(*), 0), 1) as named_share,
    coalesce(max(source_record_count) / nullif(sum(source_record_count), 0), 0)
        as largest_profile_share,
    coalesce(min(identity_confidence), 1) as least_confidence
from marts.profiles
