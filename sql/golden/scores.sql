-- One row per profile and score: what is counted, and what models say that passed their gate. The
-- model's name leads to its card in score_models.
-- grain: profile_id, score
with rfm as (
    select
        profile_id,
        unnest([
            'recency_days', 'frequency', 'monetary', 'rfm_recency', 'rfm_frequency', 'rfm_monetary', 'rfm'
        ]) as score,
        unnest([
            recency_days, frequency, monetary, rfm_recency, rfm_frequency, rfm_monetary,
            100 * rfm_recency + 10 * rfm_frequency + rfm_monetary
        ]::double[]) as value,
        'rfm' as model
    from workings.score_rfm
),
lead_rules as (
    select profile_id, 'lead_score' as score, points::double as value, 'lead_rules' as model
    from workings.score_lead_points
    where not exists (
        select score from golden.score_models where model = 'lead_logistic' and is_published
    )
),
every_score as (
    select * from rfm
    union all
    select profile_id, 'engagement', round(points, 3)::double, 'engagement_decay'
    from workings.score_engagement
    union all
    select profile_id, 'discount_sensitivity', round(sensitivity, 4), 'discount_share'
    from workings.score_discounts
    union all
    select profile_id, 'price_sensitivity', round(sensitivity, 4), 'price_share'
    from workings.score_prices
    union all
    select * from lead_rules
    union all
    select profile_id, score, value, model
    from workings.model_scores
)
select every_score.profile_id, every_score.score, every_score.value, now.as_of, every_score.model
from every_score
cross join raw.as_of as now
