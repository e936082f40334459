-- One row per record and key by which a named rule may hold it to be one person with another record.
-- A vendor's statement is a key of the record that makes it, with the record it speaks of.
-- grain: record_key, rule, key
-- partition: record_key
with named as (
    select * from identity.comparison_records
    where length(first_name) > 1 and last_name is not null
)

-- Same e-mail, or same phone, and same whole name: a household shares its mailbox and its
-- landline, but not under one full name. Every address and number of the record counts.
select distinct
    named.record_key,
    'same_' || identifiers.kind || '_and_name' as rule,
    concat_ws('|', identifiers.target, named.first_name, named.last_name) as key,
    null as linked_record,
    null as name_start,
    null as phone,
    null as house
from named
inner join identity.record_identifiers as identifiers
    on identifiers.record_key = named.record_key and identifiers.guard is null

union all
-- Same whole name, same day of birth and same postcode: three facts that agree by chance for
-- fewer than one in a billion pairs.
select
    record_key,
    'same_name_birth_and_postcode' as rule,
    concat_ws('|', first_name, last_name, birth_on, postal_code) as key,
    null as linked_record,
    null as name_start,
    null as phone,
    null as house
from named
where birth_on is not null and postal_code is not null

union all
-- Same whole name in the same house: namesakes who live together are parent and child, whom the
-- birth date or the suffix tells apart where it is known.
select
    record_key,
    'same_name_and_address' as rule,
    concat_ws('|', first_name, last_name, house_number, street_name, postal_code) as key,
    null as linked_record,
    null as name_start,
    null as phone,
    null as house
from named
where house_number is not null and street_name is not null and postal_code is not null

union all
-- An address that nobody names, or that only one person names, is that person's: this is how a
-- newsletter subscriber without a name is attached. An empty name_start is a record without a name; its
-- telephone and house may say that it is somebody else's.
select
    record_key,
    'same_email_without_name' as rule,
    email as key,
    null as linked_record,
    case when first_name is null and last_name is null then '' else left(first_root, 3) end as name_start,
    phone,
    house_number || '|' || street_name as house
from identity.comparison_records
where email is not null

union all
-- What the vendor itself says: a merged record names its survivor, a converted lead its contact, an
-- order its customer's account.
select record_key, rule, linked_record as key, linked_record, null as name_start, null as phone, null as house
from standard.record_links
