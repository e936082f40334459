-- One row per company record: a CRM account.
-- grain: record_key
-- partition: record_key
select * from standard.companies
