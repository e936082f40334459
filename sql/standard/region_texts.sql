-- One row per spelling of a region and the country it is in.
-- grain: region_text, country
with spelt as (
    select region_text, country_text from standard.person_texts
    union all
    select region_text, country_text from staging.salesforce__account
)
select distinct
    spelt.region_text,
    coalesce(countries.country, settings.default_country) as country
from spelt
cross join raw.settings as settings
left join standard.countries as countries using (country_text)
where spelt.region_text is not null
