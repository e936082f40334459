"""Explanations against small published databases made by hand, and against the sample's own."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import combinations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.identity import explaining
from dagster_project.identity.explaining import Correction, Guard, Link, Money, NotFound
from dagster_project.identity.model import COMPARISONS

NAMES = [comparison.name for comparison in COMPARISONS]
TABLES = f"""
    create schema identity; create schema standard;
    create table links (left_record varchar, right_record varchar, decision varchar, reason varchar,
        match_weight double, match_probability double, mw_prior double,
        {", ".join(f"mw_{name} double, level_{name} tinyint" for name in NAMES)});
    create table profile_records (record_key varchar, profile_id varchar);
    create table profile_redirects (profile_id varchar, current_profile_id varchar);
    create table orders (actor_key varchar, profile_id varchar, currency varchar, net decimal(18, 2));
    create table consent_ledger (actor_key varchar, profile_id varchar, channel varchar,
        purpose varchar, status varchar, scope varchar default 'person',
        is_standing boolean default true);
    create table standard.identifiers (record_key varchar, kind varchar, value varchar);
    create table standard.judgements (left_record varchar, right_record varchar, judgement varchar,
        decided_by varchar, decided_on date, reason varchar);
    create table identity.guarded_records (record_key varchar, email_guard varchar,
        phone_guard varchar);
    create table identity.comparison_levels (comparison varchar, level tinyint, words varchar);
"""


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


@pytest.fixture
def fill(con):
    """fill(table, {column: value}, …): what is not named is null."""

    def insert(table, *rows):
        for row in rows:
            marks = ", ".join("?" for _ in row)
            con.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))

    return insert


@pytest.fixture
def profile(fill):
    """profile("p", "ab", ["ab 5"]): records of a profile, and accepted links, by rule or by weight."""

    def make(profile_id, records, links=()):
        for record in records:
            fill("profile_records", {"record_key": record, "profile_id": profile_id})
        for link in links:
            fill("links", link_row(link))

    return make


def link_row(text, decision="accepted"):
    (left, right), how = text.split()
    if how.lstrip("-").isdigit():
        return {"left_record": left, "right_record": right, "decision": decision,
                "reason": "splink", "match_weight": float(how)}
    return {"left_record": left, "right_record": right, "decision": decision, "reason": how}


def link(text):
    (left, right), how = text.split()
    weight = float(how) if how.isdigit() else None
    return Link(left, right, "p", "p", "accepted", how if weight is None else "splink", weight, None)


def pairs(links):
    return [one.left_record + one.right_record for one in links]


def test_the_path_is_the_one_whose_weakest_link_is_strongest(con, profile):
    profile("p", "abcd", ["ad 3", "ab 9", "bc 7", "cd 8"])
    assert pairs(explaining.explain_pair(con, "a", "d").path) == ["ab", "bc", "cd"]


def test_a_rule_is_surer_than_any_score_and_a_person_surer_than_a_rule():
    links = [link("ab 99"), link("ab same_email_and_name"), link("ab override")]
    assert [one.reason for one in sorted(links, key=lambda one: one.order)] == [
        "override", "same_email_and_name", "splink"
    ]


hows = st.sampled_from(["1", "2", "3", "4", "same_email_and_name", "override"])
graphs = st.lists(
    st.tuples(st.sampled_from(list(combinations("abcdef", 2))), hows).map(
        lambda drawn: link("".join(drawn[0]) + " " + drawn[1])
    ),
    unique=True,
    max_size=12,
)


@given(graphs, st.randoms(use_true_random=False))
def test_no_other_path_has_a_surer_weakest_link(links, random):
    tree = explaining.spanning_tree(links)
    shuffled = links[:]
    random.shuffle(shuffled)
    assert explaining.spanning_tree(shuffled) == tree
    for left, right in combinations("abcdef", 2):
        found = explaining.path(tree, left, right)
        weakest = [max(one.order for one in path) for path in simple_paths(links, left, right)]
        assert [max(one.order for one in found)] == [min(weakest)] if weakest else found == ()


def simple_paths(links, left, right, seen=""):
    if left == right:
        yield ()
    for one in links:
        ends = one.left_record + one.right_record
        there = ends.replace(left, "")
        if left in ends and there not in seen + left:
            for rest in simple_paths(links, there, right, seen + left):
                yield (one, *rest)


@given(graphs)
def test_no_other_two_sides_are_held_together_by_less(links):
    tree = explaining.spanning_tree(links)
    records = {end for one in tree for end in (one.left_record, one.right_record)}
    if not tree or len(records) != len(tree) + 1:
        return
    crossing, side = explaining.weakest_cut(links, tree)
    assert crossing[0] == tree[-1]
    assert all(one.crosses(side) == (one in crossing) for one in links)
    for size in range(1, len(records)):
        for other in combinations(sorted(records), size):
            surest = min(one.order for one in links if one.crosses(other))
            assert surest <= crossing[0].order


def test_without_its_weakest_link_a_profile_is_two_with_their_money(con, profile, fill):
    profile("p", "abcd", ["ab same_email_and_name", "bc 4", "cd 9"])
    fill(
        "orders",
        {"actor_key": "a", "profile_id": "p", "currency": "EUR", "net": 10},
        {"actor_key": "c", "profile_id": "p", "currency": "EUR", "net": 5},
        {"actor_key": "d", "profile_id": "p", "currency": "USD", "net": 7},
        {"actor_key": "d", "profile_id": "p", "currency": "USD", "net": 1},
    )
    cut = explaining.explain_profile(con, "p").cut
    assert pairs(cut.links) == ["bc"]
    assert (cut.staying.records, cut.leaving.records) == (("a", "b"), ("c", "d"))
    assert cut.staying.money == (Money("EUR", 1, Decimal("10.00")),)
    assert cut.leaving.money == (
        Money("EUR", 1, Decimal("5.00")), Money("USD", 2, Decimal("8.00"))
    )


def test_links_beside_the_weakest_have_to_go_as_well(con, profile):
    profile("p", "abc", ["ab 9", "bc 4", "ac 3"])
    cut = explaining.explain_profile(con, "p").cut
    assert (pairs(cut.links), cut.leaving.records) == (["bc", "ac"], ("c",))


def test_a_record_alone_has_no_weakest_link(con, profile):
    profile("p", "a")
    assert explaining.explain_profile(con, "p").cut is None


def consent(actor, status, channel="email"):
    return {"actor_key": actor, "profile_id": "p", "channel": channel, "purpose": "marketing",
            "status": status}


@pytest.mark.parametrize(
    ("statements", "changed"),
    [
        ([consent("a", "granted"), consent("c", "denied")], [("denied", "granted", "denied")]),
        ([consent("a", "granted")], [("granted", "granted", "unknown")]),
        ([consent("a", "granted"), consent("c", "granted")], []),
        ([consent("a", "unknown")], []),
        ([consent("email:of_c", "denied"), consent("a", "granted")],
         [("denied", "granted", "denied")]),
        ([consent("email:of_both", "granted")], [("granted", "unknown", "unknown")]),
        ([consent("email:of_both", "denied")], []),
        ([consent("a", "denied") | {"is_standing": False}], []),
        ([consent("a", "denied") | {"scope": "identifier"}], []),
    ],
    ids=["a denial goes with its record", "silence is unknown", "both granted", "nothing was known",
         "a mail's denial goes with the address", "an address of both is nobody's",
         "but its denial is everybody's", "what no longer stands", "a bounce is the address's"],
)
def test_consents_that_would_be_others(con, profile, fill, statements, changed):
    profile("p", "abc", ["ab 9", "bc 4"])
    fill(
        "standard.identifiers",
        {"record_key": "c", "kind": "email", "value": "of_c"},
        {"record_key": "a", "kind": "email", "value": "of_both"},
        {"record_key": "c", "kind": "email", "value": "of_both"},
    )
    fill("consent_ledger", *statements)
    found = explaining.explain_profile(con, "p").cut.consents
    assert [(one.together, one.staying, one.leaving) for one in found] == changed


def test_a_merged_id_is_followed(con, profile, fill):
    profile("p", "ab", ["ab 5"])
    fill("profile_redirects", {"profile_id": "old", "current_profile_id": "p"},
         {"profile_id": "p", "current_profile_id": None})
    found = explaining.explain_profile(con, "old")
    assert (found.profile_id, found.asked_for, found.records) == ("p", "old", ("a", "b"))


def test_unknown_names_are_said(con, profile):
    profile("p", "a")
    with pytest.raises(NotFound, match="no record is named x, y"):
        explaining.explain_pair(con, "x", "y")
    with pytest.raises(NotFound):
        explaining.explain_profile(con, "nobody")


def test_refusals_guards_and_corrections_are_told(con, profile, fill):
    profile("p", "ab", ["ab 5"])
    profile("q", "c")
    fill("links", link_row("bc different_first_names", "rejected"))
    fill("identity.guarded_records", {"record_key": "a", "phone_guard": "more than 3 surnames"},
         {"record_key": "c", "email_guard": "placeholder"})
    fill("standard.judgements", {"left_record": "b", "right_record": "c", "judgement": "different",
                                 "decided_by": "steward", "decided_on": date(2026, 5, 1),
                                 "reason": "twins"})
    found = explaining.explain_profile(con, "p")
    correction = Correction("b", "c", "different", "steward", date(2026, 5, 1), "twins")
    assert [(one.left_record, one.right_record, one.reason) for one in found.refusals] == [
        ("b", "c", "different_first_names")
    ]
    assert found.guards == (Guard("a", "phone", "more than 3 surnames"),)
    assert found.corrections == (correction,)
    between = explaining.explain_pair(con, "c", "b")
    assert (between.same_person, between.refusals) == (False, found.refusals)
    assert between.corrections == (correction,)
    assert explaining.explain_pair(con, "a", "c").corrections == ()


def test_the_parts_of_a_kept_score_are_told_in_words(con, profile, fill):
    con.execute("create table identity.population (kind varchar, value varchar, number double)")
    profile("p", "ab")
    weights = dict(zip(NAMES, (3.25, 8, 0, 0, -2, 1, 0), strict=True))
    row = link_row("ab 2") | {"mw_prior": -8.25, "match_weight": 2.0, "match_probability": 0.8}
    fill("links", row | {f"mw_{name}": weight for name, weight in weights.items()}
         | {"level_first_name": 2, "level_phone": 0})
    fill("identity.comparison_levels",
         {"comparison": "first_name", "level": 2, "words": "nickname of each other"},
         {"comparison": "phone", "level": 0, "words": "nothing alike"})
    evidence = explaining.explain_pair(con, "b", "a").evidence
    said = {part.name: part.words for part in evidence.parts}
    assert sum(part.weight for part in evidence.parts) == evidence.weight == 2.0
    assert evidence.is_kept
    assert (said["first_name"], said["phone"], said["birth_on"]) == (
        "nickname of each other", "nothing alike", "not known of both"
    )


def test_a_database_from_before_weights_were_kept_is_explained_without_them(con, profile):
    profile("p", "ab", ["ab 5"])
    con.execute("drop table standard.judgements")
    found = explaining.explain_pair(con, "a", "b")
    assert (found.evidence, pairs(found.path)) == (None, ["ab"])


@pytest.fixture(scope="module")
def published(sample_home):
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


def test_a_score_made_on_demand_is_the_one_that_the_run_made(published, monkeypatch):
    kept = published.execute(
        """select left_record, right_record from links where match_weight is not null
        order by hash(left_record, right_record) limit 5"""
    ).fetchall()
    assert kept
    for left, right in kept:
        by_run = explaining.weigh(published, left, right)
        with monkeypatch.context() as patched:
            patched.setattr(explaining, "_kept_score", lambda *_: None)
            on_demand = explaining.weigh(published, right, left)
        assert (by_run.is_kept, on_demand.is_kept) == (True, False)
        assert on_demand.weight == pytest.approx(by_run.weight, abs=1e-6)
        assert [(p.name, p.words) for p in on_demand.parts] == [
            (p.name, p.words) for p in by_run.parts
        ]
        assert [p.weight for p in on_demand.parts] == pytest.approx(
            [p.weight for p in by_run.parts], abs=1e-6
        )


def test_the_parts_of_every_score_add_up_to_it(published):
    strangers = published.execute(
        "select min(record_key), max(record_key) from profile_records"
    ).fetchall()
    linked = published.execute(
        "select left_record, right_record from links order by hash(right_record), left_record limit 10"
    )
    for left, right in [*strangers, *linked.fetchall()]:
        evidence = explaining.weigh(published, left, right)
        total = sum(part.weight for part in evidence.parts)
        assert total == pytest.approx(evidence.weight, abs=1e-6)


def test_an_explanation_names_nobody(published):
    [(profile_id,)] = published.execute(
        """select profile_id from profile_records group by profile_id
        order by count(*) desc, profile_id limit 1"""
    ).fetchall()
    found = explaining.explain_profile(published, profile_id)
    values = published.execute(
        """select distinct lower(value) from profile_attributes
        where profile_id = ? and length(value) > 5""",
        [profile_id],
    ).fetchall()
    pair = explaining.explain_pair(published, found.records[0], found.records[-1])
    said = repr((asdict(found), asdict(pair))).lower()
    assert values and not [value for (value,) in values if value in said]


def test_every_profile_of_the_sample_is_held_together_by_its_links(published):
    ids = published.execute(
        """select profile_id from profile_records group by profile_id having count(*) > 1
        order by hash(profile_id) limit 20"""
    ).fetchall()
    for (profile_id,) in ids:
        found = explaining.explain_profile(published, profile_id)
        assert len(found.links) == len(found.records) - 1
        net = [one.net for side in (found.cut.staying, found.cut.leaving) for one in side.money]
        [(total,)] = published.execute(
            "select coalesce(sum(net), 0) from orders where profile_id = ?", [profile_id]
        ).fetchall()
        assert sum(net) == total
