-- One row per e-mail address and telephone number of a source record, with its profile, what the
-- record's system says of it (confirmed by the person, bounced), and why it is no evidence of identity,
-- if it is none.
-- grain: record_key, kind, value
-- partition: record_key
with mailed as (
    select record_key, confirmed_at, if(status = 'cleaned', cleaned_at, null) as bounced_at
    from staging.mailchimp__members
    union all
    select record_key, null, email_bounced_at from staging.salesforce__contact
    union all
    select record_key, null, email_bounced_at from staging.salesforce__lead
),
said as (
    select record_key, max(confirmed_at) as confirmed_at, max(bounced_at) as bounced_at
    from mailed
    group by record_key
)
select
    records.profile_id,
    carried.record_key,
    carried.kind,
    carried.value,
    carried.kind || ':' || carried.value as actor_key,
    carried.guard,
    records.system,
    coalesce(records.created_at, records.observed_at) as first_seen_at,
    records.observed_at as last_seen_at,
    if(carried.kind = 'email', said.confirmed_at, null) as confirmed_at,
    if(carried.kind = 'email', said.bounced_at, null) as bounced_at
from identity.record_identifiers as carried
inner join workings.person_records as records using (record_key)
left join said using (record_key)
