-- One row per reason for which a row or a whole file was set aside, or a value left out of a row
-- that is used; without the value itself.
-- grain: quarantine_id
select *
from raw.quarantine
