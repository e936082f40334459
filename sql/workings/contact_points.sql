-- One row per profile and e-mail address or telephone number of its records: what is known of it. An
-- address is verified when it is known to reach a person: confirmed by double opt-in, delivered to,
-- opened, clicked or signed in with, and no mail came back for good since. No source says so of numbers.
-- grain: profile_id, actor_key
-- partition: actor_key
with carried as (
    select
        profile_id,
        actor_key,
        kind,
        value,
        min(guard) as guard,
        count(*) as record_count,
        list_sort(list(distinct system)) as systems,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        max(confirmed_at) as confirmed_at,
        max(bounced_at) as bounced_at
    from workings.contact_records
    group by profile_id, actor_key, kind, value
),
reached as (
    select
        carried.*,
        greatest(carried.bounced_at, mails.last_bounced_at) as last_bounced_at,
        greatest(
            carried.confirmed_at, mails.last_delivered_at, mails.last_opened_at, mails.last_clicked_at,
            mails.last_login_at
        ) as last_reached_at
    from carried
    left join standard.email_deliverability as mails using (actor_key)
)
select
    profile_id,
    actor_key,
    kind,
    value,
    guard,
    record_count,
    systems,
    first_seen_at,
    last_seen_at,
    last_reached_at,
    last_bounced_at,
    coalesce(last_reached_at >= last_bounced_at, last_reached_at is not null) as is_verified,
    coalesce(last_bounced_at > last_reached_at, last_bounced_at is not null) as is_bounced
from reached
