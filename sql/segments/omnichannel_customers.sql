-- title: Customers of web and stores
-- owner: marketing
-- description: People who ordered both on the web and in a store in the last year.
-- purpose: marketing
select orders.profile_id
from workings.purchases as orders
cross join raw.as_of as now
where orders.ordered_at >= now.as_of - interval 365 days
group by orders.profile_id
having bool_or(orders.channel = 'store') and bool_or(orders.channel <> 'store')
