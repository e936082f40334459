"""Credit by what would be lost without a channel: a case worked by hand, and what holds for all."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.journeys.markov import LEFT, ORDER, START, credited, removal_effects, shares


def counted(journeys):
    """[(channels, has ordered)] -> rows as golden.journey_transitions has them."""
    moves, ordered = Counter(), Counter()
    for channels, is_order in journeys:
        for move in pairwise([START, *channels, ORDER if is_order else LEFT]):
            moves[move] += 1
            ordered[move] += is_order
    return [(*move, count, ordered[move]) for move, count in moves.items()]


def worth(rows):
    return shares(removal_effects(row[:3] for row in rows), credited(rows))


def test_a_case_worked_by_hand():
    """From the start half go to a, half to b; a leads to b or away, b to an order twice in three times.

    Chance of an order 1/2 · 1/2 · 2/3 + 1/2 · 2/3 = 1/2; without a 1/3, without b none.
    """
    rows = counted([("ab", True), ("a", False), ("b", True), ("b", False)])
    assert removal_effects(row[:3] for row in rows) == pytest.approx({"a": 1 / 3, "b": 1})
    assert worth(rows) == {"a": 0.25, "b": 0.75}


def test_a_circle_of_channels_comes_to_an_end():
    """Of three at a two go to b, of three at b two go back and one orders: 2/5 from a, 3/5 from b."""
    rows = counted([("abab", True), ("ba", False)])
    assert removal_effects(row[:3] for row in rows) == pytest.approx({"a": 2 / 3, "b": 1})
    assert worth(rows) == {"a": 0.4, "b": 0.6}


def test_a_channel_that_only_led_to_others_is_not_credited():
    rows = counted([("ab", False), ("b", True)])
    assert removal_effects(row[:3] for row in rows)["a"] == pytest.approx(0.5)
    assert worth(rows) == {"b": 1.0}


@pytest.mark.parametrize("rows", [[], counted([("ab", False)])], ids=["nothing", "no order"])
def test_without_an_order_there_is_nothing_to_lose(rows):
    assert worth(rows) == {}


JOURNEYS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), st.booleans()), max_size=20
)


@given(JOURNEYS)
def test_all_of_it_goes_to_channels_of_journeys_with_an_order(journeys):
    found = worth(counted(journeys))
    assert set(found) == {channel for channels, is_order in journeys if is_order for channel in channels}
    assert all(share > 0 for share in found.values())
    assert not found or sum(found.values()) == pytest.approx(1, abs=1e-8)


@given(JOURNEYS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(journeys, chance):
    rows = counted(journeys)
    shuffled = chance.sample(rows, len(rows))
    assert worth(shuffled) == worth(rows)


@given(st.lists(st.tuples(st.just(["a", "a"]), st.booleans())))
def test_a_single_channel_gets_all(journeys):
    found = worth(counted(journeys))
    assert found == ({"a": 1.0} if any(is_order for _, is_order in journeys) else {})
