"""Third party: what a provider of data sold about some of the people, by their e-mail.

Guesses, not what people said: one in ten is wrong. Some values had expired when they were delivered.
"""

import numpy as np
import polars as pl

from simulator.chance import coin
from simulator.files import Night, csv
from simulator.lives import DAY
from simulator.text import moment
from simulator.world import World

HEADER = "provider,email,attribute,value,obtained_on,valid_until".split(",")
_SHARE = 0.12
_VALUES = {
    "income_band": ("under 40k", "40k to 80k", "80k to 120k", "over 120k"),
    "home_owner": ("yes", "no"),
    "interests": ("gardening", "cooking", "travel", "interiors", "sports"),
}


def deliver(world: World, night: Night) -> None:
    """All that was bought in the first night, later what the provider has found since."""
    rng = world.chance("third party", night.on.isoformat())
    share = _SHARE if night.is_first else _SHARE / 365
    people = world.people.select("email").with_row_index("row").filter(
        coin(rng, len(world.people), share)
    ).filter(pl.col("email").is_not_null())
    parts = []
    for number, (attribute, values) in enumerate(_VALUES.items()):
        count = len(people)
        # What is so of a person follows from who it is; the provider mistakes some.
        true = (people["row"].to_numpy() * 2_654_435_761 + number * 97) // 64 % len(values)
        wrong = coin(rng, count, 0.1)
        given = np.where(wrong, rng.integers(0, len(values), count), true).astype(np.int64)
        age = rng.integers(1, 420 if night.is_first else 30, count)
        obtained = night.end - age * DAY
        parts.append(people.select(
            pl.lit("Northmark Data").alias("provider"), "email",
            pl.lit(attribute).alias("attribute"),
            pl.Series(values).gather(given).alias("value"),
            pl.Series("obtained", obtained),
            pl.when(pl.Series(coin(rng, count, 0.5)))
            .then(pl.Series(obtained + 365 * DAY)).alias("valid"),
            pl.Series("is_sold", coin(rng, count, (0.9, 0.6, 0.5)[number])),
        ))
    bought = pl.concat(parts).filter("is_sold").select(
        "provider", "email", "attribute", "value",
        moment(pl.col("obtained"), "%Y-%m-%d").alias("obtained_on"),
        moment(pl.col("valid"), "%Y-%m-%d").alias("valid_until"),
    )
    if len(bought):
        night.write("third_party", f"northmark-{night.on}.csv", csv(bought.select(HEADER)))
