-- title: Customers of stores alone
-- owner: marketing
-- description: People who ordered in a store in the last year, and never on the web.
-- purpose: marketing
select orders.profile_id
from workings.purchases as orders
cross join raw.as_of as now
group by orders.profile_id
having bool_and(orders.channel = 'store')
    and max(orders.ordered_at) >= max(now.as_of) - interval 365 days
