-- One row per service case, with the golden company of its account.
-- grain: record_key
-- partition: account_key
select cases.*, accounts.company_id
from standard.cases as cases
left join workings.sales_accounts as accounts using (account_key)
