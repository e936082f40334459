-- One row per telephone number that a record tells without its country and another tells in full: the only
-- number that ends so.
-- grain: record_key, phone
-- partition: ending
with ended as (
    select local.record_key, local.ending, min(full_one.number) as phone
    from identity.dialled_numbers as local
    inner join identity.dialled_numbers as full_one
        on full_one.ending = local.ending
        and full_one.is_full
        and ends_with(full_one.number, local.number)
    where not local.is_full
    group by local.record_key, local.number, local.ending
    having count(distinct full_one.number) = 1
)

select distinct record_key, phone, ending
from ended
