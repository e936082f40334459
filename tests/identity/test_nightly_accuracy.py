"""Accuracy without labels: what vendors state is taken back, and linkage has to find it by itself."""

from __future__ import annotations

import random

import pytest

from dagster_project.identity import linking, nightly_accuracy
from dagster_project.identity.model import shipped
from dagster_project.lake import connect
from dagster_project.settings import PROJECT

ADA = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"}
STATED = "salesforce_converted_lead"


@pytest.fixture
def measured(con, load, resolve):
    """measured(records, links=…, ids=…) -> {(left, right, measure): (is_right, was_compared)}."""

    def run(records, *, links=(), ids=()):
        load(records, record_links=links, identifiers=ids)
        resolve()
        return _measure(con)

    return run


def _measure(con):
    """Go on from what `con` last linked."""
    for name, made in (("links", "links"), ("clusters", "clusters"), ("blocks", "blocks")):
        con.execute(f"create or replace table tonight_{name} as from identity_{made}")
        con.execute(f"create or replace temp view {name}_before as from tonight_{name}")
    con.execute("create or replace table told_links as from identity.exact_links")
    con.execute("drop table identity.exact_links")
    con.execute("create view identity.exact_links as from told_links")
    found = nightly_accuracy.measure(con, model=shipped())
    con.execute(f"create or replace table identity.accuracy_pairs as {found}")
    return {row[:3]: row[3:] for row in con.execute(
        "select left_record, right_record, measure, is_right, was_compared from identity.accuracy_pairs"
    ).fetchall()}


def test_a_stated_pair_that_linkage_would_find_is_right(measured):
    found = measured({"a:x:1": ADA, "b:x:1": ADA}, links=[("b:x:1", "a:x:1", STATED)])
    assert found == {("a:x:1", "b:x:1", "recall"): (True, True)}


def test_a_stated_pair_with_nothing_in_common_is_lost_to_blocking(measured):
    other = {"first_name": "Grace", "last_name": "Hopper"}
    found = measured({"a:x:1": ADA, "b:x:1": other}, links=[("b:x:1", "a:x:1", STATED)])
    assert found == {("a:x:1", "b:x:1", "recall"): (False, False)}


def test_a_stated_pair_that_was_compared_and_refused_is_not_lost_to_blocking(measured):
    other = ADA | {"first_name": "Grace", "last_name": "Hopper"}
    found = measured({"a:x:1": ADA, "b:x:1": other}, links=[("b:x:1", "a:x:1", STATED)])
    assert found == {("a:x:1", "b:x:1", "recall"): (False, True)}


def test_equal_records_that_only_the_statement_held_together_come_apart(measured, con):
    lone = {"first_name": "Ada", "last_name": "Byron"}
    found = measured({"a:x:1": lone, "b:x:1": lone}, links=[("b:x:1", "a:x:1", STATED)])
    assert found[("a:x:1", "b:x:1", "recall")][0] is False
    assert con.execute("select count(distinct cluster) from tonight_clusters").fetchall() == [(1,)]


def test_a_record_that_was_not_delivered_says_nothing(measured):
    assert measured({"a:x:1": ADA}, links=[("a:x:1", "b:x:9", STATED)]) == {}


def test_what_is_joined_is_confirmed_only_by_one_id_of_the_vendor(measured):
    records = {"a:x:1": ADA, "a:x:2": ADA, "a:x:3": ADA | {"email": "x@example.org"}}
    ids = [(key, "vendor_id", key) for key in records]
    found = measured(records, links=[("a:x:3", "a:x:2", STATED)], ids=ids)
    assert found[("a:x:1", "a:x:2", "precision")] == (False, None)


def test_taking_back_and_going_on_is_linking_without_the_statements(con, load, resolve):
    rng = random.Random(7)
    names = [("Ann", "Abbott"), ("Anna", "Abbott"), ("Ben", "Cox"), ("Eve", "Dyer")]
    records = {
        f"{system}:x:{number}": {
            "first_name": first, "last_name": last, "city": rng.choice(["York", "Bath", None]),
            "email": rng.choice([None, f"{first}.{last}{number % 9}@example.com"]),
            "phone": rng.choice([None, f"+1937555{number % 11:04}"]),
        }
        for system in "ab" for number in range(60)
        for first, last in [rng.choice(names)]
    }
    links = [(f"b:x:{n}", f"a:x:{rng.randrange(60)}", STATED) for n in range(0, 60, 2)]
    load(records, record_links=links)
    resolve()
    _measure(con)
    found = con.execute("select record_key, cluster from accuracy_clusters order by 1").fetchall()
    linking.start(con, model=shipped())
    linking.resolve(con, model=shipped())
    expected = con.execute("select record_key, cluster from identity_clusters order by 1").fetchall()
    assert found == expected
    before = con.execute("select record_key, cluster from tonight_clusters order by 1").fetchall()
    assert found != before


def _accuracy(con, columns):
    sql = (PROJECT / "sql/identity/accuracy.sql").read_text(encoding="utf-8")
    return con.execute(f"select {columns} from ({sql}) order by all").fetchall()


def test_intervals_are_wilsons(con, load):
    load({f"{s}:x:{n}": ADA for s in "ab" for n in range(10)})
    con.execute("""create table identity.accuracy_pairs as
        select 'a:x:' || n as left_record, 'b:x:' || n as right_record, 'recall' as measure,
            n > 0 as is_right, n > 0 as was_compared
        from range(10) as numbers (n)""")
    found = _accuracy(con, "subset, pair_count, right_count, uncompared_count, estimate, low, high")
    assert ("all", 10, 9, 1, 0.9, 0.5958, 0.9821) in found
    assert {row[0] for row in found} == {"all", "a x and b x", "two facts to compare"}


def test_few_pairs_of_very_many_records_are_counted():
    """So many, that DuckDB hands on what the joins find as dictionaries."""
    con = connect()
    con.execute("""create schema identity;
        create table identity.comparison_records as
        select 'a:x:' || n as record_key, 'n' || n % 97 as first_name, 'l' || n % 101 as last_name,
            [first_name] as first_forms, date '1980-01-01' + (n % 900)::int as birth_on,
            if(n % 3 = 0, 'e' || n, null) as email, if(n % 5 = 0, 'p' || n, null) as phone,
            's' || n % 7 as street_name, 'z' || n % 11 as postal_code, 'c' || n % 13 as city,
            'r' as region, 'h' as house_number
        from range(280000) as numbers (n);
        create table identity.accuracy_pairs as
        select 'a:x:' || hash(n) % 280000 as left_record, 'a:x:' || hash(n + 7) % 280000 as right_record,
            'recall' as measure, true as is_right, true as was_compared
        from range(300) as numbers (n)""")
    for reader in (con, con.cursor()):
        assert ("all", 300) in _accuracy(reader, "subset, pair_count")


@pytest.mark.parametrize(
    ("changes", "subset"),
    [
        ({"first_name": "Grace"}, "first name differs"),
        ({"first_name": "William"}, "nickname"),
        ({"first_name": None}, "a name is missing"),
        ({"last_name": "Lovelace"}, "surname differs"),
        ({"email": "other@example.com"}, "e-mail differs"),
        ({"email": None}, "fewer than two facts to compare"),
    ],
)
def test_hard_pairs_are_counted_by_what_makes_them_hard(measured, con, changes, subset):
    bill = ADA | {"first_name": "Bill"}
    measured({"a:x:1": bill, "b:x:1": bill | changes}, links=[("b:x:1", "a:x:1", STATED)])
    assert subset in {row[0] for row in _accuracy(con, "subset")}


def test_the_alarm_is_for_an_interval_below_what_was_published(con):
    con.execute("""
        create table identity.accuracy (measure varchar, subset varchar, high double);
        insert into identity.accuracy values ('recall', 'all', .80), ('recall', 'nickname', .90);
        create table identity.accuracy_reference (measure varchar, subset varchar, low double);
        insert into identity.accuracy_reference
        values ('recall', 'all', .85), ('recall', 'nickname', .85)
    """)
    path = PROJECT / "sql/identity/accuracy.accuracy_has_not_fallen.warn.sql"
    assert con.execute(path.read_text(encoding="utf-8")).fetchall() == [("recall", "all")]
