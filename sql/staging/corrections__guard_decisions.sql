-- One row per delivered decision about a value or a limit, the value in the form that identity
-- compares, empty for a limit.
-- grain: sha256, row_number
select
    lower(as_text(decisions.kind)) as kind,
    case
        when starts_with(lower(as_text(decisions.action)), 'max_') then ''
        else as_guarded_value(decisions.kind, decisions."value")
    end as value,
    lower(as_text(decisions.action)) as action,
    as_integer(decisions."limit")::integer as limit_count,
    as_integer(decisions.window_days)::integer as window_days,
    as_text(decisions.decided_by) as decided_by,
    as_date(decisions.decided_on) as decided_on,
    as_text(decisions.reason) as reason,
    files.path,
    files.sha256,
    decisions._row_number as row_number,
    decisions._delivered_at as delivered_at
from raw.corrections__guard_decisions as decisions
inner join raw.source_files as files
    on left(files.sha256, 16) = decisions._file
    and files.status = 'accepted'
