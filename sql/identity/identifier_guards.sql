-- One row per e-mail address and phone number that a record of a person carries.
-- A guarded value is no evidence of identity and is no key of any rule: it is a known placeholder,
-- the mailbox of a role, or more people use it than a household has. People are counted by the
-- beginnings of their names, so that typing errors and nicknames of one person do not make a
-- crowd.
-- grain: kind, value
with carried as (
    select record_key, 'email' as kind, email as value
    from identity.clean_records where email is not null
    union
    select record_key, 'phone', phone
    from identity.clean_records where phone is not null
    union
    select identifiers.record_key, identifiers.kind, lower(identifiers.value)
    from standard.identifiers
    where identifiers.kind in ('email', 'phone') and identifiers.value is not null
),

-- addresses that reach one mailbox are judged together
reached as (
    select carried.*, coalesce(mailboxes.mailbox, carried.value) as target
    from carried
    left join identity.mailboxes on carried.kind = 'email' and mailboxes.email = carried.value
),

crowds as (
    select
        reached.kind,
        reached.target,
        count(distinct left(clean_records.last_name, 3)) as surname_count,
        count(distinct left(clean_records.first_root, 2) || ' ' || left(clean_records.last_name, 2))
            as full_name_count
    from reached
    inner join identity.clean_records on clean_records.record_key = reached.record_key
    group by reached.kind, reached.target
),

counted as (
    select
        reached.kind,
        reached.value,
        count(*) as record_count,
        max(crowds.surname_count) as surname_count,
        max(crowds.full_name_count) as full_name_count
    from reached
    inner join crowds on crowds.kind = reached.kind and crowds.target = reached.target
    group by reached.kind, reached.value
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
