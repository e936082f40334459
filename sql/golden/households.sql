-- One row per profile that has an address: people of one surname at one address are a household.
-- grain: profile_id
-- partition: profile_id
with addressed as (
    select
        profile_id,
        md5(concat_ws(
            '|',
            fold(last_name),
            regexp_replace(fold(street), '[^a-z0-9]+', ' ', 'g'),
            regexp_replace(fold(postal_code), '[^a-z0-9]+', '', 'g'),
            country
        )) as household_key
    from golden.profiles
    where last_name is not null
        and street is not null
        and postal_code is not null
)
select profile_id, 'h' || left(household_key, 16) as household_id
from addressed
