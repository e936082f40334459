"""What is shown to a customer next: again, new, or popular; and what is judged better than popularity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.scores import recommending


def bought(rows, people=None, products=None):
    """(person, product, days ago) -> Bought."""
    person, product, ago = (np.array(column, dtype=np.int64) for column in zip(*sorted(rows), strict=True))
    return recommending.Bought(
        person, product, ago, people or int(person.max()) + 1, products or int(product.max()) + 1
    )


def rows_of(shown):
    return list(zip(*(each.tolist() for each in (shown.person, shown.product, shown.rank)), strict=True))


def test_what_was_bought_often_and_lately_comes_first():
    found = recommending.rebuy(bought([(0, 7, 10), (0, 7, 20), (0, 3, 10), (0, 5, 200)]), 90)
    assert rows_of(found) == [(0, 7, 1), (0, 3, 2), (0, 5, 3)]
    assert found.score.tolist() == pytest.approx([2 * 0.5 ** (10 / 90), 0.5 ** (10 / 90), 0.5 ** (200 / 90)],
                                                 abs=1e-6)


def test_who_bought_one_of_two_that_go_together_is_shown_the_other():
    together = [(person, product, 5) for person in range(4) for product in (0, 1)]
    apart = [(4, 2, 5), (5, 2, 5), (6, 0, 5)]
    found = recommending.discover(bought([*together, *apart]), np.array([4, 6]))
    assert rows_of(found) == [(6, 1, 1)]
    assert found.score.tolist() == pytest.approx([4 / np.sqrt(5 * 4)], abs=1e-6)


def test_popular_is_what_most_bought_lately_but_not_oneself():
    rows = [(0, 0, 5), (1, 0, 5), (1, 1, 5), (2, 1, 5), (3, 1, 5), (4, 2, 400), (5, 2, 400), (6, 2, 5)]
    found = recommending.popular(bought(rows), np.array([0, 4]))
    assert rows_of(found) == [(0, 1, 1), (0, 2, 2), (4, 1, 1), (4, 0, 2)]


ROWS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 9), st.integers(1, 100)), min_size=1, max_size=60,
    unique=True,
)


@given(ROWS)
def test_nobody_discovers_what_it_has_and_ranks_count_from_one(rows):
    basket = bought(rows)
    has = {(person, product) for person, product, _ in rows}
    everybody = np.arange(basket.people)
    again = recommending.rebuy(basket, 90)
    for shown in (recommending.discover(basket, everybody), recommending.popular(basket, everybody)):
        assert not {row[:2] for row in rows_of(shown)} & has
    assert {row[:2] for row in rows_of(again)} <= has
    ranks = {}
    for person, _, rank in rows_of(again):
        ranks.setdefault(person, []).append(rank)
    assert all(found == list(range(1, len(found) + 1)) and len(found) <= 5 for found in ranks.values())


@given(ROWS)
def test_parts_of_the_people_are_shown_what_all_are(rows):
    basket = bought(rows)
    whole = rows_of(recommending.discover(basket, np.arange(basket.people)))
    parts = [
        row for person in range(basket.people)
        for row in rows_of(recommending.discover(basket, np.array([person])))
    ]
    assert parts == whole


def shop(taste, count=400):
    """People of two tastes, each with ten products; `taste` is the chance to stay with it."""
    rng = np.random.default_rng(8)
    rows = set()
    for person in range(count):
        for ago in (*rng.integers(31, 300, 6), *rng.integers(1, 31, 2)):
            side = person % 2 if rng.random() < taste else 1 - person % 2
            rows.add((person, int(10 * side + rng.integers(10)), int(ago)))
    return bought(sorted(rows), products=20)


def test_where_people_have_tastes_cosine_beats_popularity():
    found = recommending.judge(shop(0.95), 30, 90)["discover"]
    assert found.is_published and found.hit_rate_at_5 > found.naive_hit_rate_at_5


def test_where_they_have_none_recommendations_are_not_published_unless_better():
    for verdict in recommending.judge(shop(0.5), 30, 90).values():
        assert verdict.is_published == (verdict.hit_rate_at_5 > verdict.naive_hit_rate_at_5)


def test_a_few_people_are_not_enough_to_judge_by():
    found = recommending.judge(shop(0.95, count=50), 30, 90)
    assert [verdict.is_published for verdict in found.values()] == [False, False]
    assert "fewer than 200" in found["rebuy"].reason


def test_without_purchases_nothing_is_shown_and_nothing_breaks():
    none = np.zeros(0, dtype=np.int64)
    basket = recommending.Bought(none, none, none, 0, 0)
    assert rows_of(recommending.rebuy(basket, 90)) == []
    assert rows_of(recommending.discover(basket, none)) == []
    assert not any(verdict.is_published for verdict in recommending.judge(basket, 30, 90).values())
