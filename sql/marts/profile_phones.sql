-- One row per profile and telephone number: all that is known of it, the golden one marked. A number
-- that no record carries is there because people corrected the profile.
-- grain: profile_id, phone
-- partition: profile_id
with denied as (
    -- A person's no reaches all that the person has, or one number.
    select profile_id, scope, identifier
    from golden.consent_ledger
    where is_standing
        and status = 'denied'
        and channel in ('phone', 'sms')
        and purpose = 'marketing'
),
numbers as (
    select
        coalesce(points.profile_id, profiles.profile_id) as profile_id,
        coalesce(points.value, profiles.phone) as phone,
        profiles.phone is not null as is_primary,
        coalesce(points.is_verified, false) as is_verified,
        points.guard,
        coalesce(points.record_count, 0) as record_count,
        coalesce(points.systems, ['corrections']) as systems,
        points.first_seen_at,
        points.last_seen_at
    from (select * from workings.contact_points where kind = 'phone') as points
    full join (select profile_id, phone from golden.profiles where phone is not null) as profiles
        on profiles.profile_id = points.profile_id and profiles.phone = points.value
)
select
    numbers.profile_id,
    numbers.phone,
    numbers.is_primary,
    numbers.is_verified,
    numbers.profile_id in (select profile_id from denied where scope = 'person')
    or (numbers.profile_id, numbers.phone) in (
        select (profile_id, identifier) from denied where scope = 'identifier'
    ) as is_opted_out,
    numbers.guard,
    numbers.record_count,
    numbers.systems,
    numbers.first_seen_at,
    numbers.last_seen_at
from numbers
