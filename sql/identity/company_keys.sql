-- One row per company record and key that it shares with others: records with one key under one rule
-- are one company, unless something speaks against it. Rules are tried in the order of `rank`: a name
-- written as one account's own is that account's before a like name in the same city.
-- grain: rule, company_key, record_key
with records as (
    select records.* exclude (domain), domains.domain
    from identity.company_records as records
    left join identity.company_domains as domains
        on domains.domain = records.domain and domains.is_evidence
),
-- A name that just one account has means that account, where nothing but the name is known.
only_accounts as (
    select whole_name, min(account_id) as account_id
    from records
    where account_id is not null and not is_deleted
    group by whole_name
    having count(*) = 1
),
keyed as (
    -- The CRM merged two accounts: the one that was left out names the one that stayed.
    select
        record_key, 1 as rank, 'merged_account' as rule,
        coalesce(master_account_id, account_id) as company_key
    from records
    where account_id is not null
    union all
    select record_key, 2, 'converted_lead', account_id
    from standard.account_links semi join records using (record_key)
    where evidence = 'converted_lead'
    union all
    select record_key, 2, 'converted_lead', account_id from records where account_id is not null
    union all
    select record_key, 3, 'same_domain', domain from records
    union all
    select record_key, 4, 'same_name_and_phone', short_name || '|' || phone from records
    union all
    select records.record_key, 5, 'only_account_of_that_name', only_accounts.account_id
    from records
    inner join only_accounts using (whole_name)
    where records.domain is null or records.account_id = only_accounts.account_id
    union all
    select record_key, 6, 'same_name_and_city', concat_ws('|', short_name, city, country)
    from records
    where city is not null and country is not null
),
shared as (
    select *, count(*) over (partition by rule, company_key) as record_count
    from keyed
    where company_key is not null
)
select record_key, rank, rule, company_key
from shared
where record_count > 1
