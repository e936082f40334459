-- One row per company record: a CRM account.
-- grain: record_key
-- partition: record_key
select
    accounts.record_key,
    accounts.account_id,
    accounts.parent_account_id,
    accounts.master_record_id as master_account_id,
    accounts.company,
    accounts.account_type,
    accounts.industry,
    accounts.annual_revenue,
    case when accounts.annual_revenue is not null
        then coalesce(accounts.currency, settings.default_currency) end as revenue_currency,
    accounts.employee_count,
    accounts.website,
    lower(regexp_extract(accounts.website, '^(?:https?://)?(?:www\.)?([^/:?#]+)', 1)) as domain,
    phones.phone,
    accounts.street,
    accounts.city,
    regions.region,
    accounts.postal_code,
    countries.country,
    accounts.owner_id,
    accounts.created_at,
    accounts.modified_at,
    accounts.is_deleted
from staging.salesforce__account as accounts
cross join raw.settings as settings
left join standard.countries as countries using (country_text)
left join standard.regions as regions
    on regions.region_text = accounts.region_text
    and regions.country = coalesce(countries.country, settings.default_country)
left join standard.phone_numbers as phones
    on phones.phone_text = accounts.phone_text
    and phones.country = coalesce(countries.country, settings.default_country)
