-- One row per spelling of a telephone number and the country by whose habits it is read.
-- grain: phone_text, country
with spelt as (
    select unnest(phone_texts) as phone_text, country_text from standard.person_texts
    union all
    select phone_text, country_text from staging.salesforce__account
    union all
    select phone_text, country_text from staging.shopify__consents
    union all
    select phone_text, null from staging.preferences__consents
    union all
    select phone_text, null from staging.privacy__requests
)
select distinct
    spelt.phone_text,
    coalesce(countries.country, settings.default_country) as country
from spelt
cross join raw.settings as settings
left join standard.countries as countries using (country_text)
where spelt.phone_text is not null
