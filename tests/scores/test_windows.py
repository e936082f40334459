"""Models of a window: what is learned, what is judged, and what does not pass the gate."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.scores import judging, logistic, windows


@pytest.mark.parametrize(
    ("scores", "happened", "expected"),
    [([1, 2, 3, 4], [0, 0, 1, 1], 1), ([4, 3, 2, 1], [0, 0, 1, 1], 0), ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
     ([1, 2], [1, 1], None)],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(scores, happened, expected):
    assert judging.auc(np.array(scores), np.array(happened)) == expected


def test_lift_is_how_much_more_often_it_happens_to_the_best_tenth():
    happened = np.array([1.0] * 10 + [0.0] * 90)
    assert judging.lift(np.arange(100)[::-1], happened) == 10
    assert judging.lift(np.arange(100), happened) == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_calibration_counts_everybody_once(rows):
    scores, happened = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    bins = judging.calibrate(scores, happened)
    assert sum(each.row_count for each in bins) == len(rows)
    assert sum(each.observed * each.row_count for each in bins) == pytest.approx(happened.sum())
    assert [each.predicted for each in bins] == sorted(each.predicted for each in bins)


def test_weights_that_data_were_drawn_with_are_found():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(20_000, 3)) * [1, 5, 0] + [0, 3, 7]
    chance = 1 / (1 + np.exp(-(0.8 * features[:, 0] - 0.2 * features[:, 1] - 1)))
    found = logistic.fit(features, (rng.random(20_000) < chance).astype(float))
    assert found.weights / found.spreads == pytest.approx([0.8, -0.2, 0], abs=0.05)
    assert np.abs(found.chances(features) - chance).max() < 0.05


def test_a_feature_that_tells_all_keeps_a_finite_weight():
    found = logistic.fit(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0.0, 0, 1, 1]))
    assert 0 < found.weights[0] < 10


def company(rng, count, drive):
    """Frames of three windows of people whose visits drive what they buy by `drive`."""
    frames = {}
    for number in (0, 1, 2):
        visits = rng.poisson(2, count)
        days = 1 + rng.poisson(1, count)
        chance = 1 / (1 + np.exp(-(drive * (visits - 2) + 0.5 * (days - 2) - 1)))
        facts = {name: np.zeros(count, dtype=int) for name in windows.PURCHASE_FEATURES}
        facts |= {
            "visit_days_90": visits,
            "purchase_day_count": days,
            "tenure_days": np.full(count, 200),
            "recency_days": np.where(days > 1, rng.integers(0, 200, count), 200),
            "spend": days * 20.0,
            "repeat_spend": (days - 1) * rng.gamma(5, 4, count),
            "profile_id": [f"p{n}" for n in range(count)],
            "squared_gaps": np.full(count, 10**9),
            "bought_day_count": (rng.random(count) < chance).astype(int),
        }
        frames[number] = pl.DataFrame(facts)
    return frames


def test_a_model_that_sees_more_than_the_naive_rule_is_published():
    found = windows.propensity(company(np.random.default_rng(3), 4000, 0.8))
    assert found.verdict.is_published and found.verdict.auc > found.verdict.naive_auc + 0.1
    assert found.scores["propensity"] + found.scores["churn"] == pytest.approx(np.ones(4000))
    assert found.weights["visit_days_90"] > 1 > abs(found.weights["cart_adds_90"])


def test_a_model_that_is_no_better_than_the_naive_rule_is_not_and_says_so():
    frames = company(np.random.default_rng(3), 4000, 0.8)
    shuffled = np.random.default_rng(4).permutation(frames[2]["bought_day_count"].to_numpy())
    frames[2] = frames[2].with_columns(bought_day_count=shuffled, visit_days_90=0)
    frames[1] = frames[1].with_columns(
        recency_days=200 * (1 - pl.col("bought_day_count")), spend=pl.col("bought_day_count") * 1.0
    )
    found = windows.propensity(frames)
    assert (found.verdict.is_published, found.scores) == (False, {})
    assert found.verdict.reason == "no better than the naive rule on the last window"
    assert found.verdict.auc <= found.verdict.naive_auc


def test_few_positives_are_not_enough():
    found = windows.propensity(company(np.random.default_rng(3), 300, 0.8))
    assert not found.verdict.is_published and "fewer than 200" in found.verdict.reason


def test_without_anybody_there_is_no_model_and_a_reason():
    empty = {number: frame[:0] for number, frame in company(np.random.default_rng(3), 5, 1).items()}
    for found in (
        windows.propensity(empty),
        value_of(empty),
    ):
        assert found.scores == {} and found.verdict.reason


def test_the_last_window_judges_and_does_not_teach():
    """What happened in the last window moves the published scores, never the trial that is judged."""
    frames = company(np.random.default_rng(3), 4000, 0.8)
    trial = windows.propensity(frames).verdict.calibration
    other = dict(frames)
    other[1] = frames[1].with_columns(bought_day_count=frames[1]["bought_day_count"].reverse())
    assert [each.predicted for each in windows.propensity(other).verdict.calibration] == [
        each.predicted for each in trial
    ]


def value_of(frames):
    return windows.customer_value(
        frames, days=30, months=12, monthly_discount=0.01, habit=windows.Habit(5, 0.2, 7)
    )


def bought_every(*gaps, since):
    """Those who bought after each of the gaps, the last time `since` days ago."""
    return pl.DataFrame({
        "profile_id": ["p"], "purchase_day_count": [len(gaps) + 1], "tenure_days": [sum(gaps) + since],
        "recency_days": [since], "squared_gaps": [sum(gap * gap for gap in gaps)],
    })


@pytest.mark.parametrize(
    ("gaps", "since", "expected"),
    [
        ((30, 31, 30, 31), 10, True),
        ((30, 31, 30), 10, False),
        ((30, 31, 30, 31), 46, False),
        ((10, 31, 60, 31), 10, False),
        ((1, 1, 1, 1, 1), 1, False),
    ],
)
def test_who_buys_as_if_by_subscription_is_told_by_the_gaps(gaps, since, expected):
    found, gap = windows.regular(bought_every(*gaps, since=since), windows.Habit(5, 0.2, 7))
    assert found.tolist() == [expected]
    assert gap[0] == pytest.approx(np.mean(gaps))


def test_regular_customers_are_expected_at_their_own_interval():
    crowd = company(np.random.default_rng(3), 3000, 0)[1]
    monthly = pl.concat([bought_every(*[30] * 8, since=15)] * 300).with_columns(
        profile_id=pl.format("s{}", pl.int_range(300))
    )
    frame = pl.concat([crowd, monthly], how="diagonal_relaxed")
    found = windows.Purchases.learn(frame, frame[:-30], windows.Habit(5, 0.2, 7), 30)
    assert found.is_regular.sum() == 300 and found.is_regular[-300:].all()
    # All 270 that were there stayed: with nine of ten before any was seen, it is 279 of 280 a month.
    assert found.retention == pytest.approx(279 / 280)
    assert found.expected([30, 360])[:, -1] == pytest.approx([1, 11.75], abs=0.05)


def test_lifetime_value_needs_no_more_than_the_history():
    frames = company(np.random.default_rng(3), 3000, 0)
    found = value_of(frames)
    assert set(found.weights) == {"r", "alpha", "a", "b", "p", "q", "v", "regular_customers", "retention"}
    if found.verdict.is_published:
        assert np.isfinite(found.scores["clv"]).all() and (found.scores["clv"] >= 0).all()
