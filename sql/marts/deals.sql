-- One row per deal: a CRM opportunity.
-- grain: record_key
-- partition: record_key
select * from standard.deals
