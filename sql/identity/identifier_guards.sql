-- One row per e-mail address and phone number that a record of a person carries.
-- A guarded value is no evidence of identity and is no key of any rule: it is a known placeholder,
-- the mailbox of a role, or more people use it than a household has. People are counted by the
-- beginnings of their names, so that typing errors and nicknames of one person do not make a
-- crowd.
-- grain: kind, value
-- partition: target
with crowds as (
    select
        kind,
        target,
        count(distinct surname_start) as surname_count,
        count(distinct full_name_start) as full_name_count
    from identity.carried_identifiers
    group by kind, target
),

counted as (
    select kind, value, target, count(*) as record_count
    from identity.carried_identifiers
    group by kind, value, target
),

junk as (
    select kind, value, reason from identity.guard_rules where action = 'junk'
),

-- a person's word that a value is evidence, however many share it
trusted as (
    select kind, value from identity.guard_rules where action = 'not_junk'
),

limits as (
    select
        kind,
        max(limit_count) filter (where action = 'max_surnames') as max_surnames,
        max(limit_count) filter (where action = 'max_full_names') as max_full_names
    from identity.guard_rules
    where value = ''
    group by kind
),

judged as (
    select
        counted.*,
        crowds.surname_count,
        crowds.full_name_count,
        case
            when trusted.value is not null then null
            when junk_whole.value is not null then junk_whole.reason
            when junk_local.value is not null then junk_local.reason
            when junk_domain.value is not null then junk_domain.reason
            when junk_phone.value is not null then junk_phone.reason
            when crowds.surname_count > limits.max_surnames
                then 'more than ' || limits.max_surnames || ' surnames'
            when crowds.full_name_count > limits.max_full_names
                then 'more than ' || limits.max_full_names || ' full names'
        end as reason
    from counted
    inner join crowds using (kind, target)
    left join limits using (kind)
    left join trusted
        on trusted.kind = counted.kind
        and trusted.value = if(counted.kind = 'phone', right(counted.value, 7), counted.value)
    left join junk as junk_whole
        on junk_whole.kind = 'email' and counted.kind = 'email' and junk_whole.value = counted.value
    left join junk as junk_local
        on junk_local.kind = 'email_local' and counted.kind = 'email'
        and junk_local.value = regexp_replace(split_part(counted.value, '@', 1), '[^a-z]', '', 'g')
    left join junk as junk_domain
        on junk_domain.kind = 'email_domain' and counted.kind = 'email'
        and junk_domain.value = split_part(counted.value, '@', 2)
    left join junk as junk_phone
        on junk_phone.kind = 'phone' and counted.kind = 'phone'
        and junk_phone.value = right(counted.value, 7)
)

select
    kind,
    value,
    target,
    record_count,
    surname_count,
    full_name_count,
    reason is not null as is_guarded,
    reason
from judged
