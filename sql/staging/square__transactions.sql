-- One row per Square payment or refund. The export is final: a payment delivered again is the same.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        'square:' || as_text(transaction_id) as order_id,
        as_text(transaction_id) as transaction_id,
        as_text(payment_id) as payment_id,
        square_utc("date", "time", time_zone) as occurred_at,
        as_decimal(gross_sales) as gross_sales,
        coalesce(as_decimal(discounts), 0) as discount,
        as_decimal(net_sales) as net_sales,
        coalesce(as_decimal(tax), 0) as tax,
        coalesce(as_decimal(tip), 0) as tip,
        as_decimal(total_collected) as total_collected,
        as_text(event_type) as square_event_type,
        as_text(location) as location,
        as_text(customer_id) as customer_id,
        as_text(customer_name) as customer_name,
        _delivered_at as delivered_at
    from raw.square__transactions
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (partition by record_key order by last_at desc, hash(versions)) = 1
