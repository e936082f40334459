-- One row per profile id no longer in use, with the id that stands for it today.
-- grain: profile_id
select *
from identity.profile_redirects
