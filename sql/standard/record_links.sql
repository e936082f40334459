-- One row per source record of a person and record that its vendor says is the same person. The
-- other record may not have been delivered (yet).
-- grain: record_key, linked_record, rule
-- partition: record_key
with links as (
    -- A merge in the CRM leaves the loser with the winner's id.
    select
        record_key,
        'salesforce:contact:' || master_record_id as linked_record,
        'salesforce_merge' as rule
    from staging.salesforce__contact
    where master_record_id is not null
    union all
    select
        record_key,
        'salesforce:lead:' || master_record_id as linked_record,
        'salesforce_merge' as rule
    from staging.salesforce__lead
    where master_record_id is not null
    union all
    -- A converted lead became that contact.
    select
        record_key,
        'salesforce:contact:' || converted_contact_id as linked_record,
        'salesforce_converted_lead' as rule
    from staging.salesforce__lead
    where converted_contact_id is not null
    union all
    -- Shops whose orders carry the customer's id.
    select
        record_key,
        'shopify:customers:' || customer_id as linked_record,
        'shopify_customer_order' as rule
    from staging.shopify__orders
    where customer_id is not null
    union all
    -- Tills whose customers carry the id that the web shop knows them by.
    select
        record_key,
        'shopify:customers:' || reference_id as linked_record,
        'square_customer_reference' as rule
    from staging.square__customers
    where reference_id is not null
)
select distinct record_key, linked_record, rule
from links
where record_key <> linked_record
