-- One row per anonymous visitor that looked at products within the last 30 days: an audience of its own,
-- to be addressed on the site itself. Nobody that is known is in it, and no consent is; who is recognised
-- leaves it the same night, and who stays away after 30 days. Nor is a visitor in it that objected.
-- grain: visitor_id
with seen as (
    select
        sessions.visitor_id,
        min(sessions.started_at) as first_seen_at,
        max(sessions.ended_at) as last_seen_at,
        count(*) as session_count,
        sum(sessions.product_view_count)::bigint as product_view_count,
        sum(sessions.cart_add_count)::bigint as cart_add_count,
        max_by(sessions.marketing_channel, (sessions.started_at, sessions.session_id)) as marketing_channel
    from golden.sessions as sessions
    inner join raw.as_of as now
        on sessions.started_at >= now.as_of - interval 30 days
        and sessions.started_at < now.as_of
    where sessions.profile_id is null
        and sessions.visitor_id not in (
            select actor_key from standard.requests
            where identifier_kind = 'visitor' and request_kind in ('do_not_sell', 'object', 'restrict')
        )
        -- Without a cookie a visitor is one session, and cannot be met again.
        and not ends_with(sessions.visitor_id, sessions.session_id)
    group by sessions.visitor_id
    having product_view_count + cart_add_count > 0
)
select *, cart_add_count > 0 as has_carted
from seen
