-- One row per delivered order that is not counted, because another system's record of the same sale is in
-- `orders`: what makes the sums of `orders` and of what was delivered meet.
-- grain: order_id
-- partition: order_id
select
    twins.order_id,
    twins.twin_order_id as kept_order_id,
    twins.rule,
    copies.system,
    copies.ordered_at,
    copies.total,
    copies.refunded,
    copies.currency
from standard.order_twins as twins
inner join standard.delivered_orders as copies using (order_id)
where not twins.is_kept
