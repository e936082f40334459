-- One row per day and currency that can be valued in the reporting currency: `rate` is what one unit was
-- worth. A rate serves until the next one comes, but no longer than a week: money is rather left
-- unconverted than valued by a rate of another season. Rates are read in both directions.
-- grain: ordered_on, currency
-- partition: ordered_on
with delivered as (
    select rates.rate_on, rates.currency, rates.rate
    from staging.finance__exchange_rates as rates
    inner join raw.settings as settings on settings.reporting_currency = rates.quote_currency
    union all
    select rates.rate_on, rates.quote_currency, (1 / rates.rate)::decimal(18, 8)
    from staging.finance__exchange_rates as rates
    inner join raw.settings as settings on settings.reporting_currency = rates.currency
),
-- Where both directions were delivered, the larger: any, but always the same.
daily as (
    select rate_on, currency, max(rate) as rate
    from delivered
    group by rate_on, currency
),
spans as (
    select
        *,
        least(
            coalesce(lead(rate_on) over (partition by currency order by rate_on), date '9999-12-31'),
            rate_on + 7
        ) as until_on
    from daily
)
select unnest(generate_series(rate_on, until_on - 1, interval 1 day))::date as ordered_on, currency, rate
from spans
