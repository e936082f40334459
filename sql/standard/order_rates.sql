-- One row per order and what one unit of its currency was worth in the reporting currency on its day: 1 for
-- the reporting currency itself, null where no rate was delivered.
-- grain: order_id
-- partition: ordered_on
select
    orders.order_id,
    orders.ordered_on,
    orders.actor_key,
    case when orders.currency = settings.reporting_currency then 1 else rates.rate end
        ::decimal(18, 8) as rate,
    settings.reporting_currency
from standard.orders as orders
cross join raw.settings as settings
left join standard.exchange_rates as rates
    on rates.ordered_on = orders.ordered_on and rates.currency = orders.currency
