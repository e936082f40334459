-- One row per Salesforce contact: its latest version.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        salesforce_id(id) as contact_id,
        salesforce_id(account_id) as account_id,
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
        as_text(home_phone) as home_phone_text,
        as_text(other_phone) as other_phone_text,
        as_text(mailing_street) as street,
        as_text(mailing_city) as city,
        coalesce(as_text(mailing_state_code), as_text(mailing_state)) as region_text,
        as_text(mailing_postal_code) as postal_code,
        coalesce(as_text(mailing_country_code), as_text(mailing_country)) as country_text,
        as_date(birthdate) as birth_on,
        as_text(title) as job_title,
        as_text(lead_source) as lead_source,
        salesforce_id(owner_id) as owner_id,
        as_boolean(has_opted_out_of_email) as has_opted_out_of_email,
        as_boolean(do_not_call) as has_opted_out_of_calls,
        as_utc(email_bounced_date) as email_bounced_at,
        as_utc(created_date) as created_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        _delivered_at as delivered_at
    from raw.salesforce__contact
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
