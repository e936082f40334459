-- One row per source record of a person, its names the right way round and with what they may be
-- short for. Nothing is judged here except by the value alone and by how the population uses a name.
-- A name that nobody gave, or a first name given as an initial, is the mailbox's where the mailbox is one:
-- isabel.byron@ and Byron are Isabel Byron, who then is not another one of her house.
-- What is no evidence because too many people share it is decided in identifier_guards and taken out in
-- comparison_records.
-- grain: record_key
-- partition: record_key
with formal as (
    select nickname, list_sort(list(formal_name)) as formal_names
    from identity.nicknames
    group by nickname
),

placed as (
    select record_key, min(phone) as phone
    from identity.placed_numbers
    group by record_key
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
),

-- What the mailbox's name holds beside the name that was given; of nobody's name, its two words.
addressed as (
    select
        *,
        regexp_replace(
            regexp_replace(mailbox_name(email), '[^a-z._-]', '', 'g'), '([aou])e', '\1', 'g'
        ) as mailbox_words,
        regexp_replace(mailbox_words, '[^a-z]', '', 'g') as mailbox_letters,
        case
            when length(first_name) > 1 and last_name is not null then []
            when coalesce(last_name, first_name) is null
                then regexp_extract_all(mailbox_words, '[a-z]+')
            when length(first_name) > 1 and starts_with(mailbox_letters, first_name)
                then [first_name, substr(mailbox_letters, length(first_name) + 1)]
            when length(first_name) > 1 and ends_with(mailbox_letters, first_name)
                then [first_name, left(mailbox_letters, -length(first_name))]
            when length(last_name) > 1 and starts_with(mailbox_letters, last_name)
                then [substr(mailbox_letters, length(last_name) + 1), last_name]
            when length(last_name) > 1 and ends_with(mailbox_letters, last_name)
                then [left(mailbox_letters, -length(last_name)), last_name]
        end as mailbox_names
    from turned
),

completed as (
    select
        coalesce(
            length(given.name) > 1
            and given.as_first > given.as_last
            and starts_with(given.name, coalesce(addressed.first_name, ''))
            and (addressed.last_name is not null or family.as_last > family.as_first),
            false
        ) as is_named,
        addressed.* replace (
            if(is_named, given.name, addressed.first_name) as first_name,
            if(is_named and coalesce(length(addressed.first_name), 0) < 2, given.name, addressed.first_word)
                as first_word,
            if(is_named, mailbox_names[2], addressed.last_name) as last_name
        )
    from addressed
    left join identity.name_uses as given on given.name = mailbox_names[1] and len(mailbox_names) = 2
    left join identity.name_uses as family on family.name = mailbox_names[2]
)

select
    completed.record_key,
    completed.first_name,
    -- what follows the first word: Jean-Pierre is no Jean-Paul
    nullif(substr(completed.first_name, length(completed.first_word) + 1), '') as second_name,
    -- the name itself, its first word, and every formal name that either may be short for
    case
        when completed.first_name is not null
            then list_sort(list_distinct(
                [completed.first_name, completed.first_word]
                || coalesce(whole.formal_names, []) || coalesce(word.formal_names, [])
            ))
    end as first_forms,
    -- one of them, for keys that need a single value
    case
        when completed.first_name is not null
            then coalesce(whole.formal_names[1], word.formal_names[1], completed.first_word)
    end as first_root,
    completed.last_name,
    completed.name_suffix,
    completed.birth_on,
    completed.email,
    coalesce(completed.phone, placed.phone) as phone,
    completed.house_number,
    completed.street_name,
    completed.house_number || '|' || completed.street_name || '|' || completed.postal_code as house,
    completed.postal_code,
    completed.city,
    completed.region
from completed
left join formal as whole on whole.nickname = completed.first_name
left join formal as word on word.nickname = completed.first_word
left join placed on placed.record_key = completed.record_key
