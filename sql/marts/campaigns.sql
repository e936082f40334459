-- One row per marketing campaign of the CRM. Who was in it, and who answered, is in `events`.
-- grain: record_key
-- partition: record_key
select * from standard.campaigns
