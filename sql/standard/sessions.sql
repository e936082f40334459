-- One row per session on the web site or in the app: when, what was looked at, how far it came, and what
-- brought it: the landing's utm parameters, else the site that referred, else nothing (direct).
-- `marketing_channel` groups that as marketers do; `source`, `medium` and `campaign` are what was found.
-- grain: session_id
-- partition: occurred_on
with happened as (
    select event_id, occurred_on, occurred_at, visitor_id, session_id, channel, event_type, properties
    from standard.web_events
    union all
    select event_id, occurred_on, occurred_at, visitor_id, session_id, channel, event_type, properties
    from standard.app_events
),
summed as (
    select
        session_id,
        occurred_on,
        min(visitor_id) as visitor_id,
        min_by(channel, (occurred_at, event_id)) as channel,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        count(*) filter (where event_type = 'product_view') as product_view_count,
        count(*) filter (where event_type = 'cart_add') as cart_add_count,
        count(*) filter (where event_type = 'checkout_start') as checkout_start_count,
        count(*) filter (where event_type = 'checkout_complete') as checkout_complete_count,
        min_by(properties, (occurred_at, event_id)) as landing
    from happened
    group by session_id, occurred_on
),
landed as (
    select
        * exclude (landing),
        json_extract_string(landing, '$.path') as landing_path,
        lower(json_extract_string(landing, '$.utm_source')) as utm_source,
        lower(json_extract_string(landing, '$.utm_medium')) as utm_medium,
        json_extract_string(landing, '$.utm_campaign') as campaign,
        lower(json_extract_string(landing, '$.referrer_host')) as referrer_host
    from summed
),
sourced as (
    select
        * exclude (utm_source, utm_medium, referrer_host),
        coalesce(utm_source, referrer_host, 'direct') as source,
        case
            when utm_medium is not null then utm_medium
            when regexp_matches(utm_source, 'mailchimp|sendgrid|newsletter|e-?mail') then 'email'
            when utm_source is not null then 'campaign'
            when referrer_host is null then 'none'
            when regexp_matches(
                referrer_host, '(^|\.)(google|bing|yahoo|duckduckgo|ecosia|baidu|yandex|qwant|startpage)\.'
            ) then 'organic'
            when regexp_matches(
                referrer_host,
                '(^|\.)(facebook|instagram|twitter|linkedin|pinterest|tiktok|youtube|reddit|threads)\.|^t\.co$'
            ) then 'social'
            else 'referral'
        end as medium
    from landed
)
select
    session_id,
    occurred_on,
    visitor_id as actor_key,
    visitor_id,
    channel,
    started_at,
    ended_at,
    event_count,
    product_view_count,
    cart_add_count,
    checkout_start_count,
    checkout_complete_count,
    landing_path,
    source,
    medium,
    campaign,
    case
        when medium = 'none' then 'direct'
        when regexp_matches(medium, 'e-?mail|newsletter') then 'email'
        when regexp_matches(medium, '^(cpc|ppc|paid.?search|sem)$') then 'paid_search'
        when regexp_matches(medium, '^(paid.?social|social.?paid|cpm.?social)$') then 'paid_social'
        when regexp_matches(medium, '^(display|banner|cpm|retargeting)$') then 'display'
        when regexp_matches(medium, 'affiliate') then 'affiliate'
        when regexp_matches(medium, '^organic') then 'organic_search'
        when regexp_matches(medium, 'social') then 'organic_social'
        when regexp_matches(medium, 'sms|push') then medium
        when medium = 'referral' then 'referral'
        else 'other'
    end as marketing_channel
from sourced
