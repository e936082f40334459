-- Scores of models that are published, against what makes people buy: how well they put people in order
-- (rank correlation with the orders that are to be expected of them), and by how much the chance that they
-- tell differs from the true one (expected calibration error over tenths). Both as shares of one.
with expected as (
    select
        scores.score,
        scores.value,
        orders_per_year / 365 * greatest(least(date_diff('day', scores.as_of::date, ends_on), horizon.days), 0)
            as order_count
    from scores
    inner join truth.owners using (profile_id)
    inner join truth.people using (person_id)
    inner join (values ('propensity', 30), ('churn', 30), ('expected_orders', 365), ('clv', 365))
        as horizon (score, days) using (score)
),
ordered as (
    select
        score,
        value,
        if(score = 'churn', exp(-order_count), 1 - exp(-order_count)) as chance,
        rank() over by_value + count(*) over (partition by score, value) / 2 as value_rank,
        rank() over by_truth + count(*) over (partition by score, order_count) / 2 as true_rank,
        ntile(10) over by_value as tenth
    from expected
    window
        by_value as (partition by score order by value),
        by_truth as (partition by score order by order_count * if(score = 'churn', -1, 1))
),
agreements as (
    select score, corr(value_rank, true_rank) as rho from ordered group by score
),
tenths as (
    select score, count(*) as people, abs(avg(value) - avg(chance)) as error
    from ordered
    where score in ('propensity', 'churn')
    group by score, tenth
),
errors as (
    select score, sum(people * error) / sum(people) as error from tenths group by score
)
select 'scores in order' as measure, score as detail, rho as right, 1 - rho as wrong from agreements
union all
select 'scores calibrated', score, 1 - error, error from errors
