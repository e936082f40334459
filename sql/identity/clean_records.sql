-- One row per source record of a person, its values in the form in which they are compared.
-- Nothing is judged here except by the value alone: letters are folded, placeholders are nulled,
-- an address is taken apart. Records deleted at the source are kept: their history is the
-- person's. What is no evidence because too many people share it is decided in identifier_guards
-- and taken out in comparison_records.
-- grain: record_key
with folded as (
    select
        record_key,
        -- after folding, ae oe ue count as a transliterated umlaut: Müller, Mueller and Muller are
        -- one spelling, and so are Michael and Michal
        regexp_replace(fold(first_name), '([aou])e', '\1', 'g') as first_name,
        regexp_replace(fold(last_name), '([aou])e', '\1', 'g') as last_name,
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
        country || '-' || region as region,
        country
    from standard.person_records
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

formal as (
    select nickname, list_sort(list(formal_name)) as formal_names
    from identity.nicknames
    group by nickname
),

cleaned as (
    select
        parts.*,
        case when junk_first.value is null then parts.first_name end as clean_first,
        case when junk_last.value is null then parts.last_name end as clean_last
    from parts
    left join identity.junk_values as junk_first
        on junk_first.kind = 'name' and junk_first.value = parts.first_name
    left join identity.junk_values as junk_last
        on junk_last.kind = 'name' and junk_last.value = parts.last_name
),

-- How often a name is a first name and a surname among the records that give both.
name_uses as (
    select name, sum(as_first) as as_first, sum(as_last) as as_last
    from (
        select clean_first as name, 1 as as_first, 0 as as_last
        from cleaned where clean_first is not null and clean_last is not null
        union all
        select clean_last, 0, 1
        from cleaned where clean_first is not null and clean_last is not null
    ) as each_use
    group by name
),

-- Two names the wrong way round, if both are mostly used the other way; and a single name in the
-- field for the first name that is known as a surname rather.
judged as (
    select
        cleaned.*,
        coalesce(
            case
                when cleaned.clean_last is null then first_use.as_last > first_use.as_first
                else
                    first_use.as_last >= 8 and first_use.as_last >= 4 * first_use.as_first
                    and last_use.as_first >= 4 * last_use.as_last
            end,
            false
        ) as is_reversed
    from cleaned
    left join name_uses as first_use on first_use.name = cleaned.clean_first
    left join name_uses as last_use on last_use.name = cleaned.clean_last
),

names as (
    select
        record_key, name_suffix, birth_on, email, phone,
        house_number, street, street_name, postal_code, city, region,
        case when is_reversed then clean_last else clean_first end as clean_first,
        case when is_reversed then clean_first else clean_last end as clean_last,
        case when is_reversed then clean_last else first_word end as first_word
    from judged
)

select
    names.record_key,
    names.clean_first as first_name,
    -- the name itself, its first word, and every formal name that either may be short for
    case
        when names.clean_first is not null
            then list_sort(list_distinct(
                [names.clean_first, names.first_word]
                || coalesce(whole.formal_names, []) || coalesce(word.formal_names, [])
            ))
    end as first_forms,
    -- one of them, for keys that need a single value
    case
        when names.clean_first is not null
            then coalesce(whole.formal_names[1], word.formal_names[1], names.first_word)
    end as first_root,
    names.clean_last as last_name,
    case names.name_suffix
        when 'junior' then 'jr' when 'senior' then 'sr' else names.name_suffix
    end as name_suffix,
    case when junk_birth.value is null then names.birth_on end as birth_on,
    names.email,
    mailboxes.mailbox,
    mailboxes.local_part as email_local,
    names.phone,
    names.house_number,
    coalesce(names.street_name, names.street) as street_name,
    names.postal_code,
    names.city,
    names.region
from names
left join formal as whole on whole.nickname = names.clean_first
left join formal as word on word.nickname = names.first_word
left join identity.mailboxes on mailboxes.email = names.email
left join identity.junk_values as junk_birth
    on junk_birth.kind = 'birth_on' and junk_birth.value = names.birth_on
