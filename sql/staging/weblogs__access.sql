-- One row per distinct line of the web servers' access logs. The same line twice is one request, so
-- logs that overlap, are split or delivered again change nothing.
-- grain: line_key
-- partition: occurred_on
with typed as (
    select distinct
        occurred_on,
        time_text,
        remote_host as address,
        nullif(remote_user, '-') as login_name,
        request,
        as_integer(status) as status,
        nullif(bytes, '-') as bytes_text,
        nullif(referer, '-') as referrer,
        nullif(user_agent, '-') as user_agent,
        nullif(cookie, '-') as cookie,
        vhost
    from raw.weblogs__access
)
select
    md5(concat_ws(
        '|', time_text, address, login_name, request, status, bytes_text, referrer, user_agent,
        cookie, vhost
    )) as line_key,
    occurred_on,
    as_utc(time_text) as occurred_at,
    address,
    login_name,
    request,
    status,
    try_cast(bytes_text as bigint) as byte_count,
    referrer,
    user_agent,
    cookie,
    vhost as host
from typed
