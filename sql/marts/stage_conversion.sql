-- One row per open stage: what became of the deals that entered it, judged by the last time they were
-- there. Won deals moved on from every stage. A lost deal was lost from its last open stage; before
-- that it moved on, or back where it never came as far again. Conversion is the share of those that
-- did not move back.
-- grain: stage
with steps as (
    select
        steps.opportunity_id,
        steps.stage_number,
        steps.stage,
        stages.stage_position,
        steps.left_at,
        steps.days_in_stage,
        deals.is_open,
        deals.is_won,
        max(stages.stage_position) over (
            partition by steps.opportunity_id order by steps.stage_number
            rows between 1 following and unbounded following
        ) as furthest_position,
        max(steps.stage_number) over (partition by steps.opportunity_id) as last_number
    from marts.deal_stages as steps
    inner join marts.deals as deals using (opportunity_id)
    inner join workings.sales_stages as stages
        on stages.stage = steps.stage and not stages.is_closed
),
outcomes as (
    select
        *,
        case
            when is_won or furthest_position > stage_position then 'moved on'
            when is_open and left_at is null then 'still here'
            when not is_open and stage_number = last_number then 'lost'
            else 'moved back'
        end as outcome
    from steps
    qualify row_number() over (
        partition by opportunity_id, stage order by stage_number desc
    ) = 1
),
stays as (
    select stage, median(days_in_stage) as median_days
    from steps
    group by stage
)
select
    outcomes.stage,
    outcomes.stage_position,
    count(*) as entered_count,
    count(*) filter (where outcome = 'moved on') as moved_on_count,
    count(*) filter (where outcome = 'lost') as lost_count,
    count(*) filter (where outcome = 'moved back') as moved_back_count,
    count(*) filter (where outcome = 'still here') as still_here_count,
    count(*) filter (where outcomes.is_won) as won_count,
    round(moved_on_count / nullif(moved_on_count + lost_count, 0), 4) as conversion_share,
    round(stays.median_days, 1) as median_days
from outcomes
inner join stays using (stage)
group by outcomes.stage, outcomes.stage_position, stays.median_days
