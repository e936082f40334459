-- One row per state in which a Salesforce contact or lead was ever delivered, as far as it speaks of
-- consent.
-- grain: version_key
-- partition: record_key
with people as (
    select
        record_key, email, has_opted_out_of_email, do_not_call, email_bounced_date,
        system_modstamp, last_modified_date, created_date, _delivered_at
    from raw.salesforce__contact
    union all
    select
        record_key, email, has_opted_out_of_email, do_not_call, email_bounced_date,
        system_modstamp, last_modified_date, created_date, _delivered_at
    from raw.salesforce__lead
),
versions as (
    select
        record_key,
        record_key as actor_key,
        as_email(email) as email,
        coalesce(as_boolean(has_opted_out_of_email), false) as has_opted_out_of_email,
        coalesce(as_boolean(do_not_call), false) as has_opted_out_of_calls,
        as_utc(email_bounced_date) as email_bounced_at,
        coalesce(as_utc(system_modstamp), as_utc(last_modified_date), as_utc(created_date))
            as modified_at,
        min(_delivered_at) as delivered_at
    from people
    group by all
)
select
    md5(versions::varchar) as version_key,
    *
from versions
