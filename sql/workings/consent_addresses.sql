-- One row per record of a person and e-mail address or telephone that it carries, with its profile: how
-- far a statement about consent may reach.
-- grain: record_key, identifier_kind, identifier
-- partition: record_key
select
    carried.record_key,
    carried.kind as identifier_kind,
    carried.value as identifier,
    people.profile_id,
    carried.guard
from identity.record_identifiers as carried
inner join identity.profile_records as people using (record_key)
