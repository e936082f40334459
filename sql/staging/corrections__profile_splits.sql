-- One row per delivered record of a split: the part of the profile that it belongs to.
-- grain: sha256, row_number
select
    as_text(decisions.profile_id) as profile_id,
    as_text(decisions.record) as record_key,
    as_text(decisions.part) as part,
    as_text(decisions.decided_by) as decided_by,
    as_date(decisions.decided_on) as decided_on,
    as_text(decisions.reason) as reason,
    files.path,
    files.sha256,
    decisions._row_number as row_number,
    decisions._delivered_at as delivered_at
from raw.corrections__profile_splits as decisions
inner join raw.source_files as files
    on left(files.sha256, 16) = decisions._file
    and files.status = 'accepted'
