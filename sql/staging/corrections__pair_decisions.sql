-- One row per delivered decision about a pair of records; what is not decided yet says nothing.
-- grain: sha256, row_number
select
    least(as_text(decisions.left_record), as_text(decisions.right_record)) as left_record,
    greatest(as_text(decisions.left_record), as_text(decisions.right_record)) as right_record,
    lower(as_text(decisions.decision)) as decision,
    as_text(decisions.decided_by) as decided_by,
    as_date(decisions.decided_on) as decided_on,
    as_text(decisions.reason) as reason,
    files.path,
    files.sha256,
    decisions._row_number as row_number,
    decisions._delivered_at as delivered_at
from raw.corrections__pair_decisions as decisions
inner join raw.source_files as files
    on left(files.sha256, 16) = decisions._file
    and files.status = 'accepted'
where as_text(decisions.decision) is not null
