-- One row per spelling of a country in records of people and companies.
-- grain: country_text
select distinct country_text
from (
    select country_text from standard.person_texts
    union all
    select country_text from staging.salesforce__account
    union all
    select country_text from staging.shopify__consents
)
where country_text is not null
