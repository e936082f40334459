-- One row per user agent ever seen.
-- grain: user_agent
select distinct user_agent
from standard.agent_days
