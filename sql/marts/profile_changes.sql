-- One row per change of identity: a profile was created, merged into another, split,
-- retired, or erased.
-- grain: change_id
select *
from identity.profile_changes
