"""Each veto, what it lets pass, and the union that obeys them."""

from __future__ import annotations

import numpy as np
import pytest

from dagster_project.identity import constraints, linking

# enough records that the names among them count as names that many people have
CROWD = {
    f"{first.lower()}{number}": {"first_name": first, "last_name": f"Surname{chr(97 + number)}"}
    for first in ("Mario", "Marco", "Stefan", "Stefanie", "Emma")
    for number in range(6)
}


def _decide(con, load, records, links, *, households=True):
    """Clusters of the given records, as sets of keys, and the refusals of the given links."""
    load(records)
    linking.collapse(con)
    node = dict(con.execute("select record_key, node from identity_node_records").fetchall())
    ends = np.array([[node[one], node[other]] for one, other in links], dtype=np.int64)
    cluster, refusals = constraints.decide(
        con, ends[:, 0], ends[:, 1], len(set(node.values())), households=households
    )
    groups = {}
    for key, number in node.items():
        groups.setdefault(int(cluster[number]), set()).add(key)
    return sorted(groups.values(), key=min), refusals


def _refusal(con, load, one, other, **options):
    records = CROWD | {"one": one, "other": other}
    _, [refusal] = _decide(con, load, records, [("one", "other")], **options)
    return refusal


def _named(first, last="Abbott", **more):
    return {"first_name": first, "last_name": last, **more}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_named("Emma"), _named("Olivia")),
        (_named("Emma", birth_on="2001-09-30"), _named("Olivia", birth_on="2001-09-30")),
        (_named("J"), _named("Mary")),
        (_named("Mario"), _named("Marco")),
        (_named("Stefan"), _named("Stefanie")),
        (_named("Jun"), _named("Jan")),
        # one surname in the field for the first name does not make relatives one person
        (_named("Abbott", "Emma"), _named("Olivia", "Abbott")),
        (_named("Emma", email="us@mail.com"), _named("Tom", email="us@mail.com")),
    ],
)
def test_different_first_names(con, load, one, other):
    assert _refusal(con, load, one, other) == "different_first_names"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_named("Emma"), _named("Emma")),
        (_named("Robert"), _named("Bob")),
        (_named("Tony"), _named("Antonio")),
        (_named("J"), _named("Jane")),
        (_named("Christopher"), _named("Christoper")),
        (_named("Ann"), _named("Ann-Marie")),
        (_named("Becca"), _named("Renecca")),
        (_named("Emma", "Abbott"), _named("Abbott", "Emma")),
        (_named("Nikita", email="n@mail.com"), _named("Nadia", email="n@mail.com")),
        (_named("Emma"), {"last_name": "Abbott"}),
        (_named("Abbott", None), _named("Emma")),
    ],
)
def test_one_first_name(con, load, one, other):
    assert _refusal(con, load, one, other) == ""


@pytest.mark.parametrize(
    ("one", "other", "refusal"),
    [
        ("1941-02-17", "1972-11-05", "different_birth_dates"),
        ("1941-02-17", "1972-11-17", "different_birth_dates"),
        ("1984-07-09", "1984-07-09", ""),
        ("1984-07-09", "1948-07-09", ""),
        ("1984-07-09", "1984-09-07", ""),
        ("1984-07-09", "1984-07-19", ""),
        ("1984-07-09", None, ""),
    ],
)
def test_different_birth_dates(con, load, one, other, refusal):
    pair = _named("Emma", birth_on=one), _named("Emma", birth_on=other)
    assert _refusal(con, load, *pair) == refusal


@pytest.mark.parametrize(
    ("one", "other", "refusal"),
    [
        ("Jr.", "Sr.", "different_generations"),
        ("II", "III", "different_generations"),
        ("Junior", "Jr", ""),
        ("Jr.", None, ""),
    ],
)
def test_different_generations(con, load, one, other, refusal):
    pair = _named("Emma", name_suffix=one), _named("Emma", name_suffix=other)
    assert _refusal(con, load, *pair) == refusal


def test_an_initial_does_not_bridge_two_names(con, load):
    records = {"john": _named("John"), "initial": _named("J"), "jane": _named("Jane")}
    clusters, refusals = _decide(con, load, records, [("john", "initial"), ("initial", "jane")])
    assert clusters == [{"initial", "john"}, {"jane"}]
    assert refusals == ["", "different_first_names"]


def test_a_record_without_a_name_does_not_bridge_two_names(con, load):
    records = {"emma": _named("Emma"), "nobody": {"email": "us@mail.com"}, "tom": _named("Tom")}
    clusters, refusals = _decide(con, load, records, [("tom", "nobody"), ("emma", "nobody")])
    assert clusters == [{"emma"}, {"nobody", "tom"}]
    assert refusals == ["", "different_first_names"]


def test_without_households_a_contradiction_is_a_recording_error(con, load):
    one, other = _named("Emma", birth_on="1984-07-09"), _named("Olivia", birth_on="1951-12-24")
    assert _refusal(con, load, one, other, households=False) == ""


def test_without_households_generations_are_still_told_apart(con, load):
    one, other = _named("Emma", name_suffix="Jr"), _named("Emma", name_suffix="Sr")
    assert _refusal(con, load, one, other, households=False) == "different_generations"


def test_a_component_is_decided_whatever_stands_beside_it(con, load):
    records = {"john": _named("John"), "initial": _named("J"), "jane": _named("Jane")}
    links = [("john", "initial"), ("initial", "jane")]
    beside = {"x": _named("Tom", "Dyer"), "y": _named("Ann", "Dyer"), "z": {"last_name": "Dyer"}}
    alone, _ = _decide(con, load, records, links)
    together, _ = _decide(con, load, beside | records, [("x", "z"), *links, ("y", "z")])
    assert [c for c in together if not c & set(beside)] == alone


def _houses(first_names, birth_days):
    """One house for each number, with two people of one surname."""
    return {
        f"{number}{place}": {
            "first_name": first_names[place],
            "last_name": f"Surname{chr(97 + number)}",
            "street": "12 Oak Street",
            "birth_on": f"19{40 + number}-05-{birth_days[place]}",
        }
        for number in range(20)
        for place in (0, 1)
    }


@pytest.mark.parametrize(
    ("birth_days", "households"), [(("03", "19"), True), (("03", "03"), False)]
)
def test_households_are_seen_by_the_birth_dates_of_unlike_names(con, load, birth_days, households):
    load(_houses(("Emma", "Tom"), birth_days))
    linking.collapse(con)
    assert constraints.has_households(con) is households


def test_households_are_assumed_where_the_data_say_nothing(con, load):
    load({"a": _named("Emma")})
    linking.collapse(con)
    assert constraints.has_households(con)
