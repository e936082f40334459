-- One row per profile that allowed advertising somewhere and denied it nowhere: what lookalikes are
-- recognised by. Nobody else trains them or is among them. `fold` is one of five, the same every night.
-- grain: profile_id
with allowed as (
    select profile_id
    from golden.consents
    anti join golden.restrictions using (profile_id)
    where purpose = 'advertising'
    group by profile_id
    having bool_or(status = 'granted') and not bool_or(status = 'denied')
)
select
    allowed.profile_id,
    (md5_number_lower(allowed.profile_id) % 5)::integer as fold,
    coalesce(facts.order_count, 0) as order_count,
    coalesce(facts.spend_converted, 0)::decimal(18, 2) as spend_converted,
    -- Who never ordered last did so long ago.
    greatest(coalesce(now.as_of::date - facts.last_order_at::date, 3650), 0) as recency_days,
    greatest(coalesce(now.as_of::date - facts.first_event_at::date, 0), 0) as known_days,
    coalesce(facts.session_count, 0) as session_count,
    coalesce(facts.email_opened_count, 0) as email_opened_count,
    coalesce(facts.email_clicked_count, 0) as email_clicked_count,
    coalesce(facts.discount_share, 0) as discount_share,
    coalesce(facts.store_order_share, 0) as store_order_share,
    coalesce(facts.returned_order_count, 0) as returned_order_count,
    coalesce(facts.case_count, 0) as case_count
from allowed
left join golden.customer_facts as facts using (profile_id)
cross join raw.as_of as now
