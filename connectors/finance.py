"""Finance: exchange rates that the user supplies, so that money of several currencies can be compared.

A table of our own form, delivered like any export. How a rate is applied is said in sql/standard.
"""

from connectors.contract import Contract, Rule, column


def _is_currency(name: str) -> Rule:
    return Rule(
        name,
        f"not regexp_full_match(as_text(\"{name}\"), '[A-Za-z]{{3}}')",
        "not a currency",
        "three letters, ISO 4217, such as EUR",
        "write the currency's code",
        f'shape("{name}")',
    )


def _filled(name: str) -> Rule:
    return Rule(
        name,
        f'as_text("{name}") is null',
        "value missing",
        "a day, two currencies and a rate in every row",
        "fill it in",
    )


RATES = Contract(
    system="finance",
    export="exchange_rates",
    title="Exchange rates",
    description="What one unit of a currency is worth in another, day by day.",
    grain="One row per day and pair of currencies.",
    format="csv",
    time='cast(as_date("rate_on_text") as timestamp)',
    columns=(
        column("rate_on", "Day of the rate", "date", name="rate_on_text", required=True),
        column("currency", "Currency of which one unit is valued", required=True),
        column("quote_currency", "Currency that the value is in", required=True),
        column("rate", "What one unit is worth", "rate", required=True),
    ),
    rules=(
        _filled("rate_on_text"),
        _filled("currency"),
        _filled("quote_currency"),
        _filled("rate"),
        _is_currency("currency"),
        _is_currency("quote_currency"),
        Rule(
            "rate",
            'as_rate("rate") = 0',
            "rate out of range",
            "more than 0",
            "write what one unit of the currency is worth",
            'shape("rate")',
        ),
    ),
    is_numbered=True,
)

CONTRACTS = (RATES,)
