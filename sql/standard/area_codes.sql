-- One row per area code of a North American telephone number: there it names a state or province. Read from
-- records, since a dictionary of spellings grows without a word to who reads all of it.
-- grain: area_code
select distinct left(phone, 5) as area_code
from standard.person_records
where starts_with(phone, '+1')
