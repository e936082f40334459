"""How good a model was on a window that it had not seen, and whether that suffices to publish it.

Here belong measures and the gate. What is judged is told by two arrays: scores, and what happened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

FEWEST_POSITIVES = 200
BINS = 10


@dataclass(frozen=True)
class Bin:
    """A tenth of the rows by score: what was predicted of them on average, and what was observed."""

    decile: int
    predicted: float
    observed: float
    row_count: int


@dataclass(frozen=True)
class Verdict:
    """A model on the last window, beside the naive rule; `reason` says why it is published or not."""

    row_count: int
    positive_count: int
    auc: float | None
    naive_auc: float | None
    lift_at_10: float | None
    calibration: tuple[Bin, ...]
    is_published: bool
    reason: str
    hit_rate_at_5: float | None = None
    naive_hit_rate_at_5: float | None = None


def ranked(values: np.ndarray) -> np.ndarray:
    """Each value's rank from 1, the average one for those that are equal."""
    return pl.Series(values).rank("average").to_numpy()


def auc(scores: np.ndarray, happened: np.ndarray) -> float | None:
    """The chance that one to whom it happened scores higher than one to whom it did not, ties half."""
    yes = float(happened.sum())
    no = len(happened) - yes
    if not yes or not no:
        return None
    ranks = ranked(scores)
    return float((ranks[happened > 0].sum() - yes * (yes + 1) / 2) / (yes * no))


def lift(scores: np.ndarray, happened: np.ndarray, share: float = 0.1) -> float | None:
    """How many times as often it happened in the best `share` of rows; of equals the first go first."""
    if not happened.sum():
        return None
    best = np.argsort(-scores, kind="stable")[: max(1, int(len(scores) * share))]
    return float(happened[best].mean() / happened.mean())


def calibrate(scores: np.ndarray, happened: np.ndarray) -> tuple[Bin, ...]:
    """Tenths of the rows, the lowest scores first."""
    order = np.argsort(scores, kind="stable")
    return tuple(
        Bin(number, float(scores[part].mean()), float(happened[part].mean()), len(part))
        for number, part in enumerate(np.array_split(order, BINS), start=1)
        if len(part)
    )


def judge(scores: np.ndarray, happened: np.ndarray, naive: list[np.ndarray]) -> Verdict:
    """The gate: enough to learn from, and better than the best of the `naive` rules.

    `happened` may count: only whether it did is ranked, how often is calibrated."""
    happened = happened.astype(float)
    positive = int((happened > 0).sum())
    own = auc(scores, happened > 0) if len(scores) else None
    rules = [found for rule in naive if (found := auc(rule, happened > 0)) is not None]
    beaten = max(rules, default=None)
    if positive < FEWEST_POSITIVES:
        verdict = False, f"{positive:,} positives on the last window, fewer than {FEWEST_POSITIVES}"
    elif own is None or beaten is None:
        verdict = False, "everybody did the same on the last window"
    elif own <= beaten:
        verdict = False, "no better than the naive rule on the last window"
    else:
        verdict = True, "better than the naive rule on the last window"
    return Verdict(
        len(scores), positive, own, beaten, lift(scores, happened > 0) if len(scores) else None,
        calibrate(scores, happened), *verdict,
    )


def refused(reason: str, row_count: int = 0, positive_count: int = 0) -> Verdict:
    """A model that could not be made at all."""
    return Verdict(row_count, positive_count, None, None, None, (), False, reason)
