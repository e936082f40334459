-- One row per source record that a tag puts on a tier of the loyalty programme: the highest it
-- names. A tag is a tier's name, whatever its case, by itself or behind a word: gold, loyalty:gold,
-- tier_gold.
-- grain: record_key
-- partition: record_key
with tagged as (
    select record_key, unnest(string_split(tags_text, ',')) as tag
    from staging.shopify__customers
    union all
    select record_key, unnest(string_split(tags_text, ','))
    from staging.mailchimp__members
),
read as (
    select
        record_key,
        regexp_replace(lower(trim(tag, ' "')), '^(loyalty|tier)[ :_-]+', '') as tag
    from tagged
),
placed as (
    select
        read.record_key,
        settings.loyalty_tiers,
        max(list_position(list_transform(settings.loyalty_tiers, lambda tier: lower(tier)), read.tag))
            as tier_number
    from read
    cross join raw.settings as settings
    group by read.record_key, settings.loyalty_tiers
)
select
    placed.record_key,
    people.profile_id,
    placed.tier_number,
    placed.loyalty_tiers[placed.tier_number] as loyalty_tier
from placed
inner join identity.profile_records as people using (record_key)
where placed.tier_number > 0
