-- One row per thing a person did on the web site: pages, products, carts, checkouts. Requests of
-- bots, of page assets, and those that failed are left out (they stay in standard.web_requests).
-- grain: event_id
-- partition: occurred_on
with requests as (
    select
        requests.*,
        nullif(regexp_extract(path, '^/(?:p|products?|item)/([^/]+)', 1), '') as product,
        nullif(regexp_extract(path, '^/(?:c|collections|category|categories)/([^/]+)', 1), '')
            as category,
        nullif(regexp_extract(query, '(?:^|&)sku=([^&]+)', 1), '') as added_sku,
        nullif(regexp_extract(query, '(?:^|&)order=([^&]+)', 1), '') as order_text,
        -- A page of the site itself brings nobody.
        regexp_extract(referrer, '^https?://([^/:]+)', 1) as referrer_host,
        settings.site_hosts
    from standard.web_requests as requests
    cross join raw.settings as settings
    where not is_bot
        and not is_asset
        and status between 200 and 399
)
select
    'web:' || line_key as event_id,
    occurred_on,
    occurred_at,
    visitor_id as actor_key,
    visitor_id,
    session_id,
    'web' as channel,
    case
        when path like '/cart/add%' then 'cart_add'
        when path like '/cart/remove%' then 'cart_remove'
        when path like '/checkout/complete%' or path like '/checkouts/%/thank%'
            then 'checkout_complete'
        when path like '/checkout%' then 'checkout_start'
        when path like '/cart%' then 'cart_view'
        when product is not null then 'product_view'
        when category is not null then 'category_view'
        when path like '/search%' then 'search'
        when path in ('/login', '/account/login') then 'login'
        else 'page_view'
    end as event_type,
    'weblogs' as system,
    export,
    line_key as record_id,
    json_object(
        'path', path, 'product', coalesce(product, added_sku), 'category', category,
        'order', url_decode(order_text), 'referrer_host',
        case when referrer_host <> '' and referrer_host is distinct from host
            and not list_contains(site_hosts, referrer_host) then referrer_host end,
        'utm_source', utm_source, 'utm_medium', utm_medium, 'utm_campaign', utm_campaign
    )::varchar as properties
from requests
