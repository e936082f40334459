-- One row per source record and attribute whose right value people gave: their latest word.
-- grain: record_key, attribute
-- partition: record_key
select * exclude (delivered_at)
from staging.corrections__attribute_decisions
qualify row_number() over (
    partition by record_key, attribute
    order by decided_on desc, delivered_at desc, value, path, sha256, row_number
) = 1
