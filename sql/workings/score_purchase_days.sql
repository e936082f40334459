-- One row per profile and day on which it bought: purchases of one day are one. Money of currencies for
-- which no rate was delivered is 0. `gap_days` is the time since the day before, if there was one.
-- grain: profile_id, bought_on
-- partition: profile_id
with days as (
    select
        profile_id,
        ordered_at::date as bought_on,
        count(*) as purchase_count,
        coalesce(sum(net_converted), 0)::decimal(18, 2) as spend
    from workings.purchases
    anti join golden.restrictions using (profile_id)
    group by 1, 2
)
select
    *,
    row_number() over own as day_number,
    bought_on - lag(bought_on) over own as gap_days
from days
window own as (partition by profile_id order by bought_on)
