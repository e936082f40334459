-- One row: whether every line is of an order and says what was sold. Judged by order_lines.suite.json.
select
    count(*) filter (where order_id not in (select order_id from golden.orders)) as orphan_count,
    count(*) filter (where quantity = 0) as nothing_sold_count,
    coalesce(count(*) filter (where product_name is null and sku is null) / nullif(count(*), 0), 0)
        as nameless_share
from golden.order_lines
