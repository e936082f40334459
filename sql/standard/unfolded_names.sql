-- One row per name of a person that keeps letters other than a to z when it is folded: Cyrillic, Greek,
-- Arabic or Chinese ones, and such as the Turkish dotless i.
-- grain: name_text
with names as (
    select first_name as name_text from standard.person_records
    union
    select last_name from standard.person_records
)
select name_text
from names
where regexp_matches(fold(name_text), '[^\x00-\x7F]')
