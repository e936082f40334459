-- One row per Salesforce account: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as account_id,
        salesforce_id(master_record_id) as master_record_id,
        salesforce_id(parent_id) as parent_account_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(name) as company,
        as_text(type) as account_type,
        as_text(billing_street) as street,
        as_text(billing_city) as city,
        coalesce(as_text(billing_state_code), as_text(billing_state)) as region_text,
        as_text(billing_postal_code) as postal_code,
        coalesce(as_text(billing_country_code), as_text(billing_country)) as country_text,
        as_text(phone) as phone_text,
        as_text(website) as website,
        as_text(industry) as industry,
        as_decimal(annual_revenue) as annual_revenue,
        upper(as_text(currency_iso_code)) as currency,
        as_integer(number_of_employees) as employee_count,
        salesforce_id(owner_id) as owner_id,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__account
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (
    partition by record_key order by modified_at desc nulls last, last_at desc, hash(versions)
) = 1
