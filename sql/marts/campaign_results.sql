-- One row per marketing campaign of the CRM: who was in it, who answered, and the leads and deals
-- that came of it. Amounts are of deals in the currency of its costs; won deals in others are counted
-- apart.
-- grain: campaign_id
with members as (
    select
        members.campaign_id,
        count(*) as sent_count,
        count(*) filter (where members.has_responded) as response_count,
        count(leads.lead_id) as lead_count,
        count(*) filter (where leads.is_converted) as converted_count
    from staging.salesforce__campaign_member as members
    left join standard.leads as leads on leads.lead_id = members.lead_id and not leads.is_deleted
    where not members.is_deleted
    group by members.campaign_id
),
brought as (
    select
        campaigns.campaign_id,
        count(*) as deal_count,
        count(*) filter (where deals.is_won) as won_count,
        count(*) filter (where deals.is_won and deals.currency <> campaigns.currency)
            as won_in_other_currency_count,
        sum(deals.amount) filter (where deals.is_won and deals.currency = campaigns.currency)
            as won_amount
    from standard.deals as deals
    inner join standard.campaigns as campaigns using (campaign_id)
    where not deals.is_deleted
    group by campaigns.campaign_id
)
select
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.start_on,
    coalesce(members.sent_count, 0) as sent_count,
    coalesce(members.response_count, 0) as response_count,
    round(members.response_count / members.sent_count, 4) as response_share,
    coalesce(members.lead_count, 0) as lead_count,
    coalesce(members.converted_count, 0) as converted_count,
    coalesce(brought.deal_count, 0) as deal_count,
    coalesce(brought.won_count, 0) as won_count,
    coalesce(brought.won_in_other_currency_count, 0) as won_in_other_currency_count,
    coalesce(brought.won_amount, 0)::decimal(18, 2) as won_amount,
    campaigns.actual_cost,
    campaigns.currency,
    round(
        (coalesce(brought.won_amount, 0) - campaigns.actual_cost) / nullif(campaigns.actual_cost, 0), 4
    ) as return_on_cost
from standard.campaigns as campaigns
left join members using (campaign_id)
left join brought using (campaign_id)
where not campaigns.is_deleted
