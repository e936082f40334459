-- One row per value that people hold to be evidence of identity or not, and per limit that they set:
-- their latest word. Of two on one day, the one that trusts less holds. Limits have the value ''.
-- grain: kind, value, action
select * exclude (delivered_at)
from staging.corrections__guard_decisions
qualify row_number() over (
    partition by kind, value, if(action in ('junk', 'not_junk'), 'trust', action)
    order by
        decided_on desc,
        action,
        limit_count,
        window_days nulls first,
        delivered_at,
        path,
        sha256,
        row_number
) = 1
