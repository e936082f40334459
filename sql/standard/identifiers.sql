-- One row per identifier of a source record: e-mails, telephone numbers and vendors' own ids.
-- grain: record_key, kind, value
-- partition: record_key
with phone_spellings as (
    select
        texts.record_key,
        coalesce(countries.country, settings.default_country) as country,
        unnest(texts.phone_texts) as phone_text
    from standard.person_texts as texts
    cross join raw.settings as settings
    left join standard.countries as countries using (country_text)
),
found as (
    select record_key, 'email' as kind, as_email(email_text) as value
    from standard.person_texts
    union
    select spellings.record_key, 'phone' as kind, phones.phone as value
    from phone_spellings as spellings
    inner join standard.phone_numbers as phones using (phone_text, country)
    union
    select record_key, 'salesforce_id' as kind, record_id as value
    from standard.person_texts
    where system = 'salesforce' and export in ('contact', 'lead')
    union
    select record_key, 'mailchimp_euid' as kind, euid as value
    from staging.mailchimp__members
    union
    select record_key, 'shopify_customer_id' as kind, customer_id as value
    from staging.shopify__customers
    union
    select record_key, 'shopify_customer_id' as kind, customer_id as value
    from staging.shopify__orders
    union
    select record_key, 'square_customer_id' as kind, customer_id as value
    from staging.square__customers
)
select *
from found
where value is not null
    and record_key is not null
