-- One row per step from one channel to the next that journeys took, from (start) to (order) or,
-- where they were abandoned, to (left). Journeys that are still going on tell nothing yet.
-- grain: from_step, to_step
with ended as (
    select path, '(order)' as outcome, conversion_count as journey_count
    from golden.journey_paths
    union all
    select path, '(left)', abandoned_count
    from golden.journey_paths
),
steps as (
    select
        list_concat(['(start)'], string_split(path, ' > '), [outcome]) as steps,
        outcome,
        journey_count
    from ended
    where path <> '(none)' and journey_count > 0
),
moves as (
    select
        unnest(steps[:-2]) as from_step,
        unnest(steps[2:]) as to_step,
        outcome,
        journey_count
    from steps
)
select
    from_step,
    to_step,
    sum(journey_count)::bigint as transition_count,
    coalesce(sum(journey_count) filter (where outcome = '(order)'), 0)::bigint as ordered_count
from moves
group by from_step, to_step
