"""Control groups that stay what they are, and what is read from them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

START = date(2026, 4, 1)


def people(names, *, redirects=None, members=None, born=None):
    """All that the groups follow from: everybody entered `vips` on the first of April."""
    redirects, born = redirects or {}, born or {}
    alive = [name for name in names if name not in redirects]
    return {
        "identity.profile_records": [{"record_key": f"r:{p}", "profile_id": p} for p in alive],
        "identity.profile_redirects": [
            {"profile_id": old, "current_profile_id": new} for old, new in redirects.items()
        ],
        "identity.profile_changes": [
            {"kind": "created", "profile_id": p, "changed_at": datetime(2026, 1, born.get(p, 1))}
            for p in names
        ],
        "marts.segment_history": [
            {"segment": "vips", "profile_id": p, "change": "entered", "as_of": START} for p in names
        ],
        "marts.segment_members": [
            {"segment": "vips", "profile_id": p} for p in (alive if members is None else members)
        ],
    }


def half(**more):
    return {"raw.settings": [{"holdout_share": 0.5} | more]}


def groups(made, given):
    found = made("marts.segment_holdouts", given, "profile_id, root_profile_id, is_control")
    return {profile_id: (root, is_control) for profile_id, root, is_control in found}


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.1, 20, 60), (0.5, 170, 230)])
def test_the_control_group_is_about_so_large(made, share, low, high):
    everybody = people([f"p{number}" for number in range(400)], members=[])
    found = groups(made, everybody | {"raw.settings": [{"holdout_share": share}]})
    assert low <= sum(is_control for _, is_control in found.values()) <= high


def test_who_left_stays_in_its_group_and_is_no_member(made):
    found = made("marts.segment_holdouts", people("ab", members="a"), "profile_id, is_member")
    assert found == [("a", True), ("b", False)]


@given(
    merges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6),
    births=st.permutations(range(1, 9)),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_merge_moves_the_older_one_s_group(made, merges, births):
    """After any merges a person's root is the oldest of its ids, and its group that id's first one."""
    names = [f"p{number}" for number in range(8)]
    born = dict(zip(names, births, strict=True))
    first = groups(made, people(names, born=born) | half())
    assert {name: root for name, (root, _) in first.items()} == {name: name for name in names}
    leads = {name: name for name in names}
    for gone, into in merges:
        gone, into = leads[names[gone]], leads[names[into]]
        leads = {old: into if new == gone else new for old, new in leads.items()}
    redirects = {old: new for old, new in leads.items() if old != new}
    for profile_id, (root, is_control) in groups(
        made, people(names, redirects=redirects, born=born) | half()
    ).items():
        own = [old for old, new in leads.items() if new == profile_id]
        assert root == min(own, key=born.get)
        assert is_control == first[root][1]


# Uplift ------------------------------------------------------------------------------------------


def outcomes(*groups):
    """(is_control, people, buyers, spend of a buyer) -> holdouts and their orders a day after entry."""
    holdouts, orders = [], []
    for is_control, count, buyers, spend in groups:
        for number in range(count):
            one = f"{'c' if is_control else 't'}{number}"
            holdouts.append({"segment": "vips", "profile_id": one, "is_control": is_control,
                             "is_member": True, "first_entered_on": START})
            if number < buyers:
                orders.append({"order_id": one, "profile_id": one, "net_converted": spend,
                               "ordered_at": START + timedelta(days=1)})
    return {"marts.segment_holdouts": holdouts, "workings.purchases": orders}


def test_the_interval_is_the_published_one(made):
    """56 of 70 against 48 of 80: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10."""
    given = outcomes((False, 70, 56, 10), (True, 80, 48, 10))
    columns = "conversion_uplift, conversion_uplift_low, conversion_uplift_high"
    assert made("marts.segment_uplift", given, columns) == [(0.2, 0.0524, 0.3339)]


@pytest.mark.parametrize(
    ("entered_on", "ordered_on", "counted"),
    [
        (date(2026, 5, 3), date(2026, 5, 3), (1, 1.0)),
        (date(2026, 5, 3), date(2026, 6, 1), (1, 1.0)),
        (date(2026, 5, 3), date(2026, 6, 2), (1, 0.0)),
        (date(2026, 5, 3), date(2026, 5, 2), (1, 0.0)),
        (date(2026, 5, 4), date(2026, 5, 5), (0, None)),
    ],
    ids=["at once", "the last day", "a day too late", "before", "not over yet"],
)
def test_thirty_days_count_from_entry(made, entered_on, ordered_on, counted):
    holdout = {"segment": "vips", "profile_id": "p", "is_control": False, "first_entered_on": entered_on}
    order = {"order_id": "o", "profile_id": "p", "ordered_at": ordered_on}
    given = {"marts.segment_holdouts": [holdout], "workings.purchases": [order]}
    assert made("marts.segment_uplift", given, "treated_count, treated_conversion") == [counted]


def test_a_planted_effect_is_within_its_interval(made):
    """Members through the real groups; the treated buy more often, and for more, by what is planted."""
    chance = random.Random(3)
    everybody = people([f"p{number}" for number in range(500)], members=[])
    orders = []
    for profile_id, (_, is_control) in groups(made, everybody | half()).items():
        if chance.random() < (0.10 if is_control else 0.35):
            orders.append({"order_id": profile_id, "profile_id": profile_id,
                           "ordered_at": START + timedelta(days=chance.randint(0, 29)),
                           "net_converted": round(chance.uniform(50, 150), 2)})
    [(share, share_low, share_high, money, money_low, money_high)] = made(
        "marts.segment_uplift",
        everybody | half() | {"workings.purchases": orders},
        "conversion_uplift, conversion_uplift_low, conversion_uplift_high, revenue_uplift, "
        "revenue_uplift_low, revenue_uplift_high",
        through=("marts.segment_holdouts",),
    )
    assert 0 < share_low < 0.25 < share_high < 0.5 and share_low < share < share_high
    assert 0 < money_low < 25 < money_high < 50 and money_low < money < money_high


def test_before_sending_it_is_said_what_could_be_seen(made):
    """By the textbook's formula for two shares; nothing is seen where nobody, or one, is held out."""
    few = outcomes((False, 400, 40, 10), (True, 100, 10, 10))
    [(smallest,)] = made("marts.segment_uplift", few, "smallest_uplift")
    base = 12 / 104
    assert smallest == pytest.approx(2.8016 * (base * (1 - base) * (1 / 400 + 1 / 100)) ** 0.5, abs=1e-4)
    for hopeless in (outcomes((False, 5, 1, 10)), outcomes((False, 5, 1, 10), (True, 1, 0, 10))):
        assert made("marts.segment_uplift", hopeless, "smallest_uplift") == [(None,)]
