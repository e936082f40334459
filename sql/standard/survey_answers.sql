-- One row per survey that somebody answered to the end: who, when, and the rating from 0 to 10 if it asks for
-- one. What people wrote stays in the raw layer.
-- grain: record_key
-- partition: record_key
select
    record_key,
    'email:' || as_email(email_text) as actor_key,
    submitted_at as answered_at,
    rating,
    response_id as record_id
from staging.typeform__responses
where is_complete and submitted_at is not null
