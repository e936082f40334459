-- One row per Shopify order: the delivered row that carries the order's facts as they now count.
-- grain: order_key
-- partition: order_key
select
    orders.order_key,
    orders.record_key,
    rows._path as path,
    rows._file as file,
    rows._row_number as row_number
from staging.shopify__orders as orders
inner join raw.shopify__orders as rows using (order_key)
where rows._delivered_at = orders.delivered_at
    and as_text(rows.id) = orders.order_number
    and as_text(rows.email) is not distinct from orders.email_text
    and as_text(rows.phone) is not distinct from orders.phone_text
    and as_text(rows.billing_name) is not distinct from orders.billing_name
    and as_text(rows.billing_address1) is not distinct from orders.street
    and as_text(rows.financial_status) is not distinct from orders.financial_status
qualify row_number() over (
    partition by order_key order by rows._path, rows._file, rows._row_number
) = 1
