-- One row per delivered order: a Shopify order, or a Square transaction with its refunds. A sale that two
-- systems tell of is here twice; standard.orders counts it once. `total` is what was charged, `refunded`
-- what was given back; both are in `currency`. `record_key` is the source record of who bought, if any.
-- grain: order_id
-- partition: order_id
with shopify as (
    select
        order_id,
        'shopify' as system,
        'orders' as export,
        order_number as record_id,
        order_name,
        case when email_text is not null or phone_text is not null
            or billing_phone_text is not null or billing_name is not null
            then record_key end as record_key,
        ordered_at,
        case
            when cancelled_at is not null then 'cancelled'
            when financial_status in ('refunded', 'voided') then financial_status
            when financial_status = 'partially_refunded' then 'partially_refunded'
            when financial_status in ('paid', 'partially_paid') then 'paid'
            else coalesce(financial_status, 'unknown')
        end as status,
        case when source = 'pos' then 'store' else 'web' end as channel,
        location,
        subtotal,
        discount,
        tax,
        total,
        refunded,
        currency,
        payment_reference
    from staging.shopify__orders
),
square as (
    select
        order_id,
        'square' as system,
        'transactions' as export,
        max(transaction_id) as record_id,
        null as order_name,
        'square:customers:' || max(trim(customer_id)) as record_key,
        min(occurred_at) as ordered_at,
        case
            when coalesce(-sum(total_collected) filter (where total_collected < 0), 0) = 0
                then 'paid'
            when sum(total_collected) <= 0 then 'refunded'
            else 'partially_refunded'
        end as status,
        'store' as channel,
        max(location) as location,
        sum(gross_sales) filter (where total_collected >= 0) as subtotal,
        -sum(discount) filter (where total_collected >= 0) as discount,
        sum(tax) filter (where total_collected >= 0) as tax,
        coalesce(sum(total_collected) filter (where total_collected >= 0), 0) as total,
        coalesce(-sum(total_collected) filter (where total_collected < 0), 0) as refunded,
        max(coalesce(locations.currency, settings.default_currency)) as currency,
        max(transaction_id) as payment_reference
    from staging.square__transactions
    cross join raw.settings as settings
    left join raw.location_currencies as locations using (location)
    group by order_id
),
combined as (
    select * from shopify
    union all
    select * from square
)
select
    order_id,
    system,
    export,
    record_id,
    order_name,
    record_key,
    ordered_at::date as ordered_on,
    ordered_at,
    status,
    channel,
    location,
    subtotal::decimal(18, 2) as subtotal,
    discount::decimal(18, 2) as discount,
    tax::decimal(18, 2) as tax,
    total::decimal(18, 2) as total,
    refunded::decimal(18, 2) as refunded,
    currency,
    payment_reference
from combined
