-- One row per e-mail address and phone number that a record of a person carries.
-- A guarded value is no evidence of identity and is no key of any rule: it is a known placeholder, the
-- mailbox of a role, or more people use it than a household has. People are counted by the beginnings
-- of their names, so that typing errors and nicknames of one person do not make a crowd.
-- grain: kind, value
with carried as (
    select record_key, 'email' as kind, email as value from identity.clean_records where email is not null
    union
    select record_key, 'phone', phone from identity.clean_records where phone is not null
    union
    select identifiers.record_key, identifiers.kind, lower(identifiers.value)
    from standard.identifiers
    where identifiers.kind in ('email', 'phone') and identifiers.value is not null
),

counted as (
    select
        carried.kind,
        carried.value,
        count(*) as record_count,
        count(distinct left(clean_records.last_name, 3)) as surname_count,
        count(distinct left(clean_records.first_root, 2) || ' ' || left(clean_records.last_name, 2))
            as full_name_count
    from carried
    inner join identity.clean_records on clean_records.record_key = carried.record_key
    group by carried.kind, carried.value
),

judged as (
    select
        counted.*,
        case
            when junk_whole.value is not null then junk_whole.reason
            when junk_local.value is not null then junk_local.reason
            when junk_domain.value is not null then junk_domain.reason
            when junk_phone.value is not null then junk_phone.reason
            when counted.surname_count > 3 then 'more than 3 surnames'
            when counted.full_name_count > 5 then 'more than 5 full names'
        end as reason
    from counted
    left join identity.junk_values as junk_whole
        on junk_whole.kind = 'email' and counted.kind = 'email' and junk_whole.value = counted.value
    left join identity.junk_values as junk_local
        on junk_local.kind = 'email_local' and counted.kind = 'email'
        and junk_local.value = regexp_replace(split_part(counted.value, '@', 1), '[^a-z]', '', 'g')
    left join identity.junk_values as junk_domain
        on junk_domain.kind = 'email_domain' and counted.kind = 'email'
        and junk_domain.value = split_part(counted.value, '@', 2)
    left join identity.junk_values as junk_phone
        on junk_phone.kind = 'phone' and counted.kind = 'phone'
        and junk_phone.value = right(counted.value, 7)
)

select
    kind,
    value,
    record_count,
    surname_count,
    full_name_count,
    reason is not null as is_guarded,
    reason
from judged
