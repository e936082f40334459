-- One row per reason for which a row or a whole file was set aside, without the value itself.
-- grain: quarantine_id
select *
from raw.quarantine
