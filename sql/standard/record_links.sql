-- One row per link between two source records of people that their vendor gives itself.
-- grain: left_record, right_record, rule
with links as (
    -- A merge in the CRM leaves the loser with the winner's id.
    select
        record_key as left_record,
        'salesforce:contact:' || master_record_id as right_record,
        'salesforce_merge' as rule
    from staging.salesforce__contact
    where master_record_id is not null
    union all
    select
        record_key as left_record,
        'salesforce:lead:' || master_record_id as right_record,
        'salesforce_merge' as rule
    from staging.salesforce__lead
    where master_record_id is not null
    union all
    -- A converted lead became that contact.
    select
        record_key as left_record,
        'salesforce:contact:' || converted_contact_id as right_record,
        'salesforce_converted_lead' as rule
    from staging.salesforce__lead
    where converted_contact_id is not null
    union all
    -- Shops whose orders carry the customer's id.
    select
        orders.record_key as left_record,
        customers.record_key as right_record,
        'shopify_customer_order' as rule
    from staging.shopify__orders as orders
    inner join staging.shopify__customers as customers using (customer_id)
    union all
    -- Tills whose customers carry the id that the web shop knows them by.
    select
        shoppers.record_key as left_record,
        customers.record_key as right_record,
        'square_customer_reference' as rule
    from staging.square__customers as shoppers
    inner join staging.shopify__customers as customers
        on customers.customer_id = shoppers.reference_id
),
-- The other record may not have been delivered (yet): a link needs both.
known as (
    select links.*
    from links
    inner join standard.person_texts as lefts on lefts.record_key = links.left_record
    inner join standard.person_texts as rights on rights.record_key = links.right_record
)
select distinct left_record, right_record, rule
from known
where left_record <> right_record
