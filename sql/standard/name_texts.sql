-- One row per spelling of a full name that is more than two plain words: those SQL can cut itself.
-- grain: name_text
select distinct full_name_text as name_text
from standard.person_texts
where full_name_text is not null
    and not regexp_full_match(full_name_text, '[\p{L}''’-]{2,} [\p{L}''’-]{3,}')
