-- One row per pair of records that people hold to be the same person or different ones: their latest
-- word. Of two on one day, `different` holds: a missed link is cheaper than a wrong merge. The records
-- need not have been delivered (yet).
-- grain: left_record, right_record
-- partition: left_record
with latest as (
    select *
    from standard.stated_judgements
    qualify row_number() over (
        partition by left_record, right_record
        order by
            decided_on desc,
            case judgement when 'different' then 1 when 'same' then 2 else 3 end
    ) = 1
)
select *
from latest
where judgement in ('same', 'different')
