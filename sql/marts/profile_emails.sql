-- One row per profile and e-mail address: all that is known of it, the golden one marked. An address
-- that no record carries is there because people corrected the profile.
-- grain: profile_id, email
-- partition: profile_id
with denied as (
    -- A person's no reaches all that the person has, or one address; a bounce is no opt-out.
    select profile_id, scope, identifier
    from golden.consent_ledger
    where is_standing
        and status = 'denied'
        and channel = 'email'
        and purpose = 'marketing'
        and evidence not in ('bounce', 'cleaned')
),
addresses as (
    select
        coalesce(points.profile_id, profiles.profile_id) as profile_id,
        coalesce(points.value, profiles.email) as email,
        profiles.email is not null as is_primary,
        coalesce(points.is_verified, false) as is_verified,
        coalesce(points.is_bounced, false) as is_bounced,
        points.guard,
        coalesce(points.record_count, 0) as record_count,
        coalesce(points.systems, ['corrections']) as systems,
        points.first_seen_at,
        points.last_seen_at
    from (select * from workings.contact_points where kind = 'email') as points
    full join (select profile_id, email from golden.profiles where email is not null) as profiles
        on profiles.profile_id = points.profile_id and profiles.email = points.value
)
select
    addresses.profile_id,
    addresses.email,
    addresses.is_primary,
    addresses.is_verified,
    addresses.is_bounced,
    addresses.profile_id in (select profile_id from denied where scope = 'person')
    or (addresses.profile_id, addresses.email) in (
        select (profile_id, identifier) from denied where scope = 'identifier'
    ) as is_opted_out,
    addresses.guard,
    addresses.record_count,
    addresses.systems,
    addresses.first_seen_at,
    addresses.last_seen_at
from addresses
