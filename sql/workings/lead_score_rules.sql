-- One row per rule that gives an open lead points, while too few have converted to learn from: so many
-- where what is known of it (a column of workings.score_leads) lies in the range, ends included.
-- grain: rule
select *
from (
    values
        ('responded', 'has_responded', 1, null, 25),
        ('contacted', 'is_contacted', 1, null, 10),
        ('referred', 'is_referral', 1, null, 10),
        ('visited', 'visit_days_90', 1, null, 10),
        ('visits_often', 'visit_days_90', 4, null, 10),
        ('carted', 'cart_adds_90', 1, null, 10),
        ('answers_mails', 'email_responses_90', 1, null, 10),
        ('called', 'call_days_90', 1, null, 10),
        ('bought', 'purchase_day_count', 1, null, 15),
        ('fresh', 'age_days', 0, 30, 15),
        ('stale', 'age_days', 181, null, -20)
) as rules (rule, fact, from_amount, to_amount, points)
