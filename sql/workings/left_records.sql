-- One row per source record of a person, named as the left one of a pair, with its profile: what lets links
-- be made in parts and lie together by profile.
-- grain: left_record
-- partition: left_record
select record_key as left_record, profile_id
from identity.profile_records
