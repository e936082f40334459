-- One row per number that scores depend on, with what it means. Change it here.
-- grain: setting
select setting, amount::double as amount, meaning
from (
    values
        ('purchase_days', 30.0, 'Days within which somebody buys (propensity) or does not (churn)'),
        ('lead_days', 90.0, 'Days within which a lead converts'),
        ('judged_people', 200000.0, 'People that suffice to teach and judge a model; of more, as many'),
        ('clv_horizon_months', 12.0, 'Months over which lifetime value is summed'),
        ('clv_monthly_discount', 0.01, 'What a month takes off the worth of money, as a share'),
        ('engagement_half_life_days', 30.0, 'Days after which what somebody did counts half'),
        ('affinity_half_life_days', 180.0, 'Days after which a purchase in a category counts half'),
        ('rebuy_half_life_days', 90.0, 'Days after which a purchase of a product counts half'),
        ('prior_orders', 5.0, 'Orders of the average customer added to a share of few orders'),
        ('prior_units', 10.0, 'Units of the average customer added to a share of few units'),
        ('regular_purchases', 5.0, 'Purchases from which on regular gaps are a habit'),
        ('regular_spread', 0.2, 'Spread of the gaps over their mean up to which they are regular'),
        ('regular_gap_days', 7.0, 'Days that a regular gap has at least'),
        ('prior_responses', 2.0, 'Responses of the average person added to those of one')
) as settings (setting, amount, meaning)
