"""The tables that models make: scores of people, a card per model, and its calibration.

Here lies what is read and written; what a model is and how it is judged is in its own module.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.making import Table, computed_together
from dagster_project.run import Run
from dagster_project.scores import judging, lifetime, logistic, recommending, windows
from dagster_project.scores.judging import Verdict

DIGITS = 6
"""Scores are rounded, so that a sum taken in another order is the same score."""

MONEY = ("clv",)

CODE = (judging, lifetime, logistic, recommending, windows)
INPUTS = (
    "raw.as_of", "workings.lead_score_rules", "workings.score_customers", "workings.score_leads",
    "workings.score_product_days", "workings.score_products", "workings.score_settings",
    "workings.score_windows",
)
TABLES = {
    "workings.model_scores": (
        "One row per profile and score that a published model makes.",
        ("profile_id", "score"),
    ),
    "golden.score_models": (
        "One row per model of the night: what it learned from, how it did on the last window beside "
        "the naive rule, and whether it is published.",
        ("model",),
    ),
    "golden.score_calibration": (
        "One row per model and tenth of the last window's people by its score, the lowest first: what "
        "was predicted of them, and what happened.",
        ("model", "decile"),
    ),
    "golden.recommendations": (
        "One row per profile, kind (rebuy, discover; popular for whom nothing is discovered) and rank "
        "from 1: a product to show it next.",
        ("profile_id", "kind", "rank"),
    ),
}


@dataclass(frozen=True)
class Card:
    """One model of the night, as score_models tells it."""

    model: str
    score: str
    trained_from: object
    trained_to: object
    verdict: Verdict
    weights: dict[str, float]


def tables() -> list[Table]:
    code = [inspect.getsource(module) for module in CODE] + [inspect.getsource(_score)]
    return computed_together(TABLES, inputs=INPUTS, work=_score, code=code)


def _score(run: Run) -> None:
    """Every model of the night, into one temp table for each of TABLES."""
    con = run.con
    for table in INPUTS:
        run.view(table)
    settings = dict(con.execute("select setting, amount from workings.score_settings").fetchall())
    dates = {
        (kind, number): (starts_on, ends_on)
        for kind, number, starts_on, ends_on in con.execute(
            "select kind, window_number, starts_on, ends_on from workings.score_windows"
        ).fetchall()
    }
    customers = _windows(con, "workings.score_customers", "profile_id")
    first_on = dates["purchase", 0][0]
    cards, scored = [], []

    value = windows.customer_value(
        customers,
        days=settings["purchase_days"],
        months=int(settings["clv_horizon_months"]),
        monthly_discount=settings["clv_monthly_discount"],
        habit=windows.Habit(
            settings["regular_purchases"], settings["regular_spread"], settings["regular_gap_days"]
        ),
    )
    oldest = customers[0]["tenure_days"].max() or 0
    since = con.execute("select ?::date - ?::integer", [first_on, oldest]).fetchall()[0][0]
    cards.append(Card("bg_nbd_gamma_gamma", "clv", since, first_on, value.verdict, value.weights))
    scored.append(_long(customers[0]["profile_id"], cards[-1].model, value.scores))

    buying = windows.propensity(customers)
    cards.append(
        Card("purchase_logistic", "propensity", *dates["purchase", 1], buying.verdict, buying.weights)
    )
    scored.append(_long(customers[0]["profile_id"], cards[-1].model, buying.scores))

    leads = _windows(con, "workings.score_leads", "record_key")
    points = _lead_points(leads[1], con.sql("from workings.lead_score_rules").pl())
    converting = windows.lead_score(leads, points)
    cards.append(
        Card("lead_logistic", "lead_score", *dates["lead", 1], converting.verdict, converting.weights)
    )
    best = _long(leads[0]["profile_id"], cards[-1].model, converting.scores)
    scored.append(best.group_by("profile_id", "score", "model").agg(pl.col("value").max()))

    recommended = _recommend(
        con, dates["purchase", 0][0], int(settings["purchase_days"]), settings["rebuy_half_life_days"]
    )
    cards += [
        Card(_RECOMMENDERS[kind], kind, since, first_on, verdict, {})
        for kind, verdict in recommended.items()
    ]

    _register(con, "model_scores_now", pl.concat([frame.select(*_SCORES) for frame in scored]))
    _register(con, "score_models_now", pl.DataFrame([_told(card) for card in cards], schema=_CARDS))
    con.execute(
        """create or replace temp table score_models_now as
        select cards.*, now.as_of from score_models_now as cards cross join raw.as_of as now"""
    )
    bins = [
        (card.model, card.score, each.decile, round(each.predicted, DIGITS),
         round(each.observed, DIGITS), each.row_count)
        for card in cards
        for each in card.verdict.calibration
    ]
    _register(con, "score_calibration_now", pl.DataFrame(bins, schema=_BINS, orient="row"))


_SCORES = {"profile_id": pl.String, "score": pl.String, "value": pl.Float64, "model": pl.String}
_CARDS = {
    "model": pl.String, "score": pl.String, "trained_from": pl.Date, "trained_to": pl.Date,
    "row_count": pl.Int64, "positive_count": pl.Int64, "auc": pl.Float64, "naive_auc": pl.Float64,
    "lift_at_10": pl.Float64, "hit_rate_at_5": pl.Float64, "naive_hit_rate_at_5": pl.Float64,
    "is_published": pl.Boolean, "reason": pl.String, "features": pl.String,
}
_RECOMMENDERS = {"rebuy": "own_purchases", "discover": "product_cosine"}
_BINS = {
    "model": pl.String, "score": pl.String, "decile": pl.Int64, "predicted": pl.Float64,
    "observed": pl.Float64, "row_count": pl.Int64,
}


def read_cards(run: Run) -> tuple[list[dict], list[dict], list[dict]]:
    """The night's models, their calibration and the reports on lookalikes, as rows."""
    return tuple(
        run.con.sql(f"select * from ({run.lake.scan(table)}) order by all").pl().to_dicts()
        for table in ("golden.score_models", "golden.score_calibration", "golden.lookalike_reports")
    )


def _windows(con, table: str, key: str) -> dict[int, pl.DataFrame]:
    """Rows by window, in the order of their key."""
    return {
        number: con.sql(f"select * from {table} where window_number = {number} order by {key}").pl()
        for number in (0, 1, 2)
    }


def _lead_points(leads: pl.DataFrame, rules: pl.DataFrame):
    """What the rules give each of the leads, as workings.score_lead_points counts it."""
    total = pl.lit(0)
    for rule in rules.iter_rows(named=True):
        fact = pl.col(rule["fact"]).cast(pl.Float64)
        holds = fact >= rule["from_amount"]
        if rule["to_amount"] is not None:
            holds &= fact <= rule["to_amount"]
        total = total + holds.cast(pl.Int64) * rule["points"]
    return leads.select(total.alias("points").cast(pl.Float64))["points"].to_numpy()


def _recommend(con, as_of, days: int, half_life: float) -> dict[str, Verdict]:
    """Makes recommendations_now; returns what became of each kind on the last window."""
    con.execute(
        """create or replace temp table buyers_now as
        select profile_id, row_number() over (order by profile_id) - 1 as person
        from (select distinct profile_id from workings.score_product_days)"""
    )
    rows = con.execute(
        """select
            (buyers.person << 30) + ((products.buyer_rank - 1) << 20) + ($as_of::date - days.bought_on)
                as packed
        from workings.score_product_days as days
        inner join buyers_now as buyers using (profile_id)
        inner join workings.score_products as products using (sku)
        where products.buyer_rank <= $most and days.bought_on < $as_of::date""",
        {"as_of": as_of, "most": recommending.MOST_PRODUCTS},
    ).fetchnumpy()
    # Person, product and days in one whole number, which is sorted many times faster than rows.
    packed = np.sort(np.asarray(rows["packed"], dtype=np.int64))
    person, product, ago = packed >> 30, packed >> 20 & (1 << 10) - 1, packed & (1 << 20) - 1
    people = int(person.max()) + 1 if len(person) else 0
    products = int(product.max()) + 1 if len(product) else 0
    bought = recommending.Bought(person, product, ago, people, products)
    verdicts = recommending.judge(bought, days, half_life)
    shown = {}
    if verdicts["rebuy"].is_published:
        shown["rebuy"] = recommending.rebuy(bought, half_life)
    if verdicts["discover"].is_published:
        shown["discover"] = recommending.discover(bought, np.arange(people))
    is_left = np.ones(people, dtype=bool)
    if "discover" in shown:
        is_left[shown["discover"].person] = False
    shown["popular"] = recommending.popular(bought, np.flatnonzero(is_left))
    frames = [
        pl.DataFrame(
            {"person": each.person, "product": each.product, "rank": each.rank, "score": each.score}
        ).with_columns(kind=pl.lit(kind))
        for kind, each in shown.items()
    ]
    con.register("shown_now", pl.concat(frames))
    con.execute(
        """create or replace temp table recommendations_now as
        select people.profile_id, shown.kind, shown.rank, products.sku, products.product_name, shown.score
        from shown_now as shown
        inner join buyers_now as people using (person)
        inner join workings.score_products as products on products.buyer_rank = shown.product + 1"""
    )
    con.unregister("shown_now")
    return verdicts


def _long(profiles: pl.Series, model: str, scores: dict) -> pl.DataFrame:
    """Scores by name -> one row per profile and score."""
    frames = [
        pl.DataFrame({"profile_id": profiles, "value": values}).with_columns(
            pl.col("value").round(2 if name in MONEY else DIGITS), score=pl.lit(name), model=pl.lit(model)
        )
        for name, values in scores.items()
    ]
    return pl.concat(frames).select(*_SCORES) if frames else pl.DataFrame(schema=_SCORES)


def _told(card: Card) -> dict:
    verdict = card.verdict
    return {
        "model": card.model,
        "score": card.score,
        "trained_from": card.trained_from,
        "trained_to": card.trained_to,
        "row_count": verdict.row_count,
        "positive_count": verdict.positive_count,
        "auc": _rounded(verdict.auc),
        "naive_auc": _rounded(verdict.naive_auc),
        "lift_at_10": _rounded(verdict.lift_at_10),
        "hit_rate_at_5": _rounded(verdict.hit_rate_at_5),
        "naive_hit_rate_at_5": _rounded(verdict.naive_hit_rate_at_5),
        "is_published": verdict.is_published,
        "reason": verdict.reason,
        "features": json.dumps({name: round(each, 4) for name, each in card.weights.items()}),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _register(con, name: str, frame: pl.DataFrame) -> None:
    con.register("frame_now", frame)
    con.execute(f"create or replace temp table {name} as from frame_now")
    con.unregister("frame_now")
