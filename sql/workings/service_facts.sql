-- One row per profile that asked for service, answered a survey or is in a deal: what is open, how
-- content it is, and whose customer it is. The amount of open deals is in the currency of most of
-- them; the owner is that of the latest open deal, else of the latest.
-- grain: profile_id
-- partition: profile_id
with asked as (
    select
        profile_id,
        count(*) as case_count,
        count(*) filter (where is_open) as open_case_count,
        max(created_at) as last_case_at
    from workings.profile_cases
    group by profile_id
),
ratings as (
    select
        profile_id,
        occurred_at,
        event_id,
        try_cast(json_extract_string(properties, '$.rating') as integer) as rating
    from golden.events
    where profile_id is not null and event_type = 'survey_answer'
),
answered as (
    select
        profile_id,
        count(*) as survey_answer_count,
        round(avg(rating), 2) as average_rating,
        max_by(rating, (occurred_at, event_id)) filter (where rating is not null) as last_rating
    from ratings
    group by profile_id
),
pipeline as (
    select
        profile_id,
        currency,
        count(*) as open_deal_count,
        sum(amount)::decimal(18, 2) as open_deal_amount
    from workings.profile_deals
    where is_open
    group by profile_id, currency
),
open_deals as (
    select
        profile_id,
        sum(open_deal_count)::bigint as open_deal_count,
        max_by(currency, (open_deal_count, currency)) as deal_currency,
        max_by(coalesce(open_deal_amount, 0), (open_deal_count, currency)) as open_deal_amount
    from pipeline
    group by profile_id
),
owned as (
    select profile_id, max_by(owner_id, (is_open, created_at, record_key)) as owner_id
    from workings.profile_deals
    group by profile_id
)
select
    profile_id,
    coalesce(asked.case_count, 0) as case_count,
    coalesce(asked.open_case_count, 0) as open_case_count,
    asked.last_case_at,
    coalesce(answered.survey_answer_count, 0) as survey_answer_count,
    answered.average_rating,
    answered.last_rating,
    coalesce(open_deals.open_deal_count, 0) as open_deal_count,
    open_deals.open_deal_amount,
    open_deals.deal_currency,
    owned.owner_id
from asked
full join answered using (profile_id)
full join owned using (profile_id)
left join open_deals using (profile_id)
