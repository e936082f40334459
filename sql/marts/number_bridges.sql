-- One row per number and run that changed it, the runs in the order of `run_number`: what it was, by how
-- much each reason changed it, what it is since.
-- grain: number, run_number
with changed as (
    select
        number,
        run_number,
        run_id,
        as_of,
        coalesce(sum(amount) filter (where reason = 'new people'), 0) as by_new_people,
        coalesce(sum(amount) filter (where reason = 'behaviour'), 0) as by_behaviour,
        coalesce(sum(amount) filter (where reason = 'definition'), 0) as by_definition,
        coalesce(sum(amount) filter (where reason = 'merges'), 0) as by_merges,
        coalesce(sum(amount) filter (where reason = 'splits'), 0) as by_splits,
        coalesce(sum(amount) filter (where reason = 'erasures'), 0) as by_erasures,
        sum(amount) as change
    from marts.number_changes
    group by all
),
added as (
    select
        *,
        sum(change) over (partition by number order by run_number) as number_after
    from changed
)
select
    number,
    run_number,
    run_id,
    as_of,
    (number_after - change)::decimal(18, 2) as number_before,
    by_new_people::decimal(18, 2) as by_new_people,
    by_behaviour::decimal(18, 2) as by_behaviour,
    by_definition::decimal(18, 2) as by_definition,
    by_merges::decimal(18, 2) as by_merges,
    by_splits::decimal(18, 2) as by_splits,
    by_erasures::decimal(18, 2) as by_erasures,
    number_after::decimal(18, 2) as number_after
from added
