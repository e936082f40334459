-- One row per golden profile: one person, with the best value of each attribute, the household, and
-- when the person was first and last heard of in any system.
-- grain: profile_id
-- partition: profile_id
select
    profiles.profile_id,
    profiles.first_name,
    profiles.last_name,
    profiles.middle_name,
    profiles.name_suffix,
    profiles.email,
    profiles.phone,
    profiles.street,
    profiles.city,
    profiles.region,
    profiles.postal_code,
    profiles.country,
    profiles.birth_on,
    profiles.gender,
    profiles.company,
    households.household_id,
    least(profiles.first_recorded_at, facts.first_event_at, facts.first_order_at) as first_seen_at,
    coalesce(
        greatest(profiles.last_recorded_at, facts.last_event_at, facts.last_order_at),
        profiles.first_recorded_at
    ) as last_seen_at,
    profiles.source_record_count,
    profiles.identity_confidence
from golden.profiles as profiles
left join golden.households as households using (profile_id)
left join golden.customer_facts as facts using (profile_id)
