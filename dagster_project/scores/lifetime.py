"""What customers will still buy: BG/NBD for how often, Gamma-Gamma for how much.

Fader, Hardie, Lee (2005), "Counting your customers" the easy way; Fader, Hardie (2013), The Gamma-Gamma
model of monetary value. A customer is `repeats` (purchases after the first), `last` (time of the last
one) and `age` (time observed), both since the first purchase, in one unit. Nothing here knows a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

LOG_BOUNDS = (-9.0, 7.0)


class NotFitted(Exception):
    """The data do not determine the model; the message says why."""


@dataclass(frozen=True)
class Buying:
    """BG/NBD: rates of buying are gamma (r, alpha), chances of stopping after a purchase beta (a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = np.nan


@dataclass(frozen=True)
class Spending:
    """Gamma-Gamma: a customer's purchases are gamma (p, nu), nu is gamma (q, v) over customers."""

    p: float
    q: float
    v: float


def fit_buying(repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> Buying:
    """By maximum likelihood. Raises NotFitted where nobody bought twice."""
    if not np.any(repeats > 0):
        raise NotFitted("nobody bought twice")
    first, row_of = _equal(repeats, last, age)
    rows, counts = np.stack([repeats, last, age], axis=1)[first], np.bincount(row_of)
    unit = float(np.average(rows[:, 2], weights=counts)) or 1.0
    x, x_of = np.unique(rows[:, 0], return_inverse=True)
    again = rows[:, 0] > 0
    recent, old = rows[:, 1] / unit, rows[:, 2] / unit

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(logs)
        steady = (
            gammaln(r + x) - gammaln(r) + r * logs[1]
            + gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
        )[x_of]
        power = r + rows[:, 0]
        alive = -power * np.log(alpha + old)
        with np.errstate(divide="ignore", invalid="ignore"):
            stopped = logs[2] - np.log(b + x - 1)[x_of] - power * np.log(alpha + recent)
        stopped = np.where(again, stopped, -np.inf)
        either = np.logaddexp(alive, stopped)
        is_alive, is_stopped = np.exp(alive - either), np.exp(stopped - either)
        by_r = (
            (digamma(r + x) - digamma(r))[x_of] + logs[1]
            - is_alive * np.log(alpha + old) - is_stopped * np.log(alpha + recent)
        )
        by_alpha = r / alpha - power * (is_alive / (alpha + old) + is_stopped / (alpha + recent))
        by_a = (digamma(a + b) - digamma(a + b + x))[x_of] + is_stopped / a
        by_b = (digamma(a + b) - digamma(a + b + x) + digamma(b + x) - digamma(b))[x_of]
        by_b = by_b - np.where(again, is_stopped / np.where(again, b + rows[:, 0] - 1, 1), 0)
        slopes = [float(np.sum(counts * each)) for each in (by_r, by_alpha, by_a, by_b)]
        total = float(np.sum(counts * (steady + either)))
        scale = counts.sum()
        return -total / scale, -np.array(slopes) * np.exp(logs) / scale

    found = _minimise(loss, np.array([0.0, 0.0, 0.0, 1.0]))
    r, alpha, a, b = np.exp(found.x)
    # Time in other units moves the density of each repeat purchase.
    log_likelihood = -found.fun * counts.sum() - np.sum(counts * rows[:, 0]) * np.log(unit)
    return Buying(r, alpha * unit, a, b, float(log_likelihood))


def fit_spending(repeats: np.ndarray, mean_value: np.ndarray) -> Spending:
    """By maximum likelihood, over customers who bought again and paid. Raises NotFitted."""
    paid = (repeats > 0) & (mean_value > 0)
    if paid.sum() < 2:
        raise NotFitted("nobody paid twice")
    x, x_of = np.unique(repeats[paid], return_inverse=True)
    unit = float(mean_value[paid].mean())
    count, mean = repeats[paid], mean_value[paid] / unit
    log_mean, log_count = np.log(mean), np.log(count)

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = np.exp(logs)
        log_sum = np.log(count * mean + v)
        steady = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * logs[2]
        each = (
            steady[x_of] + (p * count - 1) * log_mean + p * count * log_count
            - (p * count + q) * log_sum
        )
        mixed = digamma(p * x + q)
        by_p = count * ((mixed - digamma(p * x))[x_of] + log_mean + log_count - log_sum)
        by_q = (mixed - digamma(q))[x_of] + logs[2] - log_sum
        by_v = q / v - (p * count + q) / (count * mean + v)
        slopes = np.array([by_p.mean(), by_q.mean(), by_v.mean()])
        return -float(each.mean()), -slopes * np.exp(logs)

    found = _minimise(loss, np.array([1.0, 1.0, 1.0]))
    p, q, v = np.exp(found.x)
    if q <= 1:
        raise NotFitted("amounts vary so much that their mean is not finite")
    return Spending(p, q, v * unit)


def _equal(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each distinct row first is, in the order of the rows, and for each row the number of its
    like: by whole numbers, which are sorted many times faster than rows."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        code = code * len(values) + place
    _, first, row_of = np.unique(code, return_index=True, return_inverse=True)
    return first, row_of


def _minimise(loss, start: np.ndarray):
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[LOG_BOUNDS] * len(start),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
    if not np.isfinite(found.fun):
        raise NotFitted("the likelihood has no maximum")
    return found


def alive(buying: Buying, repeats: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The chance that a customer has not stopped: 1 for whoever bought once, by the model's making.

    It is no chance of buying, and no churn score: who buys rarely is alive and stays away.
    """
    power = buying.r + repeats
    odds = (
        np.log(buying.a) - np.log(buying.b + np.maximum(repeats, 1) - 1)
        + power * (np.log(buying.alpha + age) - np.log(buying.alpha + last))
    )
    return np.where(repeats > 0, expit(-odds), 1.0)


def expected_purchases(
    buying: Buying, horizons: np.ndarray, repeats: np.ndarray, last: np.ndarray, age: np.ndarray
) -> np.ndarray:
    """Purchases expected within each of `horizons` from now: horizons × customers.

    Formula (10) of the paper after Euler's transformation of its 2F1, whose first two parameters are
    then free of the number of purchases: it stays finite however many there are.
    """
    r, alpha, b = buying.r, buying.alpha, buying.b
    a = buying.a if abs(buying.a - 1) > 1e-6 else 1 + 1e-6  # at 1 the formula is 0 / 0
    # All but the chance of being alive depends on few distinct pairs.
    first, pair_of = _equal(repeats, age)
    x, old = repeats[first], age[first]
    ahead = np.asarray(horizons, dtype=float)[:, None]
    share = ahead / (alpha + old + ahead)
    with np.errstate(all="ignore"):
        still = (1 - share) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, share)
    for row, column in np.argwhere(~np.isfinite(still)):
        still[row, column] = _summed(r + x[column], b + x[column], a - 1, share[row, column])
    counted = (a + b + x - 1) / (a - 1) * (1 - still)
    return np.maximum(counted, 0)[:, pair_of] * alive(buying, repeats, last, age)


def regular_purchases(interval: np.ndarray, *, retention: float, horizons: np.ndarray) -> np.ndarray:
    """Purchases expected of those who buy at regular intervals, as by subscription: horizons × customers.

    One in each interval, by the share of customers that is still there: `retention` of them after every
    unit of time (Fader, Hardie 2007, How to project customer retention, with one rate for all).
    """
    lost = -np.log(np.clip(retention, 1e-6, 1 - 1e-9))
    stayed = (1 - np.exp(-lost * np.asarray(horizons, dtype=float))) / lost
    return stayed[:, None] / interval


def _summed(power: float, stays: float, stops: float, share: float) -> float:
    """(1 - share)^power 2F1(power, stays; stays + stops; share), term by term in logarithms: where
    nearly everybody stops the formula is nothing times infinity."""
    most = power * share / (1 - share)
    n = np.arange(int(most + 12 * np.sqrt(most / (1 - share)) + 100))
    terms = np.log((power + n) * share / (n + 1)) + np.log((stays + n) / (stays + stops + n))
    terms = np.concatenate([[0.0], np.cumsum(terms)]) + power * np.log1p(-share)
    return float(np.exp(terms).sum())


def expected_value(spending: Spending, repeats: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
    """What the next purchase is worth: between the customer's own mean and that of all."""
    p, q, v = spending.p, spending.q, spending.v
    return p * (v + repeats * np.where(repeats > 0, mean_value, 0)) / (p * repeats + q - 1)


def lifetime_value(
    purchases: np.ndarray, value: np.ndarray, *, monthly_discount: float
) -> np.ndarray:
    """Worth today of the purchases of the coming months; `purchases` are expected by the end of each:
    months × customers."""
    worth = (1 + monthly_discount) ** -np.arange(1.0, len(purchases) + 1)
    # A purchase counts in every month from its own on: all but what it loses in the next.
    lost = worth - np.append(worth[1:], 0)
    return np.einsum("m,mc->c", lost, purchases) * value
