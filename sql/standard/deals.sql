-- One row per deal: a CRM opportunity. `closed_at` is when it was won or lost; where its history does
-- not say, the day that the deal names. `actor_key` is the record of its primary contact,
-- `account_key` that of its account; a deal without them stands for itself.
-- grain: record_key
-- partition: opportunity_id
with latest as (
    select opportunity_id, stage, from_stage, entered_at, actor_key
    from standard.deal_stages
    where left_at is null
),
known as (
    select
        deals.*,
        deals.is_closed or deals.is_won as is_over,
        latest.actor_key,
        -- A history that was delivered before the deal last moved does not know its present stage.
        case when latest.stage = deals.stage then latest.entered_at end as stage_entered_at,
        case when latest.stage = deals.stage and latest.from_stage is not null
            then latest.entered_at end as moved_at
    from staging.salesforce__opportunity as deals
    left join latest using (opportunity_id)
)
select
    known.record_key,
    known.opportunity_id,
    known.account_id,
    known.contact_id,
    known.campaign_id,
    known.deal_name,
    known.stage,
    known.stage_entered_at,
    known.amount,
    coalesce(known.currency, settings.default_currency) as currency,
    known.probability_percent,
    round(known.amount * known.probability_percent / 100, 2)::decimal(18, 2) as weighted_amount,
    known.close_on,
    not known.is_over and not known.is_deleted as is_open,
    known.is_over as is_closed,
    known.is_won,
    known.lead_source,
    known.owner_id,
    known.created_at,
    case when known.is_over then coalesce(known.moved_at, known.close_on::timestamp) end as closed_at,
    known.modified_at,
    known.is_deleted,
    coalesce('salesforce:account:' || known.account_id, known.record_key) as account_key,
    coalesce(known.actor_key, 'salesforce:contact:' || known.contact_id, known.record_key) as actor_key
from known
cross join raw.settings as settings
