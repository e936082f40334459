-- title: Leads ready for sales
-- owner: sales
-- description: The best fifth of people with an open lead, by lead score, of those that score at all.
-- purpose: marketing
with ranked as (
    select profile_id, value, percent_rank() over (order by value) as lead_rank
    from golden.scores
    where score = 'lead_score'
)
select profile_id, value as score
from ranked
where lead_rank >= 0.8
    and value > 0
