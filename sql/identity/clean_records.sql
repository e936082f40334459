-- One row per source record of a person, its names the right way round and with what they may be
-- short for. Nothing is judged here except by the value alone and by how the population uses a name.
-- What is no evidence because too many people share it is decided in identifier_guards and taken out in
-- comparison_records.
-- grain: record_key
-- partition: record_key
with formal as (
    select nickname, list_sort(list(formal_name)) as formal_names
    from identity.nicknames
    group by nickname
),

-- Two names the wrong way round, if both are mostly used the other way; and a single name in the
-- field for the first name that is known as a surname rather.
judged as (
    select
        folded.*,
        coalesce(
            case
                when folded.last_name is null then first_use.as_last > first_use.as_first
                else
                    first_use.as_last >= 8 and first_use.as_last >= 4 * first_use.as_first
                    and last_use.as_first >= 4 * last_use.as_last
            end,
            false
        ) as is_reversed
    from identity.folded_records as folded
    left join identity.name_uses as first_use on first_use.name = folded.first_name
    left join identity.name_uses as last_use on last_use.name = folded.last_name
),

turned as (
    select
        judged.* exclude (first_name, last_name, first_word),
        case when is_reversed then last_name else first_name end as first_name,
        case when is_reversed then first_name else last_name end as last_name,
        case when is_reversed then last_name else first_word end as first_word
    from judged
)

select
    turned.record_key,
    turned.first_name,
    -- the name itself, its first word, and every formal name that either may be short for
    case
        when turned.first_name is not null
            then list_sort(list_distinct(
                [turned.first_name, turned.first_word]
                || coalesce(whole.formal_names, []) || coalesce(word.formal_names, [])
            ))
    end as first_forms,
    -- one of them, for keys that need a single value
    case
        when turned.first_name is not null
            then coalesce(whole.formal_names[1], word.formal_names[1], turned.first_word)
    end as first_root,
    turned.last_name,
    turned.name_suffix,
    turned.birth_on,
    turned.email,
    turned.phone,
    turned.house_number,
    turned.street_name,
    turned.postal_code,
    turned.city,
    turned.region
from turned
left join formal as whole on whole.nickname = turned.first_name
left join formal as word on word.nickname = turned.first_word
