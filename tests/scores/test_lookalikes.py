"""Who is like the members of a segment: seeds hidden from the model are found, and nobody else's."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.scores import lookalikes


def people(count, seed=4):
    """An audience, and who is a seed: those with many sessions, mostly; money has nothing to do with it."""
    rng = np.random.default_rng(seed)
    facts = {name: rng.poisson(3, count) for name in lookalikes.FEATURES}
    facts |= {"fold": np.arange(count) % 5, "session_count": rng.poisson(5, count)}
    chance = 1 / (1 + np.exp(-(facts["session_count"] - 10)))
    return pl.DataFrame(facts), rng.random(count) < chance


def test_hidden_seeds_are_found_better_than_by_money_or_by_lot():
    audience, is_seed = people(8000)
    report, _, _ = lookalikes.find(audience, is_seed)
    assert report.is_published and report.recall_at_10 > 0.5 > 3 * report.spender_recall_at_10
    assert max(report.weights, key=report.weights.get) == "session_count"


def test_bands_are_nested_parts_of_those_who_are_no_seeds():
    audience, is_seed = people(8000)
    report, score, band = lookalikes.find(audience, is_seed)
    assert report.audience_count == (~is_seed).sum()
    for percent in (1, 2, 5, 10):
        within = (band > 0) & (band <= percent)
        assert within.sum() == report.audience_count * percent // 100
        assert score[within].min() >= score[~is_seed & ~within].max()


def test_no_seed_is_its_own_lookalike():
    audience, is_seed = people(8000)
    assert (lookalikes.find(audience, is_seed)[2][is_seed] == 0).all()


def test_what_somebody_is_does_not_teach_the_model_that_scores_it():
    """Whether a person is a seed changes the scores of the other folds alone."""
    audience, is_seed = people(4000)
    _, before, _ = lookalikes.find(audience, is_seed)
    turned = is_seed.copy()
    turned[10] = ~turned[10]
    _, after, _ = lookalikes.find(audience, turned)
    same = audience["fold"].to_numpy() == audience["fold"][10]
    assert (before[same] == after[same]).all() and (before[~same] != after[~same]).any()


@pytest.mark.parametrize(("seeds", "is_published"), [(99, False), (100, True)])
def test_at_least_a_hundred_seeds(seeds, is_published):
    audience, _ = people(3000)
    is_seed = np.zeros(3000, dtype=bool)
    is_seed[np.argsort(-audience["session_count"].to_numpy(), kind="stable")[:seeds]] = True
    report, _, band = lookalikes.find(audience, is_seed)
    assert report.is_published == is_published == bool(band.any())
    assert is_published or report.reason == "99 seeds who allowed advertising, fewer than 100"


def test_seeds_that_nothing_tells_apart_have_no_lookalikes():
    audience, _ = people(3000)
    same = audience.with_columns(*(pl.lit(1).alias(name) for name in lookalikes.FEATURES))
    is_seed = np.arange(3000) >= 2800
    report, _, band = lookalikes.find(same, is_seed)
    assert (report.is_published, band.any()) == (False, False)
    assert report.reason == "does not find hidden seeds better than chance"


@settings(max_examples=10)
@given(st.integers(0, 50))
def test_it_is_the_same_every_time(seed):
    audience, is_seed = people(1500, seed)
    first, second = (lookalikes.find(audience, is_seed) for _ in range(2))
    assert first[0] == second[0] and (first[2] == second[2]).all()
