-- One row: how much of what was delivered was set aside. Judged by source_files.suite.json.
select
    count(*) filter (where status = 'accepted') as accepted_files,
    coalesce(count(*) filter (where status = 'quarantined') / nullif(count(*), 0), 0)
        as quarantined_file_share,
    coalesce(sum(rows_quarantined - rows_erased) / nullif(sum(rows_read - rows_erased), 0), 0) as quarantined_row_share
from marts.source_files
