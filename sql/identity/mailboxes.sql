-- One row per e-mail address of a person: the mailbox that it reaches.
-- What follows a plus sign is a label of the owner's, and Gmail ignores dots and has two names.
-- grain: email
with addresses as (
    select lower(email) as email from standard.person_records where email is not null
    union
    select lower(value) from standard.identifiers where kind = 'email' and value is not null
),

parts as (
    select
        email,
        split_part(split_part(email, '@', 1), '+', 1) as local_part,
        replace(split_part(email, '@', 2), 'googlemail.com', 'gmail.com') as domain
    from addresses
)

select
    email,
    case when domain = 'gmail.com' then replace(local_part, '.', '') else local_part end
        || '@' || domain as mailbox,
    -- the part before the @ as people tell it on the phone, to compare across providers
    regexp_replace(local_part, '[^a-z0-9]', '', 'g') as local_part,
    domain
from parts
where local_part <> ''
