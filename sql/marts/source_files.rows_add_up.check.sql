-- Rows read are rows accepted and rows set aside, in every file.
select path
from marts.source_files
where rows_read <> rows_accepted + rows_quarantined
