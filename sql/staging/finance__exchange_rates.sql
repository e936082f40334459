-- One row per day and pair of currencies: the rate that was delivered last.
-- grain: rate_on, currency, quote_currency
-- partition: rate_on
select
    as_date(rate_on_text) as rate_on,
    upper(as_text(currency)) as currency,
    upper(as_text(quote_currency)) as quote_currency,
    as_rate(rate) as rate
from raw.finance__exchange_rates
qualify row_number() over (
    partition by as_date(rate_on_text), upper(as_text(currency)), upper(as_text(quote_currency))
    order by _delivered_at desc, _file, _row_number
) = 1
