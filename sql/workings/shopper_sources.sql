-- One row per Square customer: the delivered payment or item, the latest, that names the customer as
-- now known.
-- grain: customer_id
-- partition: customer_id
with rows as (
    select
        customer_id, customer_name, square_utc("date", "time", time_zone) as occurred_at,
        _delivered_at, _path, _file, _row_number
    from raw.square__transactions
    union all
    select
        customer_id, customer_name, square_utc("date", "time", time_zone),
        _delivered_at, _path, _file, _row_number
    from raw.square__items
)
select
    customers.customer_id,
    customers.record_key,
    rows._path as path,
    rows._file as file,
    rows._row_number as row_number
from staging.square__customers as customers
inner join rows using (customer_id)
where as_text(rows.customer_name) is not distinct from customers.customer_name
qualify row_number() over (
    partition by customer_id
    order by rows.occurred_at desc, rows._delivered_at, rows._path, rows._file, rows._row_number
) = 1
