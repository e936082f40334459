-- Golden attributes of profiles that are mostly one person's, against that person as she is tonight. What
-- no system was ever told cannot be right: an attribute without a value does not count. Four digits more
-- are the same postal code.
with compared as (
    select profiles.*, people.person_id, columns(people.* exclude (person_id)) as 'true_\0'
    from profiles
    inner join truth.owners as owners using (profile_id)
    inner join truth.people as people using (person_id)
)
select 'golden attributes' as measure, detail, count(*) filter (where is_right) as right,
    count(*) filter (where not is_right) as wrong
from (
    select unnest([
        {detail: 'first_name', told: first_name, is_right: strip_accents(lower(first_name)) in (
            strip_accents(lower(true_first_name)), strip_accents(lower(true_nickname)))},
        {detail: 'last_name', told: last_name,
            is_right: strip_accents(lower(last_name)) = strip_accents(lower(true_last_name))},
        {detail: 'email', told: email, is_right: lower(email) in (lower(true_email),
            lower(true_second_email), lower(true_work_email), lower(true_family_email))},
        {detail: 'phone', told: phone, is_right: coalesce(right(phone, 8) in (
            right(regexp_replace(true_mobile, '[^0-9]', '', 'g'), 8),
            right(regexp_replace(true_landline, '[^0-9]', '', 'g'), 8)), false)},
        {detail: 'birth_on', told: birth_on::varchar, is_right: birth_on = true_birth_on},
        {detail: 'city', told: city,
            is_right: strip_accents(lower(city)) = strip_accents(lower(true_city))},
        {detail: 'postal_code', told: postal_code,
            is_right: replace(regexp_replace(postal_code, '-[0-9]{4}$', ''), ' ', '')
                = replace(true_postal_code, ' ', '')},
        {detail: 'country', told: country, is_right: country = true_country}
    ], recursive := true)
    from compared
)
where told is not null
group by detail
