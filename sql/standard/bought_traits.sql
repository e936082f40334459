-- One row per provider, e-mail address and trait: the value that was bought last.
-- grain: record_key
-- partition: record_key
select
    record_key,
    provider,
    as_email(email_text) as email,
    attribute as trait,
    value,
    obtained_on,
    -- Without a word from its provider a value is good for a year.
    coalesce(valid_until, (obtained_on + interval 1 year)::date) as valid_until
from staging.third_party__attributes
where as_email(email_text) is not null
    and value is not null
