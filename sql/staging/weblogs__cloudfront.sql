-- One row per distinct request in CloudFront's (or another W3C) log. User agents are encoded twice.
-- grain: line_key
-- partition: occurred_on
with typed as (
    select distinct
        occurred_on,
        "date" as date_text,
        "time" as time_text,
        c_ip as address,
        cs_method as method,
        cs_uri_stem as path,
        nullif(cs_uri_query, '-') as query,
        as_integer(sc_status) as status,
        nullif(cs_referer, '-') as referrer,
        nullif(cs_user_agent, '-') as user_agent,
        nullif(cs_cookie, '-') as cookie,
        x_host_header as host,
        x_edge_request_id as request_id
    from raw.weblogs__cloudfront
)
select
    md5(concat_ws(
        '|', date_text, time_text, address, method, path, query, status, referrer, user_agent,
        cookie, host, request_id
    )) as line_key,
    occurred_on,
    as_utc(date_text || ' ' || time_text) as occurred_at,
    address,
    method || ' ' || path || coalesce('?' || query, '') || ' HTTP' as request,
    status,
    url_decode(referrer) as referrer,
    url_decode(url_decode(user_agent)) as user_agent,
    url_decode(cookie) as cookie,
    host
from typed
