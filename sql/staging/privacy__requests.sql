-- One row per request and way in which it names the person: what was asked, and when it was received.
-- grain: record_key
-- partition: record_key
select
    record_key,
    as_text(request_id) as request_id,
    lower(as_text(kind)) as request_kind,
    as_email(email) as email,
    as_text(phone) as phone_text,
    as_text(record) as named_record,
    as_text(visitor) as visitor_id,
    lower(as_text(channel)) as channel,
    lower(as_text(purpose)) as purpose,
    as_date(received_on) as received_on,
    _delivered_at as delivered_at
from raw.privacy__requests
qualify row_number() over (
    partition by record_key order by _delivered_at, email, phone, record, visitor
) = 1
