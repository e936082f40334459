-- One row per area code of a North American telephone number: there it names a state or province.
-- grain: area_code
select distinct left(phone, 5) as area_code
from standard.phone_numbers
where starts_with(phone, '+1')
