-- One row per line of a Shopify order, in the order's latest delivery. Lines have no id of their
-- own: equal lines of one order are told apart by their number among equals.
-- grain: order_key, line_key
-- partition: order_key
with typed as (
    select
        order_key,
        -- Only an order's first row has its id.
        'shopify:' || max(as_text(id)) over (partition by order_key) as order_id,
        as_text(lineitem_name) as product_name,
        as_text(lineitem_sku) as sku,
        as_integer(lineitem_quantity) as quantity,
        as_decimal(lineitem_price) as unit_price,
        coalesce(as_decimal(lineitem_discount), 0) as discount,
        as_text(vendor) as vendor,
        _delivered_at as delivered_at,
        _file as file
    from raw.shopify__orders
),
-- An order delivered again brings all its lines again: only one delivery's lines count.
counted as (
    select
        *,
        row_number() over (
            partition by order_key, file, product_name, sku, quantity, unit_price, discount
        ) as copy_number
    from typed
),
latest as (
    select *
    from counted
    qualify delivered_at = max(delivered_at) over (partition by order_key)
)
select
    order_key,
    max(order_id) as order_id,
    md5(concat_ws('|', product_name, sku, quantity, unit_price, discount, copy_number)) as line_key,
    min(product_name) as product_name,
    min(sku) as sku,
    min(quantity) as quantity,
    min(unit_price) as unit_price,
    min(discount) as discount,
    min(vendor) as vendor
from latest
group by order_key, line_key
