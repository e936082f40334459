"""Models of what people do within a window, learned from earlier windows and judged on the last one.

A window is a frame: one row per person, what was known when it began and what happened within. Three
suffice: the one before the last teaches the model that the last one judges; the last one teaches the
model that scores tonight's. Which columns there are is SQL (workings.score_customers, score_leads).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.scores import lifetime, logistic
from dagster_project.scores.judging import Verdict, judge, ranked, refused

TRAINED_ROWS = 200_000
"""More rows make a model of a few weights no better: of more, every so-many-th is taken."""

PURCHASE_FEATURES = (
    "purchase_day_count", "purchase_days_90", "recency_days", "tenure_days", "spend", "visit_days_30",
    "visit_days_90", "cart_adds_30", "cart_adds_90", "email_responses_30", "email_responses_90",
)
LEAD_FEATURES = (
    "age_days", "is_contacted", "has_responded", "is_referral", "visit_days_90", "cart_adds_90",
    "email_responses_90", "call_days_90", "purchase_day_count",
)
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Scored:
    """Scores of tonight's rows by name (none unless published), and what the model knows."""

    verdict: Verdict
    weights: dict[str, float]
    scores: dict[str, np.ndarray]


def propensity(windows: dict[int, pl.DataFrame]) -> Scored:
    """The chance of a purchase within the window that begins tonight, and of none."""
    naive = [recency_rule(windows[1]), rfm_rule(windows[1])]
    happened = {number: windows[number]["bought_day_count"].to_numpy() > 0 for number in (1, 2)}
    learned = _learn(windows, happened, PURCHASE_FEATURES, naive)
    chances = learned.scores.get("chance")
    scores = {} if chances is None else {"propensity": chances, "churn": 1 - chances}
    return Scored(learned.verdict, learned.weights, scores)


def lead_score(windows: dict[int, pl.DataFrame], points: np.ndarray) -> Scored:
    """The chance in a hundred that a lead converts within the window that begins tonight.

    `points` are what the rules gave the leads of the last window: they are the naive rule.
    """
    naive = [points, -windows[1]["age_days"].to_numpy()]
    happened = {number: windows[number]["has_converted"].to_numpy() for number in (1, 2)}
    learned = _learn(windows, happened, LEAD_FEATURES, naive)
    chances = learned.scores.get("chance")
    scores = {} if chances is None else {"lead_score": 100 * chances}
    return Scored(learned.verdict, learned.weights, scores)


def _learn(
    windows: dict[int, pl.DataFrame],
    happened: dict[int, np.ndarray],
    names: tuple[str, ...],
    naive: list[np.ndarray],
) -> Scored:
    if not happened[2].any() or happened[2].all() or not len(happened[1]):
        reason = "nothing to learn from in the window before the last"
        return Scored(refused(reason, len(happened[1]), int(happened[1].sum())), {}, {})
    trial = _fit(windows[2], happened[2], names)
    verdict = judge(trial.chances(_matrix(windows[1], names)), happened[1], naive)
    if not verdict.is_published:
        return Scored(verdict, dict(zip(names, trial.weights.tolist(), strict=True)), {})
    model = _fit(windows[1], happened[1], names)
    chances = model.chances(_matrix(windows[0], names))
    return Scored(verdict, dict(zip(names, model.weights.tolist(), strict=True)), {"chance": chances})


def _fit(frame: pl.DataFrame, happened: np.ndarray, names: tuple[str, ...]) -> logistic.Logistic:
    rows = _sample(frame.with_columns(happened=pl.Series(happened, dtype=pl.Float64)))
    return logistic.fit(_matrix(rows, names), rows["happened"].to_numpy())


def _sample(frame: pl.DataFrame) -> pl.DataFrame:
    """Enough rows to learn from, in their order."""
    return frame[:: max(1, -(-len(frame) // TRAINED_ROWS))]


def _matrix(frame: pl.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    columns = [frame[name].cast(pl.Float64).to_numpy() for name in names]
    return np.log1p(np.maximum(np.column_stack(columns), 0))


def recency_rule(frame: pl.DataFrame) -> np.ndarray:
    """Who bought last comes first."""
    return -frame["recency_days"].cast(pl.Float64).to_numpy()


def rfm_rule(frame: pl.DataFrame) -> np.ndarray:
    """The sum of the ranks by recency, frequency and money: the plain rule, with finer steps than
    fifths, which makes it harder to beat."""
    facts = [frame[name].cast(pl.Float64).to_numpy() for name in ("purchase_day_count", "spend")]
    return sum(ranked(values) for values in (recency_rule(frame), *facts))


@dataclass(frozen=True)
class Habit:
    """When gaps between purchases are regular: from so many purchases on, if they spread about their
    mean by at most that share of it, and the next purchase is not overdue by more than half a gap. Shorter
    gaps than `shortest` days are a visit, not a habit."""

    purchases: float
    spread: float
    shortest: float


KEPT, OF = 9, 10
"""Retention of regular customers before any was seen: so many of so many stay for a window."""


def customer_value(
    windows: dict[int, pl.DataFrame], *, days: float, months: int, monthly_discount: float, habit: Habit
) -> Scored:
    """What customers will still spend within `months`. Judged by who buys within the last window, of
    `days`, and how often, from what was known when it began."""
    last, tonight = windows[1], windows[0]
    happened = last["bought_day_count"].to_numpy()
    try:
        model = Purchases.learn(last, windows[2], habit, days)
        verdict = judge(model.expected([days])[0], happened, [recency_rule(last), rfm_rule(last)])
        model = Purchases.learn(tonight, last, habit, days)
        repeats = _history(tonight)[0]
        mean = tonight["repeat_spend"].cast(pl.Float64).to_numpy() / np.maximum(repeats, 1)
        every = slice(None, None, max(1, -(-len(mean) // TRAINED_ROWS)))
        spending = lifetime.fit_spending(repeats[every], mean[every])
    except lifetime.NotFitted as error:
        return Scored(refused(str(error), len(last), int((happened > 0).sum())), {}, {})
    weights = {name: float(getattr(model.buying, name)) for name in ("r", "alpha", "a", "b")}
    weights |= {name: float(getattr(spending, name)) for name in ("p", "q", "v")}
    weights |= {"regular_customers": int(model.is_regular.sum()), "retention": model.retention}
    if not verdict.is_published:
        return Scored(verdict, weights, {})
    purchases = model.expected(MONTH * np.arange(1, months + 1))
    value = lifetime.expected_value(spending, repeats, mean)
    return Scored(verdict, weights, {
        "clv": lifetime.lifetime_value(purchases, value, monthly_discount=monthly_discount),
        "expected_orders": purchases[-1],
        "p_alive": lifetime.alive(model.buying, *_history(tonight)),
    })


@dataclass(frozen=True)
class Purchases:
    """How often the customers of a frame will buy: by BG/NBD, the regular ones by their gap."""

    frame: pl.DataFrame
    buying: lifetime.Buying
    is_regular: np.ndarray
    gap: np.ndarray
    retention: float
    window_days: float

    @classmethod
    def learn(
        cls, frame: pl.DataFrame, before: pl.DataFrame, habit: Habit, days: float
    ) -> Purchases:
        """From what was known when a window began; `before` is the same a window earlier."""
        is_regular, gap = regular(frame, habit)
        were, _ = regular(before, habit)
        earlier = before["profile_id"].filter(pl.Series(were, dtype=pl.Boolean))
        now = frame["profile_id"].filter(pl.Series(is_regular, dtype=pl.Boolean))
        stayed = now.is_in(earlier.implode())
        retention = (int(stayed.sum()) + KEPT) / (len(earlier) + OF)
        buying = lifetime.fit_buying(*_history(_sample(frame)))
        return cls(frame, buying, is_regular, gap, retention, days)

    def expected(self, horizons: np.ndarray | list[float]) -> np.ndarray:
        """Purchases within each of `horizons`, in days: horizons × customers."""
        found = lifetime.expected_purchases(self.buying, np.asarray(horizons), *_history(self.frame))
        found[:, self.is_regular] = lifetime.regular_purchases(
            self.gap[self.is_regular] / self.window_days,
            retention=self.retention,
            horizons=np.asarray(horizons) / self.window_days,
        )
        return found


def regular(frame: pl.DataFrame, habit: Habit) -> tuple[np.ndarray, np.ndarray]:
    """Who buys at regular intervals, and everybody's mean gap in days."""
    repeats, last, age = _history(frame)
    gap = last / np.maximum(repeats, 1)
    squares = frame["squared_gaps"].cast(pl.Float64).to_numpy() / np.maximum(repeats, 1)
    spread = np.sqrt(np.maximum(squares - gap**2, 0))
    is_steady = (repeats + 1 >= habit.purchases) & (spread <= habit.spread * gap)
    return is_steady & (gap >= habit.shortest) & (age - last <= 1.5 * gap), gap


def _history(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeat purchases, time of the last and time observed, in days since the first."""
    days, age, since = (
        frame[name].cast(pl.Float64).to_numpy()
        for name in ("purchase_day_count", "tenure_days", "recency_days")
    )
    return days - 1, age - since, age
