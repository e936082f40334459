-- One row per order, with the profile of the person who bought (null for a sale to nobody known).
-- `net` is what was charged less what was given back; nothing is due on a cancelled or voided order.
-- `net_converted` is that in the reporting currency at the rate of the day, null where no rate was delivered.
-- grain: order_id
-- partition: actor_key
select
    orders.order_id,
    actors.profile_id,
    orders.ordered_at,
    orders.status,
    orders.total,
    orders.refunded,
    case when orders.status in ('cancelled', 'voided') then 0 else orders.total - orders.refunded end
        ::decimal(18, 2) as net,
    orders.currency,
    case
        when orders.status in ('cancelled', 'voided') then 0
        else round((orders.total - orders.refunded) * rates.rate, 2)
    end::decimal(18, 2) as net_converted,
    rates.reporting_currency,
    orders.subtotal,
    orders.discount,
    orders.tax,
    orders.channel,
    orders.location,
    orders.order_name,
    orders.system,
    orders.export,
    orders.record_id,
    orders.actor_key
from standard.orders as orders
left join standard.order_rates as rates on rates.order_id = orders.order_id
left join identity.actors as actors on actors.actor_key = orders.actor_key
