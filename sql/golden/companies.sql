-- One row per golden company: the name, domain and industry of its most trusted record (an account
-- before what people name), the latest first; the address of one account, the revenue with its currency.
-- grain: company_id
with records as (
    select
        members.company_id,
        records.record_key,
        records.company,
        records.domain,
        domains.is_evidence as is_own_domain,
        coalesce(trust.trust_rank, 99) as trust_rank,
        records.observed_at,
        records.is_deleted,
        accounts.account_id,
        accounts.website,
        accounts.phone,
        accounts.street,
        accounts.city,
        accounts.region,
        accounts.postal_code,
        accounts.country,
        accounts.industry,
        accounts.employee_count,
        accounts.annual_revenue,
        accounts.revenue_currency
    from identity.company_members as members
    inner join identity.company_records as records using (record_key)
    left join identity.company_domains as domains using (domain)
    left join standard.companies as accounts using (record_key)
    left join golden.source_trust as trust
        on trust.system = records.system and trust.export = records.export
),
ranked as (
    select
        *,
        row_number() over (
            partition by company_id
            order by is_deleted, trust_rank, observed_at desc nulls last, record_key
        ) as rank
    from records
),
chosen as (
    select
        company_id,
        -- arg_min passes over records that lack the value.
        arg_min(company, rank) as company,
        coalesce(
            arg_min(domain, rank) filter (where account_id is not null),
            arg_min(domain, rank) filter (where is_own_domain)
        ) as domain,
        arg_min(website, rank) as website,
        arg_min(phone, rank) as phone,
        -- Of one account, so that no address is put together from two.
        arg_min(
            {
                'street': street, 'city': city, 'region': region,
                'postal_code': postal_code, 'country': country
            },
            rank
        ) filter (where coalesce(street, city, postal_code) is not null) as address,
        arg_min(industry, rank) as industry,
        arg_min(employee_count, rank) as employee_count,
        -- An amount without its currency says nothing.
        arg_min({'amount': annual_revenue, 'currency': revenue_currency}, rank)
            filter (where annual_revenue is not null) as revenue,
        count(*) as record_count,
        count(account_id) as account_count,
        bool_and(is_deleted) as is_deleted
    from ranked
    group by company_id
)
select
    company_id,
    company,
    domain,
    website,
    phone,
    address.street,
    address.city,
    address.region,
    address.postal_code,
    address.country,
    industry,
    employee_count,
    revenue.amount as annual_revenue,
    revenue.currency as revenue_currency,
    record_count,
    account_count,
    is_deleted
from chosen
