-- One row per stage that a deal entered, in order: since when, until when, from which stage, and how long it
-- took. A deal whose history was not delivered has one row: its present stage, since its creation; one whose
-- history is older than the deal has entered its present stage when it was last changed. The actor is the
-- deal's primary contact.
-- grain: opportunity_id, stage_number
-- partition: opportunity_id
with roles as (
    select opportunity_id, contact_id
    from staging.salesforce__opportunity_contact_role
    where not is_deleted and contact_id is not null
    qualify row_number() over (
        partition by opportunity_id order by is_primary desc, modified_at, role_id
    ) = 1
),
told as (
    select opportunity_id, stage, amount, probability_percent, created_at as entered_at, history_id
    from staging.salesforce__opportunity_history
    where not is_deleted and created_at is not null and stage is not null
),
-- The history has a row for every change of the deal; only those that change the stage are steps.
stepped as (
    select *
    from told
    qualify stage is distinct from lag(stage) over (
        partition by opportunity_id order by entered_at, history_id
    )
),
known as (
    select * from stepped
    union all
    select
        last_ones.opportunity_id, deals.stage, deals.amount, deals.probability_percent,
        greatest(deals.modified_at, last_ones.entered_at), '~'
    from staging.salesforce__opportunity as deals
    inner join (
        select opportunity_id, max(entered_at) as entered_at, max_by(stage, (entered_at, history_id)) as stage
        from stepped
        group by opportunity_id
    ) as last_ones
        on last_ones.opportunity_id = deals.opportunity_id and last_ones.stage <> deals.stage
    where deals.modified_at is not null
    union all
    select
        deals.opportunity_id, deals.stage, deals.amount, deals.probability_percent,
        deals.created_at, ''
    from staging.salesforce__opportunity as deals
    anti join told using (opportunity_id)
    where deals.stage is not null and deals.created_at is not null
)
select
    known.opportunity_id,
    row_number() over (
        partition by known.opportunity_id order by known.entered_at, known.history_id
    ) as stage_number,
    known.stage,
    lag(known.stage) over (
        partition by known.opportunity_id order by known.entered_at, known.history_id
    ) as from_stage,
    known.entered_at,
    lead(known.entered_at) over (
        partition by known.opportunity_id order by known.entered_at, known.history_id
    ) as left_at,
    known.amount,
    coalesce(deals.currency, settings.default_currency) as currency,
    known.probability_percent,
    'salesforce:contact:' || coalesce(roles.contact_id, deals.contact_id) as actor_key
from known
inner join staging.salesforce__opportunity as deals
    on deals.opportunity_id = known.opportunity_id and not deals.is_deleted
cross join raw.settings as settings
left join roles on roles.opportunity_id = known.opportunity_id
