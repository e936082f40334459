-- One row per scored pair of source records and part of its match weight, in words: the prior, then each
-- comparison with its term-frequency part. The parts of a pair add up to its match weight.
-- All pairs whose score was kept are here, the refused ones too: a few short rows each, and fewer than
-- there are events.
-- grain: left_record, right_record, part
-- partition: left_record
with scored as (
    select *, null::tinyint as level_prior
    from identity.links
    where match_weight is not null
),

parts as (
    select left_record, right_record, part, level, weight
    from scored unpivot include nulls (
        (weight, level) for part in (
            (mw_prior, level_prior) as 'prior',
            (mw_first_name, level_first_name) as 'first_name',
            (mw_last_name, level_last_name) as 'last_name',
            (mw_birth_on, level_birth_on) as 'birth_on',
            (mw_email, level_email) as 'email',
            (mw_phone, level_phone) as 'phone',
            (mw_address, level_address) as 'address',
            (mw_region, level_region) as 'region'
        )
    )
)

select
    parts.left_record,
    parts.right_record,
    parts.part,
    case
        when parts.part = 'prior' then 'any two records, before anything is compared'
        when parts.level is null then 'not known of both'
        else levels.words
    end as words,
    parts.weight as match_weight
from parts
left join identity.comparison_levels as levels
    on levels.comparison = parts.part and levels.level = parts.level
