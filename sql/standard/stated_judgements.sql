-- One row per thing said about a pair of records on one day: by a decision about the pair, or by a split
-- of their profile, whose parts are different people.
-- grain: left_record, right_record, judgement, decided_on
-- partition: left_record
with stated as (
    select
        left_record, right_record, decision as judgement,
        decided_by, decided_on, reason, path, sha256, row_number, delivered_at
    from staging.corrections__pair_decisions
    union all
    -- Of the two rows of a split, the one of the right record speaks.
    select
        lefts.record_key, rights.record_key, 'different',
        rights.decided_by, rights.decided_on, rights.reason,
        rights.path, rights.sha256, rights.row_number, rights.delivered_at
    from staging.corrections__profile_splits as lefts
    inner join staging.corrections__profile_splits as rights
        on rights.profile_id = lefts.profile_id
        and rights.decided_on = lefts.decided_on
        and rights.part <> lefts.part
        and rights.record_key > lefts.record_key
)
select * exclude (delivered_at)
from stated
qualify row_number() over (
    partition by left_record, right_record, judgement, decided_on
    order by delivered_at, path, sha256, row_number
) = 1
