-- One row per request of the web logs: who asked (visitor, login), in which session, for what.
-- A visitor is a cookie, else an address and agent within one session of the day (30 minutes of
-- silence end a session; sessions are cut at midnight UTC, so a day can be made alone).
-- grain: line_key
-- partition: occurred_on
with combined as (
    select
        line_key, 'access' as export, occurred_on, occurred_at, address, login_name, request,
        status, referrer, user_agent, cookie, host
    from staging.weblogs__access
    union all
    select
        line_key, 'cloudfront' as export, occurred_on, occurred_at, address, null as login_name,
        request, status, referrer, user_agent, cookie, host
    from staging.weblogs__cloudfront
),
parsed as (
    select
        combined.*,
        cookie_id(cookie, settings.visitor_cookies) as cookie_id,
        split_part(request, ' ', 1) as method,
        split_part(split_part(request, ' ', 2), '?', 1) as path,
        nullif(split_part(split_part(request, ' ', 2), '?', 2), '') as query,
        -- Who does not say what it is is no browser.
        case when combined.user_agent is null then 'unnamed' else agents.bot end as bot
    from combined
    cross join raw.settings as settings
    left join standard.user_agents as agents using (user_agent)
),
silenced as (
    select
        *,
        coalesce(cookie_id, agent_key(address, user_agent)) as agent_key,
        occurred_at - lag(occurred_at) over (
            partition by occurred_on, coalesce(cookie_id, agent_key(address, user_agent))
            order by occurred_at, line_key
        ) > interval 30 minutes as begins_session
    from parsed
),
numbered as (
    select
        *,
        count(*) filter (where coalesce(begins_session, true)) over (
            partition by occurred_on, agent_key
            order by occurred_at, line_key
            rows between unbounded preceding and current row
        ) as session_number
    from silenced
)
select
    line_key,
    export,
    occurred_on,
    occurred_at,
    case when cookie_id is not null then 'weblogs:' || cookie_id
        else 'weblogs:' || md5(concat_ws('|', agent_key, occurred_on, session_number)) end
        as visitor_id,
    md5(concat_ws('|', agent_key, occurred_on, session_number)) as session_id,
    cookie_id is not null as has_cookie,
    as_email(login_name) as login_email,
    method,
    path,
    query,
    nullif(regexp_extract(query, '(?:^|&)mc_eid=([0-9A-Za-z]+)', 1), '') as mailchimp_euid,
    nullif(regexp_extract(query, '(?:^|&)ecid=([0-9A-Za-z_-]+)', 1), '') as click_token,
    nullif(regexp_extract(query, '(?:^|&)utm_source=([^&]+)', 1), '') as utm_source,
    nullif(regexp_extract(query, '(?:^|&)utm_medium=([^&]+)', 1), '') as utm_medium,
    nullif(regexp_extract(query, '(?:^|&)utm_campaign=([^&]+)', 1), '') as utm_campaign,
    status,
    referrer,
    host,
    bot is not null as is_bot,
    bot,
    regexp_matches(
        lower(path),
        '\.(css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|mp4|webm|pdf|txt|xml)$'
    ) as is_asset
from numbered
