-- One row per score: whether its values can be. Judged by scores.suite.json.
select
    score,
    count(*) filter (where value is null or isnan(value) or isinf(value)) as unusable_count,
    count(*) filter (where profile_id not in (select profile_id from golden.profiles)) as orphan_count,
    count(*) filter (where score in ('churn', 'p_alive', 'purchase_probability')
        and (value < 0 or value > 1)) as impossible_count,
    count(*) filter (where scores.as_of > now.as_of) as later_count
from golden.scores as scores
cross join raw.as_of as now
group by score
