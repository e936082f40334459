-- One row per source record whose own e-mail or phone is no evidence of identity.
-- grain: record_key
-- partition: record_key
select
    records.record_key,
    max(identifiers.guard) filter (where identifiers.kind = 'email') as email_guard,
    max(identifiers.guard) filter (where identifiers.kind = 'phone') as phone_guard
from identity.clean_records as records
inner join identity.record_identifiers as identifiers
    on identifiers.record_key = records.record_key
    and identifiers.guard is not null
    and identifiers.value in (records.email, records.phone)
group by records.record_key
