-- One row per attribution model and channel: the orders and the revenue that the model credits it
-- with, to the cent. Orders of people we know; what no touch precedes is credited to (none) by
-- every model. What rounding leaves over goes to the channel with most conversions.
-- grain: model, channel
with paths as (
    select
        path,
        string_split(path, ' > ') as channels,
        len(string_split(path, ' > ')) as length,
        conversion_count,
        revenue
    from golden.journey_paths
    where conversion_count > 0
),
placed as (
    select *, unnest(channels) as channel, generate_subscripts(channels, 1) as place
    from paths
),
weighed as (
    select
        channel,
        conversion_count,
        revenue,
        unnest(['first_touch', 'last_touch', 'linear', 'position_based']) as model,
        unnest([
            case when place = 1 then 1 else 0 end,
            case when place = length then 1 else 0 end,
            1 / length,
            case
                when length <= 2 then 1 / length
                when place in (1, length) then 0.4
                else 0.2 / (length - 2)
            end
        ])::decimal(18, 12) as share
    from placed
    union all
    select
        removals.channel,
        totals.conversion_count,
        totals.revenue,
        'markov',
        removals.share::decimal(18, 12)
    from golden.channel_removals as removals
    cross join (
        select sum(conversion_count)::bigint as conversion_count, sum(revenue)::decimal(18, 2) as revenue
        from paths
        where path <> '(none)'
    ) as totals
    union all
    select path, conversion_count, revenue, 'markov', 1
    from paths
    where path = '(none)'
),
credited as (
    select
        model,
        channel,
        sum((conversion_count * share)::decimal(38, 12)) as conversions,
        sum((revenue * share)::decimal(38, 12)) as revenue
    from weighed
    where share > 0
    group by model, channel
),
rounded as (
    select
        model,
        channel,
        conversions::decimal(18, 2) as conversions,
        revenue::decimal(18, 2) as revenue,
        row_number() over (
            partition by model order by channel = '(none)', conversions desc, channel
        ) as standing
    from credited
),
totals as (
    select sum(conversion_count) as conversions, sum(revenue) as revenue
    from paths
)
select
    rounded.model,
    rounded.channel,
    (
        rounded.conversions + case when rounded.standing = 1
            then totals.conversions - sum(rounded.conversions) over (partition by rounded.model)
            else 0 end
    )::decimal(18, 2) as conversions,
    (
        rounded.revenue + case when rounded.standing = 1
            then totals.revenue - sum(rounded.revenue) over (partition by rounded.model)
            else 0 end
    )::decimal(18, 2) as revenue,
    settings.reporting_currency as currency
from rounded
cross join totals
cross join raw.settings as settings
