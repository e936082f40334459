-- One row per source record of a person, each value in the form in which it is compared: letters are
-- folded, placeholders are nulled, an address is taken apart. Whether the two names stand the wrong
-- way round is judged in clean_records. Records deleted at the source are kept: their history is the
-- person's.
-- grain: record_key
-- partition: record_key
with folded as (
    select
        record_key,
        -- after folding, ae oe ue count as a transliterated umlaut: Müller, Mueller and Muller are
        -- one spelling, and so are Michael and Michal
        regexp_replace(
            fold(coalesce(latin_first.latin_name, first_name)), '([aou])e', '\1', 'g'
        ) as first_name,
        regexp_replace(
            fold(coalesce(latin_last.latin_name, last_name)), '([aou])e', '\1', 'g'
        ) as last_name,
        fold(name_suffix) as name_suffix,
        strftime(birth_on, '%Y%m%d') as birth_on,
        lower(email) as email,
        phone,
        regexp_replace(
            regexp_replace(
                fold(street),
                '(\b(apt|apartment|unit|suite|ste|flat|room|rm|appt|whg|wohnung)\b\.?|#)\s*\w*',
                ' ',
                'g'
            ),
            '([aou])e', '\1', 'g'
        ) as street,
        upper(regexp_replace(postal_code, '[^A-Za-z0-9]', '', 'g')) as postal_code,
        regexp_replace(fold(city), '([aou])e|[^a-z]', '\1', 'g') as city,
        -- who gives no address still has a telephone somewhere
        case
            when coalesce(street, city, postal_code, person_records.region) is null
                then area_regions.region
            else country || '-' || person_records.region
        end as region,
        country
    from standard.person_records
    left join standard.latin_names as latin_first on latin_first.name_text = first_name
    left join standard.latin_names as latin_last on latin_last.name_text = last_name
    left join standard.area_regions
        on starts_with(phone, '+1') and area_regions.area_code = left(phone, 5)
),

parts as (
    select
        record_key,
        nullif(regexp_replace(first_name, '[^a-z]', '', 'g'), '') as first_name,
        -- the first given name alone: "Anna Maria" and "Anna-Maria" begin with Anna
        nullif(regexp_extract(trim(first_name), '^[a-z]+'), '') as first_word,
        nullif(
            regexp_replace(
                regexp_replace(last_name, '[ ,]+(jr|sr|ii|iii|iv)\.?$', ''), '[^a-z]', '', 'g'
            ),
            ''
        ) as last_name,
        coalesce(
            nullif(regexp_extract(name_suffix, '\b(jr|sr|iii|ii|iv|junior|senior)\b', 1), ''),
            nullif(regexp_extract(last_name, '[ ,]+(jr|sr|iii|ii|iv)\.?$', 1), '')
        ) as name_suffix,
        birth_on,
        email,
        phone,
        nullif(ltrim(regexp_extract(street, '\d+'), '0'), '') as house_number,
        nullif(regexp_replace(street, '[^a-z]', '', 'g'), '') as street,
        -- kinds of street say little and are abbreviated in every way: compare the name alone
        nullif(
            regexp_replace(
                regexp_replace(
                    street,
                    '\b(street|st|avenue|ave|av|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct'
                    || '|place|pl|circuit|cct|crescent|cres|close|cl|way|terrace|ter|parkway|pkwy'
                    || '|highway|hwy|square|sq|circle|cir|trail|trl|north|south|east|west|n|s|e|w'
                    || '|rue|avenida|calle|allee|weg|platz|chemin|impasse'
                    || '|de|du|des|la|le|les|der|den)\b|(strasse|str)\b|[^a-z ]',
                    ' ', 'g'
                ),
                ' ', '', 'g'
            ),
            ''
        ) as street_name,
        -- a US ZIP is compared by its five digits, with the zero that spreadsheets eat put back
        case
            when country = 'US' and regexp_matches(postal_code, '^\d{4}$') then '0' || postal_code
            when country = 'US' then left(postal_code, 5)
            else nullif(postal_code, '')
        end as postal_code,
        nullif(city, '') as city,
        region
    from folded
),

junk as (
    select
        kind,
        if(kind = 'name', regexp_replace(value, '([aou])e', '\1', 'g'), value) as value
    from identity.guard_rules
    where action = 'junk'
)

select
    parts.record_key,
    case when junk_first.value is null then parts.first_name end as first_name,
    case when junk_first.value is null then parts.first_word end as first_word,
    case when junk_last.value is null then parts.last_name end as last_name,
    case parts.name_suffix
        when 'junior' then 'jr' when 'senior' then 'sr' else parts.name_suffix
    end as name_suffix,
    case when junk_birth.value is null then parts.birth_on end as birth_on,
    parts.email,
    parts.phone,
    parts.house_number,
    coalesce(parts.street_name, parts.street) as street_name,
    parts.postal_code,
    parts.city,
    parts.region
from parts
left join junk as junk_first on junk_first.kind = 'name' and junk_first.value = parts.first_name
left join junk as junk_last on junk_last.kind = 'name' and junk_last.value = parts.last_name
left join junk as junk_birth on junk_birth.kind = 'birth_on' and junk_birth.value = parts.birth_on
