-- One row per profile and score. Recency, frequency and monetary value are measured, not modelled:
-- days since the last order, orders, and spend in the currency that the profile spent most often.
-- grain: profile_id, score
with measured as (
    select
        facts.profile_id,
        (epoch_us(now.as_of) - epoch_us(facts.last_order_at)) / 86400000000.0 as recency_days,
        facts.order_count::double as frequency,
        facts.spend::double as monetary,
        now.as_of
    from golden.customer_facts as facts
    cross join raw.as_of as now
    where facts.order_count > 0
)
select profile_id, 'recency_days' as score, floor(recency_days) as value, as_of, 'rfm' as model
from measured
union all
select profile_id, 'frequency' as score, frequency as value, as_of, 'rfm' as model
from measured
union all
select profile_id, 'monetary' as score, monetary as value, as_of, 'rfm' as model
from measured
