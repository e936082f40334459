-- Members of segments whose definition can be asked of the truth: those who are members by it, against
-- those who should be and are not, or are and should not be; and of them those whose orders are in one
-- profile, for a person in two is two customers. Orders that name nobody are nobody's.
with now as (select max_by(as_of, started_at) as as_of from runs),
bought as (
    select truth.person_id, truth.ordered_at, orders.channel, orders.profile_id
    from truth.orders as truth inner join orders using (order_id)
    anti join truth.erasures using (person_id)
    where orders.profile_id is not null and orders.status not in ('cancelled', 'voided', 'refunded')
),
defined as (
    select person_id, 'lapsed_customers' as segment from bought cross join now
    group by person_id having max(ordered_at) < max(as_of) - interval 180 days
    union all
    select person_id, 'store_only_customers' from bought cross join now
    group by person_id
    having bool_and(channel = 'store') and max(ordered_at) >= max(as_of) - interval 365 days
    union all
    select person_id, 'omnichannel_customers' from bought cross join now
    where ordered_at >= as_of - interval 365 days
    group by person_id having bool_or(channel = 'store') and bool_or(channel <> 'store')
),
members as (
    select distinct person_id, segment
    from segment_members inner join truth.owners as owners using (profile_id)
    where segment in (select segment from defined)
),
whole as (
    select person_id from bought group by person_id having count(distinct profile_id) = 1
),
compared as (
    select
        segment,
        defined.person_id is not null and members.person_id is not null as is_right,
        person_id in (select person_id from whole) as is_whole
    from defined full join members using (person_id, segment)
)
select 'segments' as measure, segment as detail, count(*) filter (where is_right) as right,
    count(*) filter (where not is_right) as wrong
from compared
group by segment
union all
select 'segments of whom one profile stands for', segment, count(*) filter (where is_right),
    count(*) filter (where not is_right)
from compared
where is_whole
group by segment
