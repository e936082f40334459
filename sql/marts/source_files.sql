-- One row per delivered file (or file in an archive): what it is and what became of its rows.
-- grain: path, sha256
select *
from raw.source_files
