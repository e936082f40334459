-- One row per source record of a person, with the profile it belongs to and what links it there, and the
-- delivered row that says what the record says.
-- grain: record_key
-- partition: record_key
select
    people.record_key,
    texts.system,
    texts.export,
    texts.record_id,
    people.profile_id,
    people.linked_by,
    people.match_probability,
    sources.path,
    sources.file,
    sources.row_number
from identity.profile_records as people
inner join standard.person_texts as texts using (record_key)
left join workings.record_sources as sources using (record_key)
