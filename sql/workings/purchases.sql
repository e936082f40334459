-- One row per order that counts, of a person we know: not cancelled, voided or wholly refunded.
-- `purchase_number` counts the person's own from 1.
-- grain: order_id
-- partition: profile_id
select
    order_id,
    profile_id,
    row_number() over (partition by profile_id order by ordered_at, order_id) as purchase_number,
    ordered_at,
    channel,
    location,
    net,
    currency,
    net_converted
from golden.orders
where profile_id is not null
    and status not in ('cancelled', 'voided', 'refunded')
