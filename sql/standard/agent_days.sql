-- One row per day and user agent of the web logs and of what web sites and apps report.
-- grain: occurred_on, user_agent
-- partition: occurred_on
select occurred_on, user_agent from staging.weblogs__access where user_agent is not null
union
select occurred_on, user_agent from staging.weblogs__cloudfront where user_agent is not null
union
select occurred_on, user_agent from staging.segment__events where user_agent is not null
