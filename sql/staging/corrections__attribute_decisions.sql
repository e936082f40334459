-- One row per delivered correction of an attribute, the value in the form that profiles have.
-- grain: sha256, row_number
select
    as_text(decisions.record) as record_key,
    lower(as_text(decisions.attribute)) as attribute,
    as_attribute(decisions.attribute, decisions."value") as value,
    as_text(decisions.decided_by) as decided_by,
    as_date(decisions.decided_on) as decided_on,
    as_text(decisions.reason) as reason,
    files.path,
    files.sha256,
    decisions._row_number as row_number,
    decisions._delivered_at as delivered_at
from raw.corrections__attribute_decisions as decisions
inner join raw.source_files as files
    on left(files.sha256, 16) = decisions._file
    and files.status = 'accepted'
