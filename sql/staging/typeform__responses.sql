-- One row per Typeform response: its latest version, which is complete where one is. Of the answers
-- only the rating goes on: the others are free text about persons.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        as_text(response_id) as response_id,
        as_text(email) as email_text,
        coalesce(
            lower(as_text(response_type)) = 'completed', as_utc(submitted_at) is not null
        ) as is_complete,
        as_utc(started_at) as started_at,
        as_utc(submitted_at) as submitted_at,
        case when as_integer(rating) between 0 and 10 then as_integer(rating) end as rating,
        _delivered_at as delivered_at
    from raw.typeform__responses
),
-- `delivered_at` is when this version first came: a record delivered again unchanged is the same.
versions as (
    select * exclude (delivered_at), min(delivered_at) as delivered_at, max(delivered_at) as last_at
    from typed
    group by all
)
select * exclude (last_at)
from versions
qualify row_number() over (
    partition by record_key
    order by is_complete desc, submitted_at desc nulls last, last_at desc, hash(versions)
) = 1
