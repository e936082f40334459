"""From records to clusters and links, with the shipped model."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.identity import linking, model, nodes, population

ANN = {"first_name": "Ann", "last_name": "Abbott", "email": "ann@mail.com"}
HOUSE = {"street": "12 Oak St", "postal_code": "45402", "city": "Dayton"}


def _links(con):
    return con.execute("""
        select left_record, right_record, decision, reason from identity_links order by all
    """).fetchall()


def test_links_say_what_each_comparison_weighed(con, load, resolve):
    load({"a": ANN, "b": ANN | {"first_name": "Anne"}})
    resolve()
    columns = [c for c, *_ in con.execute("describe identity_links").fetchall()]
    assert columns == [
        "left_record", "right_record", "decision", "reason", "match_weight", "match_probability",
        "mw_prior",
        "mw_first_name", "mw_last_name", "mw_birth_on", "mw_email", "mw_phone", "mw_address",
        "mw_region",
        "level_first_name", "level_last_name", "level_birth_on", "level_email", "level_phone",
        "level_address", "level_region",
    ]  # fmt: skip
    [(weight, email, birth)] = con.execute(
        "select match_weight, mw_email, mw_birth_on from identity_links"
    ).fetchall()
    assert weight > email > 0
    assert birth == 0


def test_the_parts_of_a_weight_add_up_to_it(con, load, resolve):
    load(_crowd(1))
    resolve()
    weights = [c for c, *_ in con.execute("describe identity_links").fetchall() if c.startswith("mw_")]
    [(count, off)] = con.execute(f"""
        select count(match_weight), max(abs(match_weight - ({" + ".join(weights)})))
        from identity_links
    """).fetchall()
    assert count > 20
    assert off < 1e-6


def test_levels_say_which_degree_of_agreement_it_was(con, load, resolve):
    load({"a": ANN, "b": ANN | {"first_name": "Anne", "birth_on": "1984-07-09"}})
    resolve()
    words = {(c, level): words for c, level, words, _ in model.shipped().levels_in_words()}
    [(first, last, birth)] = con.execute(
        "select level_first_name, level_last_name, level_birth_on from identity_links"
    ).fetchall()
    assert words["first_name", first] == "nickname"
    assert words["last_name", last] == "equal"
    assert birth is None


def test_every_record_is_in_one_cluster(con, load, resolve):
    load({"a": ANN, "b": ANN, "c": {"first_name": "Tom"}})
    assert resolve() == {frozenset("ab"), frozenset("c")}
    assert con.execute(
        "select record_key, cluster, linked_by, match_probability from identity_clusters"
    ).fetchall() == [
        ("a", "a", "same_email_and_name", 1.0),
        ("b", "a", "same_email_and_name", 1.0),
        ("c", "c", "single", 1.0),
    ]


def test_a_scored_link_is_named_splink_and_has_its_probability(con, load, resolve):
    load({"a": ANN, "b": ANN | {"first_name": "Anne"}})
    resolve()
    rows = con.execute("select linked_by, match_probability from identity_clusters").fetchall()
    assert [rule for rule, _ in rows] == ["splink", "splink"]
    assert 0.9 < rows[0][1] < 1


def test_a_refused_link_is_a_row_with_its_reason(con, load, resolve):
    records = {"a": ANN, "b": ANN | {"first_name": "Tom"}}
    load(records, record_links=[("a", "b", "salesforce_merge")])
    resolve()
    assert _links(con) == [("a", "b", "rejected", "different_first_names")]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        # a mailbox alone
        ({"email": "us@mail.com"}, ANN | {"email": "us@mail.com"}, "one_fact_alone"),
        # a surname and a house
        (
            {"last_name": "Abbott", **HOUSE},
            {"first_name": "Ann", "last_name": "Abbott", **HOUSE},
            "household_alone",
        ),
        # a first name and a house
        (
            {"first_name": "Lakshmi", "last_name": "Singh", **HOUSE},
            {"first_name": "Lakshmi", "last_name": "Nagamani", **HOUSE},
            "another_surname",
        ),
        # a name and a town
        (
            {"first_name": "James", "last_name": "Smith", "city": "Houston"},
            {"first_name": "James", "last_name": "Smith", "city": "Houston"},
            "namesakes_of_one_place",
        ),
    ],
)  # fmt: skip
def test_too_little_evidence_is_refused_by_name(con, load, resolve, one, other, reason):
    third = {"first_name": "Tom", "last_name": "Abbott", "email": "us@mail.com"}
    load({"one": one, "other": other, "third": third})
    resolve()
    assert ("one", "other", "rejected", reason) in _links(con)


def test_who_fits_two_people_of_a_house_is_neither_before_a_person_says_so(con, load, resolve):
    names = {"jane": "Jane", "john": "John", "order": "J."}
    load({key: {"first_name": name, "last_name": "Abbott", **HOUSE} for key, name in names.items()})
    resolve()
    refused = [row for row in _links(con) if row[3] == "fits_several_people"]
    assert refused == [
        ("jane", "order", "rejected", "fits_several_people"),
        ("john", "order", "rejected", "fits_several_people"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # a street is no house
        (HOUSE, HOUSE | {"street": "98 Oak Street"}),
        # and names the wrong way round are one fact, although both comparisons see it
        (
            {"city": "Dayton", "postal_code": "45402"},
            {"first_name": "Abbott", "last_name": "Ann", "city": "Dayton", "postal_code": "45499"},
        ),
    ],
)
def test_in_a_large_population_names_and_a_place_are_too_little(con, load, one, other):
    name = {"first_name": "Ann", "last_name": "Abbott"}
    load({"one": name | one, "other": name | other})
    chosen = model.shipped()
    con.execute(f"create table identity.population as {population.measure(con, model=chosen)}")
    con.execute("update identity.population set number = 1e-6 where kind = 'prior'")
    linking.start(con, model=chosen)
    linking.resolve(con, model=chosen)
    assert _links(con) == [("one", "other", "rejected", "namesakes_of_one_place")]


def _node_count(con):
    nodes.start(con)
    nodes.collapse(con)
    return len(con.execute("select * from linkage_nodes").fetchall())


def test_equal_records_that_a_rule_holds_together_are_scored_once(con, load):
    load({key: ANN for key in "abcdef"})
    assert _node_count(con) == 1


def test_equal_records_without_a_rule_stay_apart(con, load):
    load({key: {"first_name": "Zebulon", "last_name": "Quartermain"} for key in "abc"})
    assert _node_count(con) == 3


def test_a_record_about_which_a_person_decided_stands_alone(con, load):
    load({key: ANN for key in "abc"}, judgements=[("b", "x", "different")])
    assert _node_count(con) == 2


def test_a_block_too_large_is_left_out_and_reported(con, load, resolve):
    load({f"r{n}": {"first_name": f"N{chr(97 + n)}", "phone": "+12125550123"} for n in range(5)})
    small = dataclasses.replace(model.shipped(), block_limit=4)
    resolve(small)
    skipped = con.execute("select rule, record_count from identity_skipped_blocks").fetchall()
    assert skipped == [("phone", 5)]


def test_nobody_at_all(con, load, resolve):
    load({})
    assert resolve() == set()


def _crowd(seed):
    """Families whose members share much, so that every veto and rule has work to do."""
    rng = random.Random(seed)
    firsts = ["John", "Jane", "J", "Johnny", "Emma", "Olivia", None, "Jon"]
    records = {}
    for number in range(24):
        family = number % 3
        records[f"r{number:02}"] = {
            "first_name": rng.choice(firsts),
            "last_name": rng.choice(["Abbott", "Baker", "Cox", None]),
            "email": rng.choice([None, f"us{family}@mail.com", f"own{rng.randrange(6)}@mail.com"]),
            "phone": rng.choice([None, f"+1212555010{family}"]),
            "street": rng.choice([None, f"{family + 1} Oak Street"]),
            "postal_code": rng.choice([None, "45402"]),
            "birth_on": rng.choice([None, "1984-07-09", "1951-12-24"]),
        }
    return records


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_the_order_of_records_does_not_matter(con, load, resolve, seed):
    records = _crowd(seed)
    load(records)
    clusters, links = resolve(), _links(con)
    keys = list(records)
    random.Random(seed).shuffle(keys)
    load({key: records[key] for key in keys})
    assert (resolve(), _links(con)) == (clusters, links)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_no_cluster_holds_two_generations_or_far_birth_dates_alone(con, load, resolve, seed):
    records = _crowd(seed)
    load(records)
    for group in resolve():
        births = {records[key]["birth_on"] for key in group} - {None}
        assert len(births) <= 1
