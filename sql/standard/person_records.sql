-- One row per source record of a person: typed, normalised, all systems in one shape.
-- grain: record_key
-- partition: record_key
with placed as (
    select
        texts.*,
        coalesce(countries.country, settings.default_country) as dialling_country,
        -- A country is only claimed where the record has an address or says so itself.
        case when texts.street is not null or texts.city is not null or texts.postal_code is not null
            or texts.country_text is not null
            then coalesce(countries.country, settings.default_country) end as country
    from standard.person_texts as texts
    cross join raw.settings as settings
    left join standard.countries as countries using (country_text)
),
named as (
    select
        placed.*,
        coalesce(
            placed.first_name,
            names.first_name,
            case when names.name_text is null
                then nullif(split_part(placed.full_name_text, ' ', 1), '') end
        ) as given_name,
        coalesce(placed.middle_name, names.middle_name) as further_name,
        coalesce(
            placed.last_name,
            names.last_name,
            case when names.name_text is null
                then nullif(split_part(placed.full_name_text, ' ', 2), '') end
        ) as family_name,
        coalesce(placed.name_suffix, names.name_suffix) as suffix
    from placed
    left join standard.person_names as names on names.name_text = placed.full_name_text
)
select
    named.record_key,
    named.system,
    named.export,
    named.record_id,
    named.salutation,
    named.given_name as first_name,
    named.further_name as middle_name,
    named.family_name as last_name,
    named.suffix as name_suffix,
    as_email(named.email_text) as email,
    phones.phone as phone,
    named.street,
    named.city,
    regions.region,
    named.postal_code,
    named.country,
    named.birth_on,
    case lower(rtrim(named.salutation, '.'))
        when 'mr' then 'male' when 'mrs' then 'female' when 'ms' then 'female'
        when 'miss' then 'female'
    end as gender,
    named.company,
    named.created_at,
    named.observed_at as changed_at,
    coalesce(named.observed_at, named.delivered_at) as observed_at,
    named.is_deleted
from named
left join standard.phone_numbers as phones
    on phones.phone_text = named.phone_text and phones.country = named.dialling_country
left join standard.regions as regions
    on regions.region_text = named.region_text and regions.country = named.dialling_country
