-- One row per profile that bought: recency, frequency and monetary value, and the fifth of all customers
-- in which each lies, 5 the best. Of equals the later, then the richer, then the last by id is better.
-- `monetary` is in the currency of most of its orders; the fifths compare converted money.
-- grain: profile_id
with measured as (
    select
        facts.profile_id,
        floor((epoch_us(now.as_of) - epoch_us(facts.last_order_at)) / 86400000000) as recency_days,
        facts.order_count as frequency,
        facts.spend as monetary,
        facts.last_order_at,
        facts.spend_converted,
        now.as_of
    from golden.customer_facts as facts
    cross join raw.as_of as now
    anti join golden.restrictions using (profile_id)
    where facts.order_count > 0
)
select
    profile_id,
    recency_days,
    frequency,
    monetary,
    ntile(5) over (order by last_order_at, frequency, spend_converted, profile_id) as rfm_recency,
    ntile(5) over (order by frequency, last_order_at, spend_converted, profile_id) as rfm_frequency,
    ntile(5) over (order by spend_converted, last_order_at, frequency, profile_id) as rfm_monetary,
    as_of
from measured
