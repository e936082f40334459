-- From what a number was to what it is, nothing is left without a reason.
select number, run_number
from marts.number_bridges
where number_before + by_new_people + by_behaviour + by_definition + by_merges + by_splits + by_erasures
    <> number_after
