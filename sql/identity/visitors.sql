-- One row per anonymous visitor, with the profile once it is known. A login says more than a purchase,
-- which names whoever pays, and that more than a click on a mail's link, which may have been passed
-- on. Signs that point to several people on one device
-- prove nobody: the visitor stays unknown.
-- grain: visitor_id
-- partition: visitor_id
with seen as (
    select
        visitor_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from standard.visitor_days
    group by visitor_id
),
signs as (
    select evidence.visitor_id, 'login' as kind, 1 as strength, owners.profile_id
    from standard.visitor_evidence as evidence
    inner join identity.email_owners as owners on owners.email = evidence.value
    where evidence.kind = 'login'
    union all
    -- Two shops may number alike, so the order must have been made on that day or beside it.
    select evidence.visitor_id, 'purchase', 2, records.profile_id
    from standard.visitor_evidence as evidence
    inner join standard.orders as orders
        on orders.order_name = evidence.value
        and orders.channel = 'web'
        and orders.ordered_at::date
            between evidence.occurred_on - interval 1 day and evidence.occurred_on + interval 1 day
    inner join identity.profile_records as records on records.record_key = orders.record_key
    where evidence.kind = 'purchase'
    union all
    select evidence.visitor_id, 'mailchimp_click', 3, records.profile_id
    from standard.visitor_evidence as evidence
    inner join identity.profile_records as records
        on records.record_key = 'mailchimp:members:' || evidence.value
    where evidence.kind = 'mailchimp_click'
    union all
    select evidence.visitor_id, 'sendgrid_click', 3, owners.profile_id
    from standard.visitor_evidence as evidence
    inner join standard.email_clicks as clicks on clicks.click_token = evidence.value
    inner join identity.email_owners as owners on owners.email = clicks.email
    where evidence.kind = 'sendgrid_click'
),
strongest as (
    select *
    from signs
    qualify strength = min(strength) over (partition by visitor_id)
),
recognised as (
    select visitor_id, min(profile_id) as profile_id, min(kind) as linked_by
    from strongest
    group by visitor_id
    having count(distinct profile_id) = 1
)
select
    seen.visitor_id,
    split_part(seen.visitor_id, ':', 1) as system,
    seen.first_seen_at,
    seen.last_seen_at,
    recognised.profile_id,
    recognised.linked_by
from seen
left join recognised using (visitor_id)
