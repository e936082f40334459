-- One row per deal, with the golden company of its account.
-- grain: record_key
-- partition: account_key
select deals.*, accounts.company_id
from standard.deals as deals
left join workings.sales_accounts as accounts using (account_key)
