-- title: High predicted value
-- owner: marketing
-- description: The best tenth of customers by the lifetime value that the model predicts. Where the
--   model fails its gate one night, the guard keeps those who are in.
-- purpose: marketing
-- guards: max_change 50%
with ranked as (
    select profile_id, value, percent_rank() over (order by value) as value_rank
    from golden.scores
    where score = 'clv'
)
select profile_id, value as score
from ranked
where value_rank >= 0.9
