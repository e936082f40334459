-- One row per export and day on which it was delivered: its rows, beside what is usual and what may be
-- set aside.
-- grain: system, export, delivered_on
select *
from raw.deliveries
