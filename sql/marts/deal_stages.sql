-- One row per stage that a deal entered, in order, deleted deals left out. Amount and currency are
-- those of that time, owner and people those of today.
-- grain: opportunity_id, stage_number
-- partition: opportunity_id
select
    steps.opportunity_id,
    steps.stage_number,
    steps.stage,
    steps.from_stage,
    steps.entered_at,
    steps.left_at,
    round(epoch(steps.left_at - steps.entered_at) / 86400, 2) as days_in_stage,
    deals.profile_id,
    deals.company_id,
    steps.amount,
    steps.currency,
    deals.owner_id
from standard.deal_stages as steps
inner join marts.deals as deals using (opportunity_id)
