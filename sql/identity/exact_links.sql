-- One row per pair of source records that a named rule holds to be one person without scoring.
-- Within a group of equal keys every record is linked to the first one (a star), never all to all.
-- What linkage vetoes (another birth date, another generation, another first name) outranks a rule.
-- grain: left_record, right_record, rule
with named as (
    select * from identity.comparison_records
    where length(first_name) > 1 and last_name is not null
),

-- Every e-mail and phone of a record, the one compared and the others, but no guarded one.
carried as (
    select record_key, 'email' as kind, email as value from named where email is not null
    union
    select record_key, 'phone', phone from named where phone is not null
    union
    select identifiers.record_key, identifiers.kind, coalesce(mailboxes.mailbox, guards.value)
    from standard.identifiers
    inner join identity.identifier_guards as guards
        on guards.kind = identifiers.kind and guards.value = lower(identifiers.value)
    left join identity.mailboxes on guards.kind = 'email' and mailboxes.email = guards.value
    where not guards.is_guarded
),

keyed as (
    -- Same e-mail, or same phone, and same whole name: a household shares its mailbox and its
    -- landline, but not under one full name.
    select
        named.record_key,
        'same_' || carried.kind || '_and_name' as rule,
        concat_ws('|', carried.value, named.first_name, named.last_name) as key
    from named inner join carried using (record_key)

    union all
    -- Same whole name, same day of birth and same postcode: three facts that agree by chance for
    -- fewer than one in a billion pairs.
    select
        record_key,
        'same_name_birth_and_postcode',
        concat_ws('|', first_name, last_name, birth_on, postal_code)
    from named
    where birth_on is not null and postal_code is not null

    union all
    -- Same whole name in the same house: namesakes who live together are parent and child, whom the
    -- birth date or the suffix tells apart where it is known.
    select
        record_key,
        'same_name_and_address',
        concat_ws('|', first_name, last_name, house_number, street_name, postal_code)
    from named
    where house_number is not null and street_name is not null and postal_code is not null
),

-- An address that nobody names, or that only one person names, is that person's: this is how a
-- newsletter subscriber without a name is attached. Two names on it, and nobody can say whose it
-- is.
nameless_email as (
    select email
    from identity.comparison_records
    where email is not null
    group by email
    having
        count(distinct left(first_root, 3)) <= 1
        and count(*) filter (where first_name is null and last_name is null) > 0
),

nameless as (
    select
        comparison_records.record_key,
        'same_email_without_name' as rule,
        comparison_records.email as key
    from identity.comparison_records
    inner join nameless_email on nameless_email.email = comparison_records.email
),

stars as (
    select
        min(record_key) over (partition by rule, key) as left_record,
        record_key as right_record,
        rule
    from (
        select record_key, rule, key from keyed
        union all
        select record_key, rule, key from nameless
    ) as every_key
),

-- What the vendor itself says: a merged record names its survivor, a converted lead its contact, an
-- order its customer's account.
vendor as (
    select
        least(record_links.left_record, record_links.right_record) as left_record,
        greatest(record_links.left_record, record_links.right_record) as right_record,
        record_links.rule
    from standard.record_links
    inner join identity.comparison_records as lefts
        on lefts.record_key = record_links.left_record
    inner join identity.comparison_records as rights
        on rights.record_key = record_links.right_record
    where record_links.left_record <> record_links.right_record
)

select left_record, right_record, rule from stars where left_record <> right_record
union
select left_record, right_record, rule from vendor
