-- One row per marketing campaign of the CRM. Who was in it, and who answered, is in `events`; what it
-- brought, in `campaign_results`.
-- grain: record_key
-- partition: record_key
select * from standard.campaigns
