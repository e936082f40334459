-- Orders that are in the books with total, refund and currency to the cent, those that are not, and those
-- of somebody who is known that stand in that person's profile. Those who were erased took theirs along.
with compared as (
    select
        truth.total = orders.total
            and coalesce(truth.refunded, 0) = orders.refunded
            and truth.currency = orders.currency as is_exact,
        orders.profile_id is not null as is_named,
        owners.person_id = truth.person_id as is_theirs
    from truth.orders as truth
    full join orders using (order_id)
    left join truth.owners as owners on owners.profile_id = orders.profile_id
    anti join truth.erasures as erased on erased.person_id = truth.person_id
)
select 'money to the cent' as measure, null as detail,
    count(*) filter (where is_exact) as right, count(*) filter (where is_exact is not true) as wrong
from compared
union all
select 'orders with their person', null, count(*) filter (where is_theirs),
    count(*) filter (where is_theirs is not true)
from compared
where is_named
