-- One row per line of an order, with the profile of the person who bought.
-- grain: order_id, line_key
-- partition: actor_key
select
    lines.order_id,
    lines.line_key,
    actors.profile_id,
    lines.ordered_at,
    lines.product_name,
    lines.sku,
    lines.category,
    lines.quantity,
    lines.amount,
    lines.currency,
    lines.actor_key
from standard.order_lines as lines
left join identity.actors as actors using (actor_key)
