-- One row per company, person and kind of evidence that the person belongs to it: the CRM's own contact
-- or converted lead (`account_contact`, `converted_lead`), an address at the company's domain
-- (`work_email_domain`), or that the person named it (`company_named`).
-- grain: company_id, profile_id, evidence
-- partition: profile_id
with domains as (
    select domain, min(company_id) as company_id
    from golden.companies
    where domain is not null
    group by domain
    having count(*) = 1
),
found as (
    select
        members.company_id, people.profile_id, links.evidence, people.record_key, links.observed_at
    from standard.account_links as links
    inner join workings.person_records as people using (record_key)
    inner join identity.company_members as members
        on members.record_key = 'salesforce:account:' || links.account_id
    union all
    select
        domains.company_id, people.profile_id, 'work_email_domain', people.record_key,
        people.observed_at
    from workings.person_records as people
    inner join domains on domains.domain = split_part(people.email, '@', 2)
    union all
    select members.company_id, people.profile_id, 'company_named', people.record_key, people.observed_at
    from identity.company_members as members
    inner join workings.person_records as people using (record_key)
)
select
    company_id,
    profile_id,
    evidence,
    count(*) as record_count,
    max(observed_at) as observed_at,
    min(record_key) as record_key
from found
group by company_id, profile_id, evidence
