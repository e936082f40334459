"""Products to show to a customer next: bought again, discovered, or what is popular.

Re-buying goes by how often and how lately the customer bought the product itself; discovery by the
cosine between products, of who bought both; popularity is what both must beat. A product is its number
by popularity. Nothing here knows a person or a product's name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from dagster_project.scores.judging import FEWEST_POSITIVES, Verdict

SHOWN = 5
MOST_PRODUCTS = 1_000
"""Only as many of the most bought products are recommended; the rest are too rare to say anything of."""

JUDGED_PEOPLE = 200_000
"""What is judged is judged on so many; of more, on every so-many-th."""

POPULAR_DAYS = 90
POPULAR_PRODUCTS = 20

NEIGHBOURS = 10
"""A product speaks for so many others, those most alike to it."""

AT_ONCE = 1 << 17
DIGITS, SCORE_BITS, PRODUCT_BITS = 6, 35, 10
OUT = 1e9


@dataclass(frozen=True)
class Bought:
    """Purchases, each a person and a product by number, and how many days ago; sorted by the three."""

    person: np.ndarray
    product: np.ndarray
    ago: np.ndarray
    people: int
    products: int

    def where(self, kept: np.ndarray, *, later: int = 0) -> Bought:
        """Some of them, as seen `later` days earlier."""
        return Bought(
            self.person[kept], self.product[kept], self.ago[kept] - later, self.people, self.products
        )

    @cached_property
    def matrix(self) -> csr_array:
        """Who bought what at all: people × products."""
        ones = np.ones(len(self.person), dtype=np.int32)
        both = self.person.astype(np.int32), self.product.astype(np.int32)
        found = csr_array((ones, both), shape=(self.people, self.products))
        found.sum_duplicates()
        found.data[:] = 1
        return found


@dataclass(frozen=True)
class Shown:
    """Recommendations: for a person a product, its rank from 1 and its score."""

    person: np.ndarray
    product: np.ndarray
    rank: np.ndarray
    score: np.ndarray


def rebuy(bought: Bought, half_life: float) -> Shown:
    """Of what each customer bought: the days on which it did, halved with every half-life since the
    last."""
    # Sorted by days ago, the first of a pair is its latest.
    latest = np.flatnonzero(_begins(bought.person) | _begins(bought.product))
    days = np.diff(latest, append=len(bought.person))
    score = days * 0.5 ** (bought.ago[latest] / half_life)
    return _first(bought.person[latest], bought.product[latest], score)


def discover(bought: Bought, people: np.ndarray) -> Shown:
    """Of what each of `people` never bought: the sum of its cosines with what it did buy, over the
    products that are most alike to each."""
    owned = bought.matrix
    both = (owned.T @ owned).toarray().astype(float)
    norm = np.sqrt(np.maximum(both.diagonal(), 1))
    alike = both / norm[:, None] / norm[None, :]
    np.fill_diagonal(alike, 0)
    far = np.argsort(-alike, axis=1, kind="stable")[:, NEIGHBOURS:]
    np.put_along_axis(alike, far, 0, axis=1)
    nearest = csr_array(alike)
    found = [_none()]
    for start in range(0, len(people), AT_ONCE):
        part = people[start : start + AT_ONCE]
        own = owned[part]
        # What is owned falls below zero, and with that out.
        scores = (own @ nearest - own * OUT).tocoo()
        kept = scores.data > 0
        row, column = (each[kept].astype(np.int64) for each in scores.coords)
        shown = _first(row, column, scores.data[kept])
        found.append(Shown(part[shown.person], shown.product, shown.rank, shown.score))
    return _together(found)


def popular(bought: Bought, people: np.ndarray) -> Shown:
    """Of what each of `people` never bought: what most bought lately."""
    share = popularity(bought)
    top = np.argsort(-share, kind="stable")[:POPULAR_PRODUCTS]
    share = np.rint(share[top] * 10**DIGITS) / 10**DIGITS
    top, share = top[share > 0], share[share > 0]
    is_new = bought.matrix[people][:, top].toarray() == 0
    rank = np.cumsum(is_new, axis=1)
    row, place = np.nonzero(is_new & (rank <= SHOWN))
    return Shown(people[row], top[place], rank[row, place], share[place])


def popularity(bought: Bought) -> np.ndarray:
    """Product -> the share of people who bought it lately."""
    lately = bought.where(bought.ago <= POPULAR_DAYS).matrix
    return np.asarray(lately.sum(axis=0)).ravel() / max(bought.people, 1)


def _first(person: np.ndarray, product: np.ndarray, score: np.ndarray) -> Shown:
    """The best few of each person (ascending); of equals the more popular.

    One whole number holds person, score and product, for numbers are sorted many times faster than
    rows. Scores are told apart to the sixth digit.
    """
    found = [_none()]
    last = int(person[-1]) if len(person) else -1
    for start in range(0, last + 1, AT_ONCE):
        part = slice(*np.searchsorted(person, (start, start + AT_ONCE)))
        short = (1 << SCORE_BITS) - 1 - np.rint(score[part] * 10**DIGITS).astype(np.int64)
        packed = (((person[part] - start) << SCORE_BITS | short) << PRODUCT_BITS) | product[part]
        packed.sort()
        who = packed >> (SCORE_BITS + PRODUCT_BITS)
        begins = np.flatnonzero(_begins(who))
        places = begins[:, None] + np.arange(SHOWN)
        whose, rank = np.nonzero(places < np.append(begins[1:], len(who))[:, None])
        kept = places[whose, rank]
        told = (1 << SCORE_BITS) - 1 - (packed[kept] >> PRODUCT_BITS & (1 << SCORE_BITS) - 1)
        goods = packed[kept] & (1 << PRODUCT_BITS) - 1
        found.append(Shown(who[kept] + start, goods, rank + 1, told / 10**DIGITS))
    return _together(found)


def _begins(values: np.ndarray) -> np.ndarray:
    """Where another value begins than that before."""
    return np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]


def _none() -> Shown:
    nobody = np.zeros(0, dtype=np.int64)
    return Shown(nobody, nobody, nobody, np.zeros(0))


def _together(parts: list[Shown]) -> Shown:
    names = [each.name for each in fields(Shown)]
    return Shown(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def judge(bought: Bought, days: int, half_life: float) -> dict[str, Verdict]:
    """rebuy and discover on the last `days`, from what was bought before: how many of those who bought
    then (for discovery: something they had not bought before) were shown one of it, beside as many
    popular products."""
    bought = bought.where(bought.person % max(1, -(-bought.people // JUDGED_PEOPLE)) == 0)
    before = bought.where(bought.ago > days, later=days)
    after = bought.where(bought.ago <= days)
    known = np.unique(before.person)
    owned, then = before.matrix, after.matrix
    new = then - then * owned
    new.eliminate_zeros()
    top = np.argsort(-popularity(before), kind="stable")

    again, fresh = _buyers(then, known), _buyers(new, known)
    own = rebuy(before, half_life)
    same = Shown(own.person, top[own.rank - 1], own.rank, own.score)
    return {
        "rebuy": _compare(then, again, own, same),
        "discover": _compare(new, fresh, discover(before, fresh), popular(before, fresh)),
    }


def _buyers(bought: csr_array, known: np.ndarray) -> np.ndarray:
    """Those of `known` who bought anything."""
    return known[np.diff(bought.indptr)[known] > 0]


def _compare(truth: csr_array, people: np.ndarray, shown: Shown, naive: Shown) -> Verdict:
    def hits(each: Shown) -> float | None:
        if not len(people):
            return None
        guess = csr_array(
            (np.ones(len(each.person), dtype=np.int64), (each.person, each.product)), shape=truth.shape
        )
        return float((np.asarray((truth * guess).sum(axis=1)).ravel()[people] > 0).mean())

    own, other = hits(shown), hits(naive)
    if len(people) < FEWEST_POSITIVES:
        verdict = False, f"{len(people):,} people to judge by, fewer than {FEWEST_POSITIVES}"
    elif own <= other:
        verdict = False, "no better than popularity on the last window"
    else:
        verdict = True, "better than popularity on the last window"
    hit = 0 if own is None else round(own * len(people))
    return Verdict(len(people), hit, None, None, None, (), *verdict, own, other)
