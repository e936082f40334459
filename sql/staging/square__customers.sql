-- One row per customer that Square's transactions and items name. A customer's latest known name
-- counts; many transactions carry the id alone.
-- grain: record_key
-- partition: customer_id
with named as (
    select
        customer_id,
        as_text(customer_name) as customer_name,
        as_text(customer_reference_id) as reference_id,
        square_utc("date", "time", time_zone) as occurred_at
    from raw.square__transactions
    where as_text(customer_id) is not null
    union all
    select
        customer_id,
        as_text(customer_name) as customer_name,
        as_text(customer_reference_id) as reference_id,
        square_utc("date", "time", time_zone) as occurred_at
    from raw.square__items
    where as_text(customer_id) is not null
)
select
    customer_id,
    'square:customers:' || trim(customer_id) as record_key,
    max_by(customer_name, (occurred_at, customer_name))
        filter (where customer_name is not null) as customer_name,
    max_by(reference_id, (occurred_at, reference_id))
        filter (where reference_id is not null) as reference_id,
    min(occurred_at) as created_at,
    max(occurred_at) as modified_at
from named
group by customer_id
