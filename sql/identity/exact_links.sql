-- One row per pair of source records that a named rule holds to be one person without scoring.
-- Within a group of equal keys every record is linked to the first one (a star), never all to all.
-- What linkage vetoes (another birth date, another generation, another first name) outranks a rule.
-- The record that a vendor speaks of may not have been delivered (yet): such a link waits for it.
-- grain: left_record, right_record, rule, key
-- partition: key
with mailboxes as (
    -- of two names on one address nobody can say whose it is
    select key, list(phone) as phones, list(house) as houses
    from identity.link_keys
    where rule = 'same_email_without_name'
    group by key
    having count(distinct nullif(name_start, '')) <= 1
        and count(*) filter (where name_start = '') > 0
),

held as (
    select link_keys.record_key, link_keys.linked_record, link_keys.rule, link_keys.key
    from identity.link_keys
    left join mailboxes
        on mailboxes.key = link_keys.key and link_keys.rule = 'same_email_without_name'
    where link_keys.rule <> 'same_email_without_name'
        or (
            mailboxes.key is not null
            -- nor whose, where the nameless one has another telephone or house than the others
            and (
                link_keys.name_start is distinct from ''
                or not (is_odd_one(phone, phones) or is_odd_one(house, houses))
            )
        )
),

starred as (
    select *, min(record_key) over (partition by rule, key) as first_record
    from held
)

select
    least(record_key, coalesce(linked_record, first_record)) as left_record,
    greatest(record_key, coalesce(linked_record, first_record)) as right_record,
    rule,
    key
from starred
where record_key <> coalesce(linked_record, first_record)
