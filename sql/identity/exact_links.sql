-- One row per pair of source records that a named rule holds to be one person without scoring.
-- Within a group of equal keys every record is linked to the first one (a star), never all to all.
-- What linkage vetoes (another birth date, another generation, another first name) outranks a rule.
-- The record that a vendor speaks of may not have been delivered (yet): such a link waits for it.
-- grain: left_record, right_record, rule, key
-- partition: key
with groups as (
    select
        *,
        min(record_key) over (partition by rule, key) as first_record,
        -- two names on one address, and nobody can say whose it is
        rule <> 'same_email_without_name'
        or (
            count(distinct nullif(name_start, '')) over (partition by rule, key) <= 1
            and count(*) filter (where name_start = '') over (partition by rule, key) > 0
        ) as holds
    from identity.link_keys
)

select
    least(record_key, coalesce(linked_record, first_record)) as left_record,
    greatest(record_key, coalesce(linked_record, first_record)) as right_record,
    rule,
    key
from groups
where holds and record_key <> coalesce(linked_record, first_record)
