-- One row per source record of a person: what linkage compares, and nothing that is no evidence.
-- Equal rows of this table (but for the key) are scored once. Guarded e-mails and phones are null.
-- grain: record_key
-- partition: record_key
select
    clean_records.record_key,
    clean_records.first_name,
    clean_records.second_name,
    clean_records.first_forms,
    clean_records.first_root,
    clean_records.last_name,
    clean_records.name_suffix,
    clean_records.birth_on,
    emails.target as email,
    -- too short a local part (j@, jo@) is shared by strangers
    case when length(mailbox_letters(emails.value)) >= 5 then mailbox_letters(emails.value) end
        as email_local,
    phones.value as phone,
    case when houses.is_crowded is not true then clean_records.house_number end as house_number,
    case when houses.is_crowded is not true then clean_records.street_name end as street_name,
    clean_records.postal_code,
    clean_records.city,
    clean_records.region
from identity.clean_records
left join identity.record_identifiers as emails
    on emails.record_key = clean_records.record_key
    and emails.kind = 'email'
    and emails.value = clean_records.email
    and emails.guard is null
left join identity.record_identifiers as phones
    on phones.record_key = clean_records.record_key
    and phones.kind = 'phone'
    and phones.value = clean_records.phone
    and phones.guard is null
left join identity.record_houses as houses on houses.record_key = clean_records.record_key
