-- The file and row of each source record of a person are known.
select record_key
from marts.profile_records
where path is null
    or row_number is null
