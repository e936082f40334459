"""Finance: what a unit of each currency was worth in US dollars, day by day."""

import numpy as np
import polars as pl

from simulator.files import Night, csv
from simulator.lives import DAY
from simulator.text import moment
from simulator.world import World

_BEGIN = {"CAD": 0.73, "EUR": 1.09, "GBP": 1.28}
_DAILY = 0.004


class Finance:
    """Where the rates stand: they wander on every night."""

    def __init__(self) -> None:
        self.rates = np.array(list(_BEGIN.values()))

    def deliver(self, world: World, night: Night) -> None:
        rng = world.chance("finance", night.on.isoformat())
        days = np.arange(night.start, night.end, DAY)
        steps = rng.normal(0, _DAILY, (len(days), len(_BEGIN)))
        path = self.rates * np.exp(np.cumsum(steps, axis=0))
        self.rates = path[-1]
        table = pl.DataFrame({
            "day": np.repeat(days, len(_BEGIN)), "currency": list(_BEGIN) * len(days),
            "rate": np.round(path, 6).ravel(),
        }).select(
            moment(pl.col("day"), "%Y-%m-%d").alias("rate_on"), "currency",
            pl.lit("USD").alias("quote_currency"), "rate",
        )
        night.write("finance", f"exchange-rates-{night.on}.csv", csv(table))
