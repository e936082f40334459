-- One row per order that two systems tell of: the till's record is kept, the shop's copy is not counted. A
-- payment that both name decides, then the same amount at the same till within ten minutes, the nearest
-- first; no record is the twin of two.
-- grain: order_id
-- partition: order_id
with pairs as (
    select
        shop_order_id,
        till_order_id,
        shop_record_key,
        till_record_key,
        min(strength) as strength,
        min(apart_us) as apart_us
    from standard.sale_meetings
    where strength = 1 or apart_us <= 600000000
    group by all
),
-- Each is the other's first choice.
chosen as (
    select *
    from pairs
    qualify row_number() over (
        partition by shop_order_id order by strength, apart_us, till_order_id
    ) = 1
    and row_number() over (
        partition by till_order_id order by strength, apart_us, shop_order_id
    ) = 1
),
named as (
    select
        shop_order_id,
        till_order_id,
        shop_record_key,
        till_record_key,
        case strength when 1 then 'same_payment' else 'same_sale_at_the_till' end as rule
    from chosen
)
select
    shop_order_id as order_id,
    till_order_id as twin_order_id,
    till_record_key as twin_record_key,
    false as is_kept,
    rule
from named
union all
select till_order_id, shop_order_id, shop_record_key, true, rule
from named
