-- One row per anonymous visitor (a cookie, else an address and agent within a session), with the
-- profile once it is known.
-- grain: visitor_id
-- partition: visitor_id
select visitor_id, system, first_seen_at, last_seen_at, profile_id, linked_by
from identity.visitors
