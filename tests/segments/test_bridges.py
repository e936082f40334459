"""From last night's numbers to tonight's: what a merge, a split and all else make of them."""

from __future__ import annotations

import pytest

FIRST = {"a": 2, "b": 1}
MERGED = {"profiles": "bcdefgh", "redirects": {"a": "b"}, "changes": [("merged", "a", "b")]}


@pytest.fixture
def second(first, tmp_path):
    """What a night after the first one changes."""

    def run(*, members="ab", query="1", **night):
        nights = first.copy(tmp_path / "second")
        nights.run(2, {"vips": {"members": members, "query": query}}, **{"orders": FIRST} | night)
        return nights.bridged(2)

    return run


def test_on_the_first_night_everybody_is_new(first):
    assert first.bridged(1) == {
        ("profiles", "new people"): 8,
        ("customers", "new people"): 2,
        ("orders", "new people"): 3,
        ("revenue", "new people"): 30,
        ("members of vips", "new people"): 2,
    }


def test_a_night_on_which_nothing_happens_changes_no_number(second):
    assert second() == {}


def test_orders_and_entries_are_behaviour(second):
    assert second(members="abc", orders=FIRST | {"c": 1}) == {
        ("customers", "behaviour"): 1,
        ("orders", "behaviour"): 1,
        ("revenue", "behaviour"): 10,
        ("members of vips", "behaviour"): 1,
    }


def test_a_merge_makes_one_of_two_and_keeps_what_they_spent(second):
    assert second(members="b", orders={"b": 3}, **MERGED) == {
        ("profiles", "merges"): -1,
        ("customers", "merges"): -1,
        ("members of vips", "merges"): -1,
    }


def test_what_a_merged_person_bought_since_is_behaviour(second):
    assert second(members="b", orders={"b": 4}, **MERGED) == {
        ("profiles", "merges"): -1,
        ("customers", "merges"): -1,
        ("orders", "behaviour"): 1,
        ("revenue", "behaviour"): 10,
        ("members of vips", "merges"): -1,
    }


def test_who_leaves_on_the_night_of_a_merge_leaves_by_behaviour(second):
    assert second(members="", orders={"b": 3}, **MERGED) == {
        ("profiles", "merges"): -1,
        ("customers", "merges"): -1,
        ("members of vips", "merges"): -1,
        ("members of vips", "behaviour"): -1,
    }


def test_a_split_makes_two_of_one_and_keeps_what_it_spent(second):
    split = {"profiles": "abcdefghz", "changes": [("split", "a", "z")]}
    assert second(members="abz", orders={"a": 1, "b": 1, "z": 1}, **split) == {
        ("profiles", "splits"): 1,
        ("customers", "splits"): 1,
        ("members of vips", "splits"): 1,
    }


def test_records_that_change_hands_cancel_out(second):
    moved = {"changes": [("split", "a", "b")]}
    assert second(orders={"a": 1, "b": 2}, **moved) == {}


def test_an_erasure_takes_all_that_the_person_counted_for(second):
    gone = {"profiles": "bcdefgh", "changes": [("retired", "a", None)]}
    assert second(members="b", orders={"b": 1}, **gone) == {
        ("profiles", "erasures"): -1,
        ("customers", "erasures"): -1,
        ("orders", "erasures"): -2,
        ("revenue", "erasures"): -20,
        ("members of vips", "erasures"): -1,
    }


def test_new_people_bring_all_that_they_count_for(second):
    came = {"profiles": "abcdefghz", "changes": [("created", "z", None)]}
    assert second(members="abz", orders=FIRST | {"z": 1}, **came) == {
        ("profiles", "new people"): 1,
        ("customers", "new people"): 1,
        ("orders", "new people"): 1,
        ("revenue", "new people"): 10,
        ("members of vips", "new people"): 1,
    }


def test_a_new_query_is_its_own_reason(second):
    assert second(members="bcd", query="2") == {("members of vips", "definition"): 1}
