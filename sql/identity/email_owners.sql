-- One row per e-mail address that belongs to exactly one profile and is not guarded.
-- grain: email
-- partition: email
select
    identifiers.value as email,
    min(records.profile_id) as profile_id
from standard.identifiers as identifiers
inner join identity.profile_records as records using (record_key)
left join identity.identifier_guards as guards
    on guards.kind = 'email' and guards.value = identifiers.value and guards.is_guarded
where identifiers.kind = 'email'
    and guards.value is null
group by identifiers.value
having count(distinct records.profile_id) = 1
