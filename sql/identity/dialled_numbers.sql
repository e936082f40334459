-- One row per telephone number of a record, with its last seven digits: in full, or as it is dialled within
-- a country that the record does not tell and that is not the company's own.
-- grain: record_key, number
-- partition: record_key
with spelt as (
    select record_key, unnest(phone_texts) as phone_text
    from standard.person_texts
    where country_text is null
)

select record_key, value as number, true as is_full, right(value, 7) as ending
from standard.identifiers
where kind = 'phone'
union
select
    spelt.record_key,
    ltrim(regexp_replace(spelt.phone_text, '\D', '', 'g'), '0') as number,
    false as is_full,
    right(number, 7) as ending
from spelt
cross join raw.settings as settings
left join standard.phone_numbers as numbers
    on numbers.phone_text = spelt.phone_text and numbers.country = settings.default_country
where numbers.phone is null
    and regexp_matches(spelt.phone_text, '^\W*0\s*[1-9]')
    and length(number) between 8 and 11
