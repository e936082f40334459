"""Third party: values about people that were bought, in a table of our own form.

For what nobody in the company asked the person for. The provider, the day on which it came and the
day on which it expires go with every value, because such values are kept apart and expire.
"""

from connectors.contract import Contract, Rule, column

ATTRIBUTES = Contract(
    system="third_party",
    export="attributes",
    keys=(
        (
            "record_key",
            "'third_party:attributes:' || md5(concat_ws('|', lower(as_text(provider)),"
            " lower(as_text(email)), lower(as_text(attribute))))",
        ),
    ),
    title="Bought attributes",
    description="What providers of data say about people, known by their e-mail.",
    grain="One row per provider, e-mail, attribute and day on which the value was obtained.",
    format="csv",
    key=("provider", "email", "attribute", "obtained_on"),
    time='cast(as_date("obtained_on") as timestamp)',
    is_open=True,
    columns=(
        column("provider", "Who sold it", required=True),
        column("email", "E-mail of the person", "email", required=True),
        column("attribute", "What the value says, such as income_band", required=True),
        column("value", "The value", required=True),
        column("obtained_on", "Day on which it was obtained", "date", required=True),
        column("valid_until", "Last day on which it may be used", "date"),
    ),
    rules=(
        Rule(
            "value",
            'as_text("value") is null',
            "value missing",
            "a value in every row",
            "leave out the row, or have the provider deliver it again",
        ),
    ),
)

CONTRACTS = (ATTRIBUTES,)
