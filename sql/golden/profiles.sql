-- One row per golden profile: the winning value of each attribute, and what stands behind it.
-- grain: profile_id
-- partition: profile_id
with winners as (
    select
        profile_id,
        max(value) filter (where attribute = 'first_name') as first_name,
        max(value) filter (where attribute = 'last_name') as last_name,
        max(value) filter (where attribute = 'middle_name') as middle_name,
        max(value) filter (where attribute = 'name_suffix') as name_suffix,
        max(value) filter (where attribute = 'email') as email,
        max(value) filter (where attribute = 'phone') as phone,
        max(value) filter (where attribute = 'street') as street,
        max(value) filter (where attribute = 'city') as city,
        max(value) filter (where attribute = 'region') as region,
        max(value) filter (where attribute = 'postal_code') as postal_code,
        max(value) filter (where attribute = 'country') as country,
        max(value) filter (where attribute = 'birth_on') as birth_on,
        max(value) filter (where attribute = 'gender') as gender,
        max(value) filter (where attribute = 'company') as company
    from golden.profile_attributes
    where is_winner
    group by profile_id
),
sources as (
    select
        profile_id,
        min(coalesce(created_at, observed_at)) as first_recorded_at,
        -- Delivery is no sign of life: only what a system itself dates counts.
        max(changed_at) as last_recorded_at,
        count(*) as source_record_count,
        min(identity_confidence) as identity_confidence
    from workings.person_records
    group by profile_id
)
select
    sources.profile_id,
    winners.first_name,
    winners.last_name,
    winners.middle_name,
    winners.name_suffix,
    winners.email,
    winners.phone,
    winners.street,
    winners.city,
    winners.region,
    winners.postal_code,
    winners.country,
    winners.birth_on::date as birth_on,
    winners.gender,
    winners.company,
    sources.first_recorded_at,
    sources.last_recorded_at,
    sources.source_record_count,
    sources.identity_confidence
from sources
left join winners using (profile_id)
