"""BG/NBD and Gamma-Gamma: the parameters that data were drawn from are found, published ones are right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from dagster_project.scores.lifetime import (
    Buying,
    NotFitted,
    Spending,
    alive,
    expected_purchases,
    expected_value,
    fit_buying,
    fit_spending,
    lifetime_value,
    regular_purchases,
)

CDNOW = Buying(0.243, 4.414, 0.793, 2.426)
"""As published for a tenth of CDNOW's customers, in weeks (Fader, Hardie, Lee 2005)."""


def one(number):
    return np.array([float(number)])


def drawn(rng, model, age, count):
    """Customers who buy and stop as the model says, until `age`: repeats, last, age, later repeats."""
    rate = rng.gamma(model.r, 1 / model.alpha, count)
    stop = rng.beta(model.a, model.b, count)
    repeats, last, later = np.zeros(count), np.zeros(count), np.zeros(count)
    now, lives = np.zeros(count), np.ones(count, dtype=bool)
    while lives.any():
        now = now + rng.exponential(1 / np.maximum(rate, 1e-12))
        seen, ahead = lives & (now <= age), lives & (now > age) & (now <= 2 * age)
        repeats += seen
        later += ahead
        last = np.where(seen, now, last)
        lives = lives & (now <= 2 * age) & (rng.random(count) >= stop)
    return repeats, last, np.full(count, float(age)), later


@pytest.fixture(scope="module")
def company():
    return drawn(np.random.default_rng(5), Buying(0.6, 8.0, 0.9, 3.0), 52.0, 20_000)


def test_the_parameters_that_customers_were_drawn_from_are_found(company):
    found = fit_buying(*company[:3])
    assert (found.r, found.alpha) == (pytest.approx(0.6, rel=0.1), pytest.approx(8, rel=0.15))
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.9, rel=0.15)


def test_as_many_purchases_come_as_were_expected(company):
    repeats, last, age, later = company
    expected = expected_purchases(fit_buying(repeats, last, age), [52.0], repeats, last, age)[0]
    assert expected.sum() == pytest.approx(later.sum(), rel=0.05)
    assert np.corrcoef(expected, later)[0, 1] > 0.6


def test_no_other_parameters_are_as_likely(company):
    """At the maximum the likelihood is that of the formula, and no step away from it is better."""
    repeats, last, age, _ = company
    found = fit_buying(repeats, last, age)
    best = likelihood(found, repeats, last, age)
    assert best == pytest.approx(found.log_likelihood, rel=1e-9)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.95, 1.05):
            other = {key: getattr(found, key) for key in ("r", "alpha", "a", "b")}
            other[name] *= factor
            assert likelihood(Buying(**other), repeats, last, age) < best


def likelihood(model, x, last, age):
    from scipy.special import betaln, gammaln

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    lives = betaln(a, b + x) - (r + x) * np.log(alpha + age)
    stopped = np.where(
        x > 0, betaln(a + 1, np.maximum(b + x - 1, 1e-9)) - (r + x) * np.log(alpha + last), -np.inf
    )
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    return float(np.sum(shared + np.logaddexp(lives, stopped)))


def test_the_unit_of_time_does_not_matter(company):
    repeats, last, age, _ = (each[:3000] for each in company)
    weeks, days = fit_buying(repeats, last, age), fit_buying(repeats, 7 * last, 7 * age)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-3)
    assert (days.r, days.a, days.b) == tuple(pytest.approx(n, rel=1e-3) for n in (weeks.r, weeks.a, weeks.b))


def test_the_published_expectation_of_one_customer():
    found = expected_purchases(CDNOW, [39.0], one(2), one(30.43), one(38.86))
    assert found[0, 0] == pytest.approx(1.226, abs=5e-4)


@given(
    st.integers(0, 150), st.floats(0, 1), st.floats(1, 300), st.floats(0.1, 100),
)
def test_expected_purchases_are_those_of_the_paper_s_formula(x, share, age, ahead):
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b
    last = share * age if x else 0.0
    part = ahead / (alpha + age + ahead)
    inner = (1 - part) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, part)
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + last)) ** (r + x) if x else 0.0
    paper = (a + b + x - 1) / (a - 1) * (1 - inner) / (1 + odds)
    found = expected_purchases(CDNOW, [ahead], one(x), one(last), one(age))[0, 0]
    assert found == pytest.approx(paper, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("repeats", [2_000, 10_000, 1_000_000])
def test_everything_is_finite_however_many_purchases_there_are(repeats):
    found = expected_purchases(CDNOW, [1, 39.0], one(repeats), one(38.86), one(38.86))
    assert np.isfinite(found).all() and (0 < found[0]).all() and (found[0] < found[1]).all()


def test_everything_is_finite_where_nearly_everybody_stops():
    """a and b so large that the chance to stop is the same for all: then many purchases tell nothing."""
    model = Buying(0.9, 95.0, 2e6, 3e6)
    found = expected_purchases(model, [30.0, 365.0], np.array([0.0, 3.0]), np.zeros(2), np.full(2, 200.0))
    near = expected_purchases(
        Buying(0.9, 95.0, 200, 300), [30.0, 365.0], np.array([0.0, 3.0]), np.zeros(2), np.full(2, 200.0)
    )
    assert np.isfinite(found).all() and found == pytest.approx(near, rel=0.02)


@given(st.integers(0, 3000), st.floats(0, 1), st.floats(0.1, 500))
def test_what_holds_for_every_customer(x, share, age):
    last = share * age if x else 0.0
    lives = alive(CDNOW, one(x), one(last), one(age))[0]
    soon, later = expected_purchases(CDNOW, [4.0, 8.0], one(x), one(last), one(age))[:, 0]
    assert 0 <= lives <= 1 and (x > 0 or lives == 1)
    assert 0 <= soon <= later


def test_who_bought_later_is_surer_to_be_alive():
    last = np.linspace(1, 38, 30)
    found = alive(CDNOW, np.full(30, 4.0), last, np.full(30, 38.86))
    assert (np.diff(found) > 0).all()


def test_without_a_second_purchase_there_is_no_model():
    with pytest.raises(NotFitted):
        fit_buying(np.zeros(5), np.zeros(5), np.ones(5))


def test_the_parameters_that_money_was_drawn_from_are_found():
    rng = np.random.default_rng(2)
    repeats = rng.geometric(0.4, 20_000).astype(float)
    scale = rng.gamma(3.74, 1 / 15.44, len(repeats))
    mean = rng.gamma(6.25 * repeats, 1 / (scale * repeats))
    found = fit_spending(repeats, mean)
    assert (found.p, found.q) == (pytest.approx(6.25, rel=0.15), pytest.approx(3.74, rel=0.1))
    assert found.p * found.v / (found.q - 1) == pytest.approx(6.25 * 15.44 / 2.74, rel=0.03)


def test_the_next_purchase_lies_between_the_customer_s_mean_and_that_of_all():
    spending = Spending(6.25, 3.74, 15.44)
    everybody = expected_value(spending, one(0), one(0))[0]
    assert everybody == pytest.approx(6.25 * 15.44 / 2.74)
    few, many = expected_value(spending, np.array([1.0, 50.0]), np.array([90.0, 90.0]))
    assert everybody < few < many < 90


def test_later_months_are_worth_less():
    purchases = np.array([[1.0], [2.0]])
    assert lifetime_value(purchases, one(10), monthly_discount=0)[0] == pytest.approx(20)
    found = lifetime_value(purchases, one(10), monthly_discount=0.1)[0]
    assert found == pytest.approx(10 / 1.1 + 10 / 1.21)


def test_subscriptions_are_bought_once_an_interval_by_those_who_stay():
    found = regular_purchases(np.array([1.0, 3.0]), retention=0.9, horizons=np.array([1.0, 12.0, 1e6]))
    assert found[:, 0] == pytest.approx(3 * found[:, 1])
    monthly = sum(0.9 ** (month - 0.5) for month in range(1, 13))
    assert 0.9 < found[0, 0] < 1 and found[1, 0] == pytest.approx(monthly, rel=1e-3)
    assert found[2, 0] == pytest.approx(-1 / np.log(0.9))
    forever = regular_purchases(np.array([1.0]), retention=1, horizons=np.array([12.0]))
    assert forever[0, 0] == pytest.approx(12)
