-- One row per line item of a Square payment or refund, in its latest delivery. Lines have no id of
-- their own: equal lines of one payment are told apart by their number among equals.
-- grain: transaction_id, line_key
-- partition: transaction_id
with typed as (
    select
        transaction_id,
        'square:' || as_text(transaction_id) as order_id,
        coalesce(as_text(payment_id), '') as payment_id,
        as_text(item) as product_name,
        as_text(price_point_name) as price_point,
        as_text(sku) as sku,
        as_text(category) as category,
        as_decimal(qty) as quantity,
        as_decimal(gross_sales) as gross_sales,
        coalesce(as_decimal(discounts), 0) as discount,
        as_decimal(net_sales) as net_sales,
        coalesce(as_decimal(tax), 0) as tax,
        coalesce(as_text(event_type), 'Payment') as square_event_type,
        square_utc("date", "time", time_zone) as occurred_at,
        as_text(location) as location,
        as_text(customer_id) as customer_id,
        as_text(customer_name) as customer_name,
        _delivered_at as delivered_at,
        _file as file
    from raw.square__items
),
counted as (
    select
        *,
        row_number() over (
            partition by
                transaction_id, payment_id, square_event_type, file, product_name, price_point,
                sku, quantity, net_sales, tax
        ) as copy_number
    from typed
),
latest as (
    select *
    from counted
    qualify delivered_at = max(delivered_at) over (
        partition by transaction_id, payment_id, square_event_type
    )
)
select
    transaction_id,
    min(order_id) as order_id,
    md5(concat_ws(
        '|', payment_id, square_event_type, product_name, price_point, sku, quantity, net_sales,
        tax, copy_number
    )) as line_key,
    min(payment_id) as payment_id,
    min(product_name) as product_name,
    min(price_point) as price_point,
    min(sku) as sku,
    min(category) as category,
    min(quantity) as quantity,
    min(gross_sales) as gross_sales,
    min(discount) as discount,
    min(net_sales) as net_sales,
    min(tax) as tax,
    min(square_event_type) as square_event_type,
    min(occurred_at) as occurred_at,
    min(location) as location,
    min(customer_id) as customer_id,
    min(customer_name) as customer_name
from latest
group by transaction_id, line_key
