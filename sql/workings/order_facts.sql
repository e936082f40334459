-- One row per profile that ordered: how much, how often, and what came back. Amounts are in the
-- currency of most of its orders; `spend_converted` is of all of them, in the reporting currency.
-- grain: profile_id
-- partition: profile_id
with dealt as (
    select
        profile_id,
        currency,
        count(*) filter (where status <> 'refunded') as order_count,
        coalesce(sum(net) filter (where status <> 'refunded'), 0)::decimal(18, 2) as spend,
        sum(total)::decimal(18, 2) as charged,
        sum(discount)::decimal(18, 2) as discount,
        sum(refunded)::decimal(18, 2) as refunded,
        count(*) filter (where refunded > 0) as returned_order_count
    from golden.orders
    where profile_id is not null
        and status not in ('cancelled', 'voided')
    group by profile_id, currency
),
usual as (
    select
        *,
        sum(returned_order_count) over (partition by profile_id)::bigint as all_returned_order_count
    from dealt
    qualify row_number() over (partition by profile_id order by order_count desc, currency desc) = 1
),
bought as (
    select
        profile_id,
        count(*) as order_count,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        count(*) filter (where channel = 'web') as web_order_count,
        count(*) filter (where channel = 'store') as store_order_count,
        sum(net_converted)::decimal(18, 2) as spend_converted,
        count(*) filter (where net_converted is null) as unconverted_order_count
    from workings.purchases
    group by profile_id
)
select
    profile_id,
    coalesce(bought.order_count, 0) as order_count,
    bought.first_order_at,
    bought.last_order_at,
    round(
        (epoch(bought.last_order_at) - epoch(bought.first_order_at))
        / 86400 / nullif(bought.order_count - 1, 0),
        1
    ) as average_days_between_orders,
    usual.currency,
    usual.spend,
    (usual.spend / nullif(usual.order_count, 0))::decimal(18, 2) as average_order,
    coalesce(bought.spend_converted, 0)::decimal(18, 2) as spend_converted,
    coalesce(bought.unconverted_order_count, 0) as unconverted_order_count,
    usual.all_returned_order_count as returned_order_count,
    usual.refunded,
    -- Of what the orders would have cost without it.
    round((usual.discount / nullif(usual.charged + usual.discount, 0))::double, 4) as discount_share,
    round(bought.web_order_count / bought.order_count, 4) as web_order_share,
    round(bought.store_order_count / bought.order_count, 4) as store_order_share
from usual
left join bought using (profile_id)
