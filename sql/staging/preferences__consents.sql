-- One row per statement of a preference centre. The same words about the same person at the same
-- moment are one statement, however often delivered.
-- grain: record_key
-- partition: record_key
select
    record_key,
    as_email(email) as email,
    as_text(phone) as phone_text,
    as_text(record) as named_record,
    lower(as_text(channel)) as channel,
    lower(as_text(purpose)) as purpose,
    lower(as_text(status)) as status,
    as_utc(stated_at) as stated_at,
    lower(as_text(evidence)) as evidence,
    _delivered_at as delivered_at
from raw.preferences__consents
qualify row_number() over (
    partition by record_key order by _delivered_at, email, phone, record, evidence
) = 1
