-- One row per Salesforce lead: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as lead_id,
        salesforce_id(master_record_id) as master_record_id,
        coalesce(as_boolean(is_deleted), false) as is_deleted,
        as_text(salutation) as salutation,
        as_text(first_name) as first_name,
        as_text(middle_name) as middle_name,
        as_text(last_name) as last_name,
        as_text(suffix) as name_suffix,
        as_text(email) as email_text,
        as_text(phone) as phone_text,
        as_text(mobile_phone) as mobile_phone_text,
        as_text(street) as street,
        as_text(city) as city,
        coalesce(as_text(state_code), as_text(state)) as region_text,
        as_text(postal_code) as postal_code,
        coalesce(as_text(country_code), as_text(country)) as country_text,
        as_text(title) as job_title,
        -- Some orgs put the account's id where the company's name belongs.
        case when regexp_full_match(as_text(company), '001[0-9A-Za-z]{12}([0-9A-Za-z]{3})?')
            then null else as_text(company) end as company,
        as_text(lead_source) as lead_source,
        as_text(status) as status,
        coalesce(as_boolean(is_converted), false) as is_converted,
        as_date(converted_date) as converted_on,
        salesforce_id(converted_contact_id) as converted_contact_id,
        salesforce_id(converted_account_id) as converted_account_id,
        salesforce_id(converted_opportunity_id) as converted_opportunity_id,
        salesforce_id(owner_id) as owner_id,
        as_boolean(has_opted_out_of_email) as has_opted_out_of_email,
        as_boolean(do_not_call) as has_opted_out_of_calls,
        as_utc(email_bounced_date) as email_bounced_at,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__lead
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
