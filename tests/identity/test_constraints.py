"""Each veto, what it lets pass, and the union that obeys them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from dagster_project.identity import constraints, model, population

# enough records that the names among them count as names that many people have
CROWD = {
    f"{first.lower()}{number}": {"first_name": first, "last_name": f"Surname{chr(97 + number)}"}
    for first in ("Mario", "Marco", "Stefan", "Stefanie", "Emma", "Courtney", "Charles", "Venka", "Venkatesh")
    for number in range(6)
}


def _decide(con, load, records, links, *, households=True, forced=(), by_name=False, **more):
    """Clusters of the given records, as sets of keys, and the refusals of the given links."""
    load(records, **more)
    con.execute("create or replace table identity.population (kind text, value text, number double)")
    con.execute("insert into identity.population values ('households', '', ?)", [float(households)])
    con.execute("""
        insert into identity.population
        select 'common_first_name', first_name, count(distinct last_name)
        from identity.comparison_records group by first_name having count(distinct last_name) >= 5
    """)
    con.execute(f"""
        create or replace temp table identity_nodes as
        select
            row_number() over (order by record_key) - 1 as number,
            record_key as first_record,
            md5_number_lower(record_key) as node_id,
            *,
            {constraints.is_common("identity.population")} as is_common
        from identity.comparison_records
    """)
    con.execute("""
        create or replace temp table linkage_area as
        select first_record as record_key, node_id, first_record from identity_nodes
    """)
    node = dict(con.execute("select first_record, number from identity_nodes").fetchall())
    ends = np.array([[node[one], node[other]] for one, other in links], dtype=np.int64)
    obeyed = np.array([link in forced for link in links], dtype=bool)
    decided = constraints.decide(
        con,
        ends[:, 0],
        ends[:, 1],
        weight=np.full(len(links), np.nan),
        forced=obeyed,
        by_name=np.full(len(links), by_name),
    )
    groups = {}
    for key, number in node.items():
        groups.setdefault(int(decided.cluster[number]), set()).add(key)
    return sorted(groups.values(), key=min), decided.vetoes


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
        (_named("Charles", email="cmoore@mail.com"), _named("Courtney", email="cmoore@mail.com")),
        (_named("Venka"), _named("Venkatesh")),
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
        (_named("Venka", email="v@mail.com"), _named("Venkatesh", email="v@mail.com")),
        (_named("Sam"), _named("Samantha")),
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


def _households_measured(con):
    chosen = model.shipped()
    measured = population.measure(con, model=chosen)
    facts = dict(con.execute(f"select kind, number from ({measured})").fetchall())
    return bool(facts["households"])


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
    assert _households_measured(con) is households


def test_households_are_assumed_where_the_data_say_nothing(con, load):
    load({"a": _named("Emma")})
    assert _households_measured(con)


def test_a_never_link_holds_between_whole_clusters(con, load):
    records = {key: _named("Emma") for key in "abcd"}
    clusters, refusals = _decide(
        con, load, records, [("a", "b"), ("c", "d"), ("b", "c")], judgements=[("a", "d", "different")]
    )
    assert clusters == [{"a", "b"}, {"c", "d"}]
    assert refusals == ["", "", "never_link"]


def test_a_persons_link_obeys_no_veto_but_a_never_link(con, load):
    records = {"a": _named("Emma"), "b": _named("Tom"), "c": _named("Tom")}
    links = [("a", "b"), ("b", "c")]
    clusters, refusals = _decide(con, load, records, links, forced=links[:1])
    assert (clusters, refusals) == ([{"a", "b", "c"}], ["", ""])
    clusters, refusals = _decide(
        con, load, records, links, forced=links[:1], judgements=[("a", "c", "different")]
    )
    assert (clusters, refusals) == ([{"a", "b"}, {"c"}], ["", "never_link"])


LIMIT = ("email", "", "max_per_profile", 2, None)


@pytest.mark.parametrize(
    ("guards", "days", "refusals"),
    [
        ([LIMIT], (1, 2, 3), ["", "too_many_email"]),
        ([LIMIT], (1, 1, 1), ["", "too_many_email"]),
        ([(*LIMIT[:4], 5)], (1, 2, 3), ["", "too_many_email"]),
        # within five days before the latest there are two
        ([(*LIMIT[:4], 5)], (1, 7, 8), ["", ""]),
    ],
)
def test_a_profile_has_no_more_values_than_the_limit_in_its_window(con, load, guards, days, refusals):
    records = {
        key: _named("Emma", email=f"{key}@mail.com", observed_at=datetime(2026, 5, day))
        for key, day in zip("abc", days, strict=True)
    }
    _, found = _decide(con, load, records, [("a", "b"), ("b", "c")], guards=guards)
    assert found == refusals


def test_the_weakest_necessary_link_divides_a_cluster():
    """a-b is surest; c hangs on b by a sure link and on a by a doubtful one, which is not necessary."""
    left, right = np.array([0, 1, 2, 0]), np.array([1, 2, 3, 2])
    one_cluster, obeyed = np.zeros(4, dtype=int), np.ones(4, dtype=bool)
    weakest, side = constraints.weakest_links(one_cluster, left, right, obeyed)
    assert weakest.tolist() == [2, 2, 2, 2]
    assert side.tolist() == [0, 0, 0, 1]


NAMESAKES = {
    "ohio": _named("Emma", region="OH"),
    "till": _named("Emma"),
    "maine": _named("Emma", region="ME"),
}


def test_a_lone_name_does_not_join_two_who_live_apart(con, load):
    links = [("ohio", "till"), ("till", "maine")]
    groups, refusals = _decide(con, load, NAMESAKES, links, by_name=True)
    assert groups == [{"maine"}, {"ohio", "till"}]
    assert refusals == ["", "namesakes_of_other_regions"]


def test_who_moved_is_one_person_where_more_than_the_name_says_so(con, load):
    groups, _ = _decide(con, load, NAMESAKES, [("ohio", "till"), ("till", "maine")])
    assert groups == [{"maine", "ohio", "till"}]
