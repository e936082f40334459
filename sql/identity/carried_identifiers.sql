-- One row per e-mail address and phone number that a record of a person carries, with the beginnings
-- of the names it stands beside. `target` is what the value reaches: addresses of one mailbox are
-- judged together.
-- grain: record_key, kind, value
-- partition: record_key
with carried as (
    select record_key, 'email' as kind, email as value
    from identity.clean_records where email is not null
    union
    select record_key, 'phone', phone
    from identity.clean_records where phone is not null
    union
    select record_key, 'phone', phone
    from identity.placed_numbers
    union
    select identifiers.record_key, identifiers.kind, lower(identifiers.value)
    from standard.identifiers
    where identifiers.kind in ('email', 'phone') and identifiers.value is not null
)

select
    carried.record_key,
    carried.kind,
    carried.value,
    case when carried.kind = 'email' then coalesce(mailbox(carried.value), carried.value)
        else carried.value end as target,
    persons.observed_at::date as observed_on,
    left(clean_records.last_name, 3) as surname_start,
    left(clean_records.first_root, 2) || ' ' || left(clean_records.last_name, 2) as full_name_start
from carried
inner join identity.clean_records using (record_key)
inner join standard.person_records as persons using (record_key)
