-- One row per source record of a person: what linkage compares, and nothing that is no evidence.
-- Equal rows of this table (but for the key) are scored once. Guarded e-mails and phones are null.
-- grain: record_key
select
    clean_records.record_key,
    clean_records.first_name,
    clean_records.first_forms,
    clean_records.first_root,
    clean_records.last_name,
    clean_records.name_suffix,
    clean_records.birth_on,
    case when email_guard.value is null then clean_records.mailbox end as email,
    -- too short a local part (j@, jo@) is shared by strangers
    case
        when email_guard.value is null and length(clean_records.email_local) >= 5
            then clean_records.email_local
    end as email_local,
    case when phone_guard.value is null then clean_records.phone end as phone,
    clean_records.house_number,
    clean_records.street_name,
    clean_records.postal_code,
    clean_records.city,
    clean_records.region
from identity.clean_records
left join identity.identifier_guards as email_guard
    on email_guard.kind = 'email'
    and email_guard.value = clean_records.email
    and email_guard.is_guarded
left join identity.identifier_guards as phone_guard
    on phone_guard.kind = 'phone'
    and phone_guard.value = clean_records.phone
    and phone_guard.is_guarded
