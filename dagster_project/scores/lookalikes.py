"""People like those of a segment: for each seed segment who comes next, in nested bands.

A ridge logistic regression tells the seeds from the rest. Everybody is scored by a model that has not
seen the fold it is in, so that seeds hidden from it say how well it finds them. Only people who allowed
advertising train it or are among those found; seeds are not among them.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.making import Table, computed_together
from dagster_project.run import Run
from dagster_project.scores import logistic
from dagster_project.scores.windows import TRAINED_ROWS

SEEDS = ("vip_customers",)
"""Segments whose lookalikes are made every night; a segment of lookalikes must not be one."""

FEWEST_SEEDS = 100
BANDS = (1, 2, 5, 10)
FOLDS = 5
FEATURES = (
    "order_count", "spend_converted", "recency_days", "known_days", "session_count",
    "email_opened_count", "email_clicked_count", "discount_share", "store_order_share",
    "returned_order_count", "case_count",
)


@dataclass(frozen=True)
class Report:
    """How one seed segment's lookalikes did: of the seeds, hidden from the model that scores them, the
    share among the best tenth of the audience; the same of the best tenth by money spent, and by lot."""

    seed_count: int
    audience_count: int
    recall_at_10: float | None
    spender_recall_at_10: float | None
    random_recall_at_10: float
    is_published: bool
    reason: str
    weights: dict[str, float]


def find(audience: pl.DataFrame, is_seed: np.ndarray) -> tuple[Report, np.ndarray, np.ndarray]:
    """The report, and for each of the audience a score and a band in percent (0 for nobody's).

    `audience` has a row per person with `fold` and FEATURES, in the order of their ids, which settles
    ties.
    """
    seeds, people = int(is_seed.sum()), len(audience)
    none = np.zeros(people), np.zeros(people, dtype=np.int64)

    def refused(reason: str) -> tuple[Report, np.ndarray, np.ndarray]:
        return Report(seeds, people - seeds, None, None, 0.1, False, reason, {}), *none

    if seeds < FEWEST_SEEDS:
        return refused(f"{seeds:,} seeds who allowed advertising, fewer than {FEWEST_SEEDS}")
    if seeds == people:
        return refused("everybody who allowed advertising is a seed")
    columns = [audience[name].cast(pl.Float64).to_numpy() for name in FEATURES]
    features = np.log1p(np.maximum(np.column_stack(columns), 0))
    fold = audience["fold"].to_numpy()
    score, weights = np.zeros(people), []
    for number in range(FOLDS):
        model = _fit(features[fold != number], is_seed[fold != number])
        score[fold == number] = model.chances(features[fold == number])
        weights.append(model.weights)
    score = np.round(score, 9)
    recall = _recall(score, is_seed)
    spenders = _recall(audience["spend_converted"].cast(pl.Float64).to_numpy(), is_seed)
    is_better = recall > 0.1
    reason = ("finds" if is_better else "does not find") + " hidden seeds better than chance"
    mean = dict(zip(FEATURES, np.mean(weights, axis=0).tolist(), strict=True))
    report = Report(seeds, people - seeds, recall, spenders, 0.1, is_better, reason, mean)
    return (report, score, _bands(score, is_seed)) if is_better else (report, *none)


def _fit(features: np.ndarray, is_seed: np.ndarray) -> logistic.Logistic:
    """Of all seeds and at most so many others; scores rank people and are no chances."""
    others = np.flatnonzero(~is_seed)
    kept = np.sort(np.concatenate([np.flatnonzero(is_seed), others[:: -(-len(others) // TRAINED_ROWS)]]))
    return logistic.fit(features[kept], is_seed[kept].astype(float))


def _recall(score: np.ndarray, is_seed: np.ndarray) -> float:
    """The share of seeds among the best tenth of everybody."""
    best = np.argsort(-score, kind="stable")[: max(1, len(score) // 10)]
    return float(is_seed[best].sum() / is_seed.sum())


def _bands(score: np.ndarray, is_seed: np.ndarray) -> np.ndarray:
    """The narrowest band, in percent of those who are no seeds, that each of them is in; else 0."""
    others = np.flatnonzero(~is_seed)
    ranked = others[np.argsort(-score[others], kind="stable")]
    bands = np.zeros(len(score), dtype=np.int64)
    for percent in reversed(BANDS):
        bands[ranked[: len(others) * percent // 100]] = percent
    return bands


# Tables --------------------------------------------------------------------------------------------

INPUTS = ("workings.score_audience", *(f"segments.{segment}" for segment in SEEDS))
TABLES = {
    "golden.lookalikes": (
        "One row per seed segment and profile that is like its members: the narrowest band it is in, of "
        "1, 2, 5 and 10 percent of the people who allowed advertising.",
        ("segment", "profile_id"),
    ),
    "golden.lookalike_reports": (
        "One row per seed segment: from how many seeds its lookalikes were found, and how well.",
        ("segment",),
    ),
}


def tables() -> list[Table]:
    code = [inspect.getsource(each) for each in (logistic, find, _fit, _recall, _bands, _find_all)]
    return computed_together(TABLES, inputs=INPUTS, work=_find_all, code=(code, SEEDS))


def _find_all(run: Run) -> None:
    """Every seed segment's lookalikes, into one temp table for each of TABLES."""
    con = run.con
    for table in INPUTS:
        run.view(table)
    con.execute(
        """create or replace temp table lookalikes_now (
            segment varchar, profile_id varchar, score double, band integer)"""
    )
    con.execute(
        """create or replace temp table lookalike_reports_now (
            segment varchar, seed_count bigint, audience_count bigint, recall_at_10 double,
            spender_recall_at_10 double, random_recall_at_10 double, is_published boolean,
            reason varchar, features varchar)"""
    )
    for segment in SEEDS:
        audience = con.sql(
            f"""select audience.*, seeds.profile_id is not null as is_seed
            from workings.score_audience as audience
            left join segments.{segment} as seeds using (profile_id)
            order by profile_id"""
        ).pl()
        report, score, band = find(audience, audience["is_seed"].to_numpy())
        found = audience.select("profile_id", score=pl.Series(score).round(6), band=pl.Series(band))
        con.register("found_now", found)
        con.execute(
            "insert into lookalikes_now select ?, profile_id, score, band from found_now where band > 0",
            [segment],
        )
        con.unregister("found_now")
        weights = {name: round(weight, 4) for name, weight in report.weights.items()}
        rates = [
            None if rate is None else round(rate, 4)
            for rate in (report.recall_at_10, report.spender_recall_at_10, report.random_recall_at_10)
        ]
        con.execute(
            "insert into lookalike_reports_now values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [segment, report.seed_count, report.audience_count, *rates, report.is_published,
             report.reason, json.dumps(weights)],
        )
