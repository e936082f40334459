-- One row per profile that has a whole address: people of one surname at one address are a
-- household. Name and address are compared as linkage compares them: 1 Elm St. is 1 Elm Street.
-- grain: profile_id
-- partition: profile_id
with addressed as (
    select
        profiles.profile_id,
        md5(concat_ws(
            '|',
            records.last_name,
            records.house_number,
            records.street_name,
            records.postal_code,
            profiles.country
        )) as household_key
    from golden.profiles as profiles
    -- All of a profile's address comes from one record, the one whose street won.
    inner join golden.profile_attributes as attributes
        on attributes.profile_id = profiles.profile_id
        and attributes.attribute = 'street'
        and attributes.is_winner
    inner join identity.comparison_records as records
        on records.record_key = attributes.record_key
    where records.last_name is not null
        and records.house_number is not null
        and records.street_name is not null
        and records.postal_code is not null
)
select profile_id, 'h' || left(household_key, 16) as household_id
from addressed
