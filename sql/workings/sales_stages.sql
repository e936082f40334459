-- One row per stage of deals: its place on the way, by the CRM's probability, then by when deals
-- enter it. The closed stages come last, won behind lost.
-- grain: stage
with seen as (
    select stage, probability_percent, stage_number, false as is_closed, false as is_won
    from standard.deal_stages
    union all
    select stage, probability_percent, null, is_closed, is_won
    from standard.deals
    where stage is not null and not is_deleted
),
stages as (
    select
        stage,
        median(probability_percent)::decimal(18, 2) as probability_percent,
        median(stage_number) as usual_number,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won
    from seen
    group by stage
)
select
    stage,
    row_number() over (
        order by is_closed, is_won, probability_percent nulls last, usual_number nulls last, stage
    ) as stage_position,
    probability_percent,
    is_closed,
    is_won
from stages
