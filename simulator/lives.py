"""Lives: when people join, buy and fall silent, and what is in their baskets.

Purchases and their lines in the web shop and in the stores, drawn for any period. Which file tells
of them, and what it knows of the buyer, is in the modules of the systems.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulator.chance import coin, index

DAY = 86_400
YEAR = 365 * DAY

# Orders a year of an average person while active; nobody shops in a store that is an ocean away.
WEB_ORDERS = {"US": 1.7, "CA": 1.7, "GB": 2.4, "DE": 2.4, "FR": 2.4}
STORE_ORDERS = {"US": 3.8, "CA": 3.8, "GB": 0.0, "DE": 0.0, "FR": 0.0}
UTC_OFFSET = {"US": -6, "CA": -5, "GB": 0, "DE": 1, "FR": 1}

WEB_HOURS = (2, 1, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 8, 7, 6, 6, 6, 7, 8, 10, 12, 12, 9, 5)
STORE_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 6, 8, 10, 9, 8, 8, 9, 10, 8, 4, 1, 0, 0, 0)


@dataclass(frozen=True)
class Purchases:
    """`orders`: person, at (epoch seconds, ascending); `lines`: order, product, quantity."""

    orders: pl.DataFrame
    lines: pl.DataFrame


def spans(rng: np.random.Generator, count: int, start: int, end: int) -> pl.DataFrame:
    """begins, ends: while a person is a customer. Some were before `start`, some stay for ever."""
    begins = start + (rng.uniform(-1.0, 1.0, count) * (end - start)).astype(np.int64)
    begins = np.minimum(begins, end - DAY)
    ends = begins + (rng.exponential(700, count) * DAY).astype(np.int64) + 30 * DAY
    return pl.DataFrame({"begins": begins, "ends": ends})


def moments(
    rng: np.random.Generator,
    people: pl.DataFrame,
    per_year: np.ndarray,
    start: int,
    end: int,
    hours,
) -> tuple[np.ndarray, np.ndarray]:
    """Who does something and when: positions in `people` and epoch seconds, in order of time."""
    begins = np.maximum(people["begins"].to_numpy(), start)
    ends = np.minimum(people["ends"].to_numpy(), end)
    length = np.maximum(ends - begins, 0)
    who = np.repeat(np.arange(len(people)), rng.poisson(per_year * length / YEAR))
    when = begins[who] + (rng.random(len(who)) * length[who]).astype(np.int64)
    # The hour is the hour of life where the person is; the day stays within the period.
    offsets = people["country"].replace_strict(UTC_OFFSET, return_dtype=pl.Int64).to_numpy()
    second = index(rng, len(who), hours) * 3600 + rng.integers(0, 3600, len(who))
    at = when // DAY * DAY + (second - offsets[who] * 3600) % DAY
    order = np.argsort(at, kind="stable")
    return who[order], at[order]


def web_rate(people: pl.DataFrame, is_member: np.ndarray) -> np.ndarray:
    """Orders a year of each, while a customer."""
    rate = people["country"].replace_strict(WEB_ORDERS, return_dtype=pl.Float64).to_numpy()
    return rate * people["appetite"].to_numpy() * np.where(is_member, 1.35, 0.45)


def store_rate(people: pl.DataFrame, is_member: np.ndarray) -> np.ndarray:
    rate = people["country"].replace_strict(STORE_ORDERS, return_dtype=pl.Float64).to_numpy()
    return rate * people["appetite"].to_numpy() * np.where(is_member, 1.5, 0.85)


def web_purchases(
    rng, people: pl.DataFrame, products, is_member, start, end, times: float = 1.0
) -> Purchases:
    rate = web_rate(people, is_member) * times
    return _purchases(rng, people, products, rate, start, end, WEB_HOURS)


def store_purchases(
    rng, people: pl.DataFrame, products, is_member, start, end, times: float = 1.0
) -> Purchases:
    rate = store_rate(people, is_member) * times
    return _purchases(rng, people, products, rate, start, end, STORE_HOURS)


def _purchases(rng, people, products, rate, start, end, hours) -> Purchases:
    who, at = moments(rng, people, rate, start, end, hours)
    return Purchases(
        pl.DataFrame({"person": who, "at": at}),
        baskets(rng, people["taste"].gather(who).to_numpy(), products),
    )


def baskets(rng: np.random.Generator, taste: np.ndarray, products: pl.DataFrame) -> pl.DataFrame:
    """Lines of one basket for each of `taste` (a favourite category): order, product, quantity."""
    size = np.minimum(rng.geometric(0.55, len(taste)), 9)
    order = np.repeat(np.arange(len(taste)), size)
    count = len(order)
    weights = products["weight"].to_numpy()
    chosen = index(rng, count, weights)
    category = products["category"].cast(pl.Categorical).to_physical().to_numpy()
    faithful = coin(rng, count, 0.5)
    for kind in range(int(category.max()) + 1):
        rows = np.flatnonzero(faithful & (taste[order] == kind))
        chosen[rows] = index(rng, len(rows), np.where(category == kind, weights, 0))
    quantity = np.where(coin(rng, count, 0.85), 1, rng.integers(2, 7, count))
    return pl.DataFrame({"order": order, "product": chosen, "quantity": quantity})
