-- One row per owner, month of closing and currency: the deals won and lost. A cycle is the time from
-- a won deal's creation to its closing.
-- grain: owner_id, month_on, currency
with closed as (
    select
        *,
        coalesce(owner_id, '(none)') as owner,
        date_trunc('month', closed_at)::date as month_on,
        case when closed_at::date >= created_at::date
            then closed_at::date - created_at::date end as cycle_days
    from marts.deals
    where is_closed and not is_deleted and closed_at is not null
)
select
    owner as owner_id,
    owner_name,
    month_on,
    currency,
    count(*) filter (where is_won) as won_count,
    count(*) filter (where not is_won) as lost_count,
    coalesce(sum(amount) filter (where is_won), 0)::decimal(18, 2) as won_amount,
    coalesce(sum(amount) filter (where not is_won), 0)::decimal(18, 2) as lost_amount,
    round(won_count / count(*), 4) as win_rate,
    round(median(cycle_days) filter (where is_won), 1) as median_cycle_days
from closed
group by owner, owner_name, month_on, currency
