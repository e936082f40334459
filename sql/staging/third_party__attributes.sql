-- One row per provider, e-mail and attribute: the value that was obtained last.
-- grain: record_key
-- partition: record_key
with typed as (
    select
        record_key,
        lower(as_text(provider)) as provider,
        as_text(email) as email_text,
        lower(as_text(attribute)) as attribute,
        as_text("value") as value,
        as_date(obtained_on) as obtained_on,
        as_date(valid_until) as valid_until,
        _delivered_at as delivered_at
    from raw.third_party__attributes
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
    partition by record_key order by obtained_on desc, last_at desc, hash(versions)
) = 1
