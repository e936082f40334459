-- One row per thing a person did in an app, or on a web site that reports by Segment's calls: installs,
-- screens, pages, products, carts. What names a person (identify, alias, group) is evidence of who the
-- visitor is, not an event. An order is the shop's to tell: here it is the end of a checkout.
-- grain: event_id
-- partition: occurred_on
with calls as (
    select
        calls.*,
        settings.site_hosts,
        'segment:' || coalesce(calls.anonymous_id, calls.user_id) as visitor_id,
        lower(calls.segment_event) as named,
        case
            when calls.message_type = 'screen' or calls.app_version is not null
                or starts_with(lower(calls.segment_event), 'application ') then 'app'
            else 'web'
        end as channel
    from staging.segment__events as calls
    cross join raw.settings as settings
    left join standard.user_agents as agents using (user_agent)
    where calls.message_type in ('track', 'page', 'screen')
        and coalesce(calls.anonymous_id, calls.user_id) is not null
        and agents.bot is null
),
silenced as (
    select
        *,
        occurred_at - lag(occurred_at) over (
            partition by occurred_on, visitor_id order by occurred_at, message_id
        ) > interval 30 minutes as begins_session
    from calls
),
numbered as (
    select
        *,
        count(*) filter (where coalesce(begins_session, true)) over (
            partition by occurred_on, visitor_id
            order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as session_number
    from silenced
)
select
    'segment:' || message_id as event_id,
    occurred_on,
    occurred_at,
    visitor_id as actor_key,
    visitor_id,
    md5(concat_ws('|', visitor_id, occurred_on, session_number)) as session_id,
    channel,
    case
        when message_type = 'page' then 'page_view'
        when message_type = 'screen' then 'screen_view'
        when named = 'application installed' then 'app_install'
        when named = 'application opened' then 'app_open'
        when named = 'application updated' then 'app_update'
        when named = 'application uninstalled' then 'app_uninstall'
        when named = 'product viewed' then 'product_view'
        when named = 'product list viewed' then 'category_view'
        when named = 'product added' then 'cart_add'
        when named = 'product removed' then 'cart_remove'
        when named = 'cart viewed' then 'cart_view'
        when named = 'checkout started' then 'checkout_start'
        when named = 'order completed' then 'checkout_complete'
        when named = 'products searched' then 'search'
        when named = 'signed in' then 'login'
        else 'custom'
    end as event_type,
    'segment' as system,
    'events' as export,
    message_id as record_id,
    json_object(
        'path', path, 'name', segment_event,
        'product', coalesce(
            json_extract_string(properties, '$.sku'), json_extract_string(properties, '$.product_id'),
            json_extract_string(properties, '$.productId')
        ),
        'category', json_extract_string(properties, '$.category'),
        'order', coalesce(
            json_extract_string(properties, '$.order_id'), json_extract_string(properties, '$.orderId')
        ),
        'platform', platform,
        'referrer_host',
        case when not list_contains(site_hosts, regexp_extract(referrer, '^https?://([^/:]+)', 1))
            then nullif(regexp_extract(referrer, '^https?://([^/:]+)', 1), '') end,
        'utm_source', utm_source, 'utm_medium', utm_medium, 'utm_campaign', utm_campaign
    )::varchar as properties
from numbered
