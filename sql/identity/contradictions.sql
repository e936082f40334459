-- One row per pair of corrections that cannot both hold, with the row of the file that says each. The
-- first holds for now; a newer decision on either ends the contradiction. Values are not repeated here.
-- grain: about, sha256, row_number, other_sha256, other_row_number
with recursive same as (
    select *, row_number() over (order by decided_on, left_record, right_record) as position
    from standard.judgements
    where judgement = 'same'
),
steps as (
    select left_record as from_record, right_record as to_record, position from same
    union all
    select right_record, left_record, position from same
),
-- Whom a record is joined to, and the newest decision on the way there.
reached as (
    select left_record as from_record, left_record as to_record, 0 as position
    from standard.judgements
    where judgement = 'different'
    union
    select
        reached.from_record,
        steps.to_record,
        greatest(reached.position, steps.position) as position
    from reached
    inner join steps on steps.from_record = reached.to_record
),
-- Of several chains, the one that was there first; its newest decision closed it.
joined as (
    select from_record, to_record, min(position) as position
    from reached
    group by from_record, to_record
),
chains as (
    select
        'different records joined by a chain of same' as contradiction,
        concat_ws(' and ', different.left_record, different.right_record) as about,
        different.judgement as decision,
        different.path, different.sha256, different.row_number, different.decided_on,
        same.judgement as other_decision,
        same.path as other_path, same.sha256 as other_sha256,
        same.row_number as other_row_number, same.decided_on as other_decided_on
    from standard.judgements as different
    inner join joined
        on joined.from_record = different.left_record and joined.to_record = different.right_record
    inner join same using (position)
    where different.judgement = 'different'
),
pairs as (
    select
        'two decisions about a pair on one day' as contradiction,
        concat_ws(' and ', held.left_record, held.right_record) as about,
        held.judgement as decision, held.path, held.sha256, held.row_number, held.decided_on,
        other.judgement, other.path, other.sha256, other.row_number, other.decided_on
    from standard.judgements as held
    inner join standard.stated_judgements as other using (left_record, right_record, decided_on)
    where other.judgement <> held.judgement
),
splits as (
    select
        'one record in two parts of a split' as contradiction,
        held.record_key as about,
        'one part' as decision, held.path, held.sha256, held.row_number, held.decided_on,
        'another part', other.path, other.sha256, other.row_number, other.decided_on
    from staging.corrections__profile_splits as held
    inner join staging.corrections__profile_splits as other
        using (profile_id, record_key, decided_on)
    where held.part < other.part
),
guards as (
    select
        'two decisions about a value or limit on one day' as contradiction,
        held.kind as about,
        concat_ws(' ', held.action, held.limit_count) as decision,
        held.path, held.sha256, held.row_number, held.decided_on,
        concat_ws(' ', other.action, other.limit_count),
        other.path, other.sha256, other.row_number, other.decided_on
    from standard.guard_corrections as held
    inner join staging.corrections__guard_decisions as other using (kind, value, decided_on)
    where (held.action in ('junk', 'not_junk') and other.action <> held.action)
        or (
            held.action = other.action
            and (held.limit_count, held.window_days)
                is distinct from (other.limit_count, other.window_days)
            and held.value = ''
        )
),
attributes as (
    select
        'two values of an attribute on one day' as contradiction,
        held.record_key as about,
        held.attribute as decision, held.path, held.sha256, held.row_number, held.decided_on,
        other.attribute, other.path, other.sha256, other.row_number, other.decided_on
    from standard.attribute_corrections as held
    inner join staging.corrections__attribute_decisions as other
        using (record_key, attribute, decided_on)
    where other.value <> held.value
)
select * from chains
union all
select * from pairs
union all
select * from splits
union all
select * from guards
union all
select * from attributes
