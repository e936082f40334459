-- One row per table: the share of its rows that stand in groups of fewer people than there should be.
select
    table_name,
    small_group_row_count / greatest(row_count, 1) as small_group_share
from marts.anonymity
