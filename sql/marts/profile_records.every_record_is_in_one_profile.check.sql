-- Each source record of a person that was accepted is in exactly one profile, and that profile is there.
select record_key
from standard.person_texts as texts
full join marts.profile_records as records using (record_key)
where records.profile_id is null
    or texts.system is null
