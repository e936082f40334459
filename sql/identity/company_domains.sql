-- One row per domain of company records, with how many names of companies it is seen with: more than
-- three, and no account has it as its web site's, and it is a provider that the list lacks.
-- grain: domain
select
    domain,
    count(distinct short_name) as name_count,
    count(distinct account_id) as account_count,
    name_count <= 3 or account_count between 1 and 3 as is_evidence
from identity.company_records
where domain is not null
group by domain
