-- One row per session on the web site or in the app, with the profile once it is known: how far it came and
-- what brought it.
-- grain: session_id
-- partition: actor_key
select
    sessions.session_id,
    actors.profile_id,
    sessions.visitor_id,
    sessions.channel,
    sessions.started_at,
    sessions.ended_at,
    sessions.event_count,
    sessions.product_view_count,
    sessions.cart_add_count,
    sessions.checkout_start_count,
    sessions.checkout_complete_count,
    sessions.landing_path,
    sessions.source,
    sessions.medium,
    sessions.campaign,
    sessions.marketing_channel,
    sessions.actor_key
from standard.sessions as sessions
left join identity.actors as actors using (actor_key)
