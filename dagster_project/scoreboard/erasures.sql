-- Of those who were erased, records and addresses that are nowhere to be found, also after they were sent
-- again. What somebody else goes by too stays with that person.
with theirs as (
    select unnest(identifiers) as identifier from truth.erasures
),
others as (
    select unnest([email, second_email, work_email, family_email, mobile, landline]) as identifier
    from truth.people
),
published_texts as (
    select record_key as identifier from profile_records
    union all
    select email from profile_emails
    union all
    select phone from profile_phones
)
select
    'erased for good' as measure,
    if(identifier like '%:%:%', 'records', 'addresses and numbers') as detail,
    count(*) filter (where identifier not in (select identifier from published_texts)) as right,
    count(*) filter (where identifier in (select identifier from published_texts)) as wrong
from theirs
where identifier not in (select identifier from others where identifier is not null)
group by detail
