-- One row per profile that has a whole address: people of one surname at one address are a household,
-- and so are people of several surnames there who share a mailbox or a telephone. Who shares neither
-- surname nor contact lives in the same house, not in the same household. Why:
-- docs/decisions/households.md.
-- grain: profile_id
-- partition: place_key
with recursive contacts as (
    select place_key, surname, unnest(contact_keys) as contact_key
    from workings.homes
),
shared as (
    select distinct left_ones.place_key, left_ones.surname, right_ones.surname as other_surname
    from contacts as left_ones
    inner join contacts as right_ones
        on right_ones.place_key = left_ones.place_key
        and right_ones.contact_key = left_ones.contact_key
        and right_ones.surname <> left_ones.surname
),
-- Every surname that is reached over shared contacts; few places have any.
reached as (
    select * from shared
    union
    select reached.place_key, reached.surname, shared.other_surname
    from reached
    inner join shared
        on shared.place_key = reached.place_key and shared.surname = reached.other_surname
),
joined as (
    select place_key, surname, min(other_surname) as first_surname
    from reached
    group by place_key, surname
)
select
    homes.profile_id,
    'h' || left(
        md5(homes.place_key || '|' || coalesce(joined.first_surname, homes.surname)), 16
    ) as household_id,
    case when joined.surname is null then 'same_surname_and_address'
        else 'same_address_and_contact' end as rule,
    homes.place_key
from workings.homes as homes
left join joined on joined.place_key = homes.place_key and joined.surname = homes.surname
