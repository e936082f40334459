-- One row per pair of records, one of the shop's and one of the till's, that may be the same sale.
-- grain: shop_order_id, till_order_id, meeting_key
-- partition: meeting_key
select
    shop.order_id as shop_order_id,
    till.order_id as till_order_id,
    shop.record_key as shop_record_key,
    till.record_key as till_record_key,
    shop.meeting_key,
    shop.strength,
    abs(epoch_us(shop.ordered_at) - epoch_us(till.ordered_at)) as apart_us
from standard.till_sales as shop
inner join standard.till_sales as till
    on till.meeting_key = shop.meeting_key and till.system = 'square'
where shop.system = 'shopify'
