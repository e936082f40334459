-- One row per record that names its house, with how many surnames its records bear.
-- Where more live than a household is called, the house is a block of flats, a hostel or an invention, and
-- no evidence that two of its people are one.
-- grain: record_key
-- partition: house
select
    records.record_key,
    records.house,
    count(distinct left(records.last_name, 3)) over (partition by records.house) as surname_count,
    surname_count > limits.limit_count as is_crowded
from identity.clean_records as records
inner join identity.guard_rules as limits
    on limits.kind = 'house' and limits.action = 'max_surnames' and limits.value = ''
where records.house is not null
