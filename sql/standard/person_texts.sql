-- One row per source record of a person, as its system writes it, all systems in one shape. Guests'
-- orders and cases that name somebody are source records of people too.
-- grain: record_key
-- partition: record_key
with contacts as (
    select
        record_key, 'salesforce' as system, 'contact' as export, contact_id as record_id,
        salutation, first_name, middle_name, last_name, name_suffix, null as full_name_text,
        email_text,
        coalesce(mobile_phone_text, phone_text, home_phone_text, other_phone_text) as phone_text,
        list_value(mobile_phone_text, phone_text, home_phone_text, other_phone_text)
            as phone_texts,
        street, city, region_text, postal_code, country_text, birth_on, null as company,
        created_at, modified_at as observed_at, delivered_at, is_deleted
    from staging.salesforce__contact
),
leads as (
    select
        record_key, 'salesforce' as system, 'lead' as export, lead_id as record_id,
        salutation, first_name, middle_name,
        -- What Salesforce itself writes where a person gave no company or surname.
        nullif(last_name, '[not provided]') as last_name,
        name_suffix, null as full_name_text, email_text,
        coalesce(mobile_phone_text, phone_text) as phone_text,
        list_value(mobile_phone_text, phone_text) as phone_texts,
        street, city, region_text, postal_code, country_text, null::date as birth_on,
        nullif(company, '[not provided]') as company,
        created_at, modified_at as observed_at, delivered_at, is_deleted
    from staging.salesforce__lead
),
-- A case with a contact is the contact's; one that only names somebody is a record of its own.
cases as (
    select
        record_key, 'salesforce' as system, 'case' as export, case_id as record_id,
        null as salutation, null as first_name, null as middle_name, null as last_name,
        null as name_suffix, supplied_name as full_name_text, email_text, phone_text,
        list_value(phone_text) as phone_texts,
        null as street, null as city, null as region_text, null as postal_code,
        null as country_text, null::date as birth_on, supplied_company as company,
        created_at, modified_at as observed_at, delivered_at, is_deleted
    from staging.salesforce__case
    where contact_id is null
        and (email_text is not null or phone_text is not null or supplied_name is not null)
),
members as (
    select
        record_key, 'mailchimp' as system, 'members' as export,
        split_part(record_key, ':', 3) as record_id,
        null as salutation, first_name, null as middle_name, last_name, null as name_suffix,
        null as full_name_text, email_text, phone_text, list_value(phone_text) as phone_texts,
        street, city, region_text, postal_code, country_text, null::date as birth_on, company,
        coalesce(opted_in_at, confirmed_at) as created_at, modified_at as observed_at,
        delivered_at, false as is_deleted
    from staging.mailchimp__members
    qualify row_number() over (
        partition by record_key order by modified_at desc nulls last, delivered_at desc, leid
    ) = 1
),
customers as (
    select
        record_key, 'shopify' as system, 'customers' as export,
        split_part(record_key, ':', 3) as record_id,
        null as salutation, first_name, null as middle_name, last_name, null as name_suffix,
        null as full_name_text, email_text, coalesce(phone_text, address_phone_text) as phone_text,
        list_value(phone_text, address_phone_text) as phone_texts,
        street, city, region_text, postal_code, country_text, null::date as birth_on, company,
        null::timestamp as created_at, null::timestamp as observed_at, delivered_at,
        false as is_deleted
    from staging.shopify__customers
),
orders as (
    select
        record_key, 'shopify' as system, 'orders' as export, order_number as record_id,
        null as salutation, null as first_name, null as middle_name, null as last_name,
        null as name_suffix, billing_name as full_name_text, email_text,
        coalesce(phone_text, billing_phone_text) as phone_text,
        list_value(phone_text, billing_phone_text) as phone_texts,
        street, city, region_text, postal_code, country_text, null::date as birth_on, company,
        ordered_at as created_at, ordered_at as observed_at, delivered_at, false as is_deleted
    from staging.shopify__orders
    where email_text is not null
        or phone_text is not null
        or billing_phone_text is not null
        or billing_name is not null
),
shoppers as (
    select
        record_key, 'square' as system, 'customers' as export,
        trim(customer_id) as record_id,
        null as salutation, null as first_name, null as middle_name, null as last_name,
        null as name_suffix, customer_name as full_name_text, null as email_text,
        null as phone_text, []::varchar[] as phone_texts,
        null as street, null as city, null as region_text, null as postal_code,
        null as country_text, null::date as birth_on, null as company,
        created_at, modified_at as observed_at, modified_at as delivered_at, false as is_deleted
    from staging.square__customers
)
select * from contacts
union all select * from leads
union all select * from cases
union all select * from members
union all select * from customers
union all select * from orders
union all select * from shoppers
