-- One row per source record of a person, with its profile: what golden values are chosen from.
-- grain: record_key
-- partition: record_key
select
    people.profile_id,
    people.linked_by,
    people.match_probability,
    people.identity_confidence,
    records.*,
    guards.email_guard,
    guards.phone_guard
from standard.person_records as records
inner join identity.profile_records as people using (record_key)
left join identity.guarded_records as guards using (record_key)
