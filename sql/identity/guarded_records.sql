-- One row per source record whose own e-mail or phone is no evidence of identity.
-- grain: record_key
-- partition: record_key
select
    records.record_key,
    max(guards.reason) filter (where guards.kind = 'email') as email_guard,
    max(guards.reason) filter (where guards.kind = 'phone') as phone_guard
from standard.person_records as records
inner join identity.identifier_guards as guards
    on guards.is_guarded
    and ((guards.kind = 'email' and guards.value = records.email)
        or (guards.kind = 'phone' and guards.value = records.phone))
group by records.record_key
