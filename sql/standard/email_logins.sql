-- One row per day and e-mail address that somebody signed in with.
-- grain: occurred_on, actor_key
-- partition: occurred_on
select
    occurred_on,
    'email:' || value as actor_key,
    max(last_seen_at) as last_login_at
from standard.visitor_evidence
where kind = 'login'
group by occurred_on, value
