-- One row per currency: whether orders add up, and are anybody's. Judged by orders.suite.json.
with of_orders as (
    select
        *,
        profile_id is not null and profile_id not in (select profile_id from golden.profiles) as is_orphan
    from golden.orders
)
select
    currency,
    count(*) filter (where is_orphan) as orphan_count,
    count(*) filter (where ordered_at is null) as undated_count,
    count(*) filter (where ordered_at > now.as_of + interval 2 day) as later_count,
    count(*) filter (where status not in (
        'paid', 'pending', 'authorized', 'partially_paid', 'partially_refunded', 'refunded', 'voided',
        'cancelled', 'expired'
    )) as unknown_status_count,
    count(*) filter (where not regexp_full_match(currency, '[A-Z]{3}')) as unknown_currency_count,
    count(*) filter (where total < 0 or refunded < 0) as negative_count,
    count(*) filter (where net <> total - refunded and status not in ('cancelled', 'voided'))
        as unreconciled_count,
    count(*) filter (where net_converted is null) / count(*) as unconverted_share
from of_orders
cross join raw.as_of as now
group by currency
