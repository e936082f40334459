-- One row per source record that names a company: an account, or a record of a person that says where
-- the person works. `whole_name` is the name as compared, `short_name` lacks the legal form too
-- (Orchard Catering, Inc. and Orchard Catering LLC have one). What is no name and what is nobody's
-- domain is null. The address of a person's record says where, not who: only its city is kept.
-- grain: record_key
-- partition: record_key
with named as (
    select
        record_key, 'salesforce' as system, 'account' as export, account_id as record_id,
        account_id, parent_account_id, master_account_id, company, domain, phone, city, country,
        modified_at as observed_at, is_deleted
    from standard.companies
    union all
    select
        people.record_key, people.system, people.export, people.record_id,
        null, null, null, people.company,
        split_part(people.email, '@', 2), people.phone, people.city, people.country,
        people.observed_at, people.is_deleted
    from standard.person_records as people
    where people.company is not null
),
folded as (
    select
        *,
        -- with & as a word and S.A. as one; other signs part words
        trim(regexp_replace(
            replace(replace(fold(company), '&', ' and '), '.', ''), '[^\p{L}\p{N}]+', ' ', 'g'
        )) as whole_name
    from named
),
shortened as (
    select
        *,
        coalesce(
            nullif(trim(regexp_replace(
                whole_name,
                '^the |(( and)? (inc|incorporated|corp|corporation|co|company|llc|llp|lp|ltd|limited'
                || '|plc|pllc|pc|gmbh|mbh|ag|kg|kgaa|ohg|ug|gbr|ev|eg|se|sa|sas|sasu|sarl|eurl|sci|srl'
                || '|spa|sl|bv|nv|vof|ab|as|asa|aps|oy|oyj|pty|pte|kk|haftungsbeschrankt))+$',
                '', 'g'
            )), ''),
            whole_name
        ) as short_name
    from folded
)
select
    shortened.record_key,
    shortened.system,
    shortened.export,
    shortened.record_id,
    shortened.account_id,
    shortened.parent_account_id,
    shortened.master_account_id,
    shortened.company,
    shortened.whole_name,
    shortened.short_name,
    case when nobodys.domain is null then nullif(shortened.domain, '') end as domain,
    shortened.phone,
    fold(shortened.city) as city,
    shortened.country,
    shortened.observed_at,
    shortened.is_deleted
from shortened
left join identity.freemail_domains as nobodys on nobodys.domain = shortened.domain
where shortened.account_id is not null
    or replace(shortened.whole_name, ' ', '') not in (
        '', 'na', 'none', 'no', 'nil', 'null', 'unknown', 'notprovided', 'private', 'privat', 'personal',
        'home', 'self', 'selfemployed', 'freelance', 'freelancer', 'student', 'retired', 'unemployed',
        'company', 'test', 'individual', 'myself', 'me', 'consumer', 'household'
    )
