"""What merged, split and moved between two identities, and what of theirs moved: rows in, rows out."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity import diff
from dagster_project.identity.explaining import Money

SAID = "standard.consent_statements (actor_key, channel, purpose, status)"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield prepared(connection)


def prepared(con):
    """The tables that a diff reads, empty."""
    con.execute("""
        set threads = 1;
        create schema golden; create schema standard; create schema identity;
        create table golden.orders (actor_key varchar, currency varchar, net decimal(18, 2));
        create table standard.consent_statements
            (actor_key varchar, channel varchar, purpose varchar, status varchar,
            scope varchar default 'person', is_standing boolean default true);
        create table standard.identifiers (record_key varchar, kind varchar, value varchar);
        create table identity.identifier_guards (kind varchar, value varchar, is_guarded boolean);
        create table identity.links (left_record varchar, right_record varchar, decision varchar,
            reason varchar, match_weight double, match_probability double)
    """)
    return con


def fill(con, table, *rows):
    con.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def compared(con, before, now, *, members_before=(), members_now=()):
    """`before` and `now` map records to profiles; members are (segment, profile)."""
    given_rows = {
        "records_before": before.items(), "records_now": now.items(),
        "members_before": members_before, "members_now": members_now,
    }
    for name, rows in given_rows.items():
        first = "segment" if name.startswith("members") else "record_key"
        con.execute(f"create or replace table {name} ({first} varchar, profile_id varchar)")
        if rows:
            fill(con, name, *rows)
    return diff.compare(con, **{name: f"from {name}" for name in given_rows})


def kinds(found):
    return {(one.kind, one.profile_id, one.into_profile_id, one.record_count) for one in found.worst}


def test_a_profile_that_is_no_more_was_merged(con):
    found = compared(con, {"a": "P", "b": "Q", "c": "Q"}, {"a": "P", "b": "P", "c": "P"})
    assert kinds(found) == {("merged", "Q", "P", 2)}
    assert (found.known, found.changed) == (3, 2)


def test_a_profile_whose_records_go_to_a_new_one_was_split(con):
    found = compared(con, {"a": "P", "b": "P", "c": "P"}, {"a": "P", "b": "P", "c": "N"})
    assert kinds(found) == {("split", "P", "N", 1)}


def test_records_that_change_between_two_that_stay_moved(con):
    found = compared(con, {"a": "P", "b": "P", "c": "Q"}, {"a": "P", "b": "Q", "c": "Q"})
    assert kinds(found) == {("moved", "P", "Q", 1)}


def test_a_profile_that_falls_to_two_others_was_merged_into_the_larger_part(con):
    before = {"a": "P", "b": "Q", "c": "R", "d": "R", "e": "R"}
    now = {"a": "P", "b": "Q", "c": "P", "d": "Q", "e": "Q"}
    assert kinds(compared(con, before, now)) == {("merged", "R", "Q", 2), ("moved", "R", "P", 1)}


def test_new_and_vanished_records_are_no_change(con):
    found = compared(con, {"a": "P", "gone": "P"}, {"a": "P", "new": "P", "other": "N"})
    assert (found.known, found.changed, found.share, found.worst) == (2, 0, 0.0, ())


def test_orders_change_owner_with_their_record_and_currencies_stay_apart(con):
    fill(con, "golden.orders", ("b", "EUR", 10), ("b", "EUR", 5), ("b", "USD", 3), ("a", "EUR", 99))
    found = compared(con, {"a": "P", "b": "Q"}, {"a": "P", "b": "P"})
    money = (Money("EUR", 2, Decimal("15.00")), Money("USD", 1, Decimal("3.00")))
    assert found.money == found.worst[0].money == money


def test_a_denial_comes_to_those_who_are_merged_with_it(con):
    fill(con, SAID, ("a", "email", "marketing", "granted"),
         ("b", "email", "marketing", "denied"))
    found = compared(con, {"a": "P", "b": "Q"}, {"a": "P", "b": "P"})
    [one] = found.consents
    assert (one.before, one.now, one.profiles) == ("granted", "denied", 1)


def test_what_an_address_said_counts_for_nobody_once_two_have_it(con):
    fill(con, "standard.identifiers", ("a", "email", "x@y.z"), ("b", "email", "x@y.z"))
    fill(con, SAID, ("email:x@y.z", "email", "marketing", "granted"))
    found = compared(con, {"a": "P", "b": "P"}, {"a": "P", "b": "N"})
    [one] = found.consents
    assert (one.before, one.now, one.profiles) == ("granted", "unknown", 2)


def test_but_its_denial_is_that_of_both(con):
    fill(con, "standard.identifiers", ("a", "email", "x@y.z"), ("b", "email", "x@y.z"))
    fill(con, SAID, ("email:x@y.z", "email", "marketing", "denied"))
    assert compared(con, {"a": "P", "b": "P"}, {"a": "P", "b": "N"}).consents == ()


def test_a_guarded_address_speaks_for_nobody(con):
    fill(con, "standard.identifiers", ("a", "email", "x@y.z"))
    fill(con, "identity.identifier_guards", ("email", "x@y.z", True))
    fill(con, SAID, ("email:x@y.z", "email", "marketing", "granted"))
    assert compared(con, {"a": "P", "b": "P"}, {"a": "N", "b": "P"}).consents == ()


def test_segments_are_entered_and_left_by_those_concerned_alone(con):
    found = compared(
        con, {"a": "P", "b": "Q", "z": "Z"}, {"a": "P", "b": "P", "z": "Z"},
        members_before=[("vip", "Q"), ("new", "P"), ("new", "Q"), ("vip", "Z")],
        members_now=[("new", "P"), ("lapsed", "P")],
    )
    assert {(one.segment, one.entered, one.left) for one in found.segments} == {
        ("vip", 0, 1), ("lapsed", 1, 0)}


def test_the_links_that_joined_two_profiles_are_named_the_surest_first(con):
    fill(con, "identity.links", ("a", "b", "accepted", "splink", 4.0, 0.9),
         ("a", "c", "accepted", "same_email_and_name", None, 1.0),
         ("b", "c", "accepted", "splink", 9.0, 0.99))
    found = compared(con, {"a": "P", "b": "Q", "c": "Q"}, {"a": "P", "b": "P", "c": "P"})
    assert [link.reason for link in found.worst[0].causes] == ["same_email_and_name", "splink"]


def test_a_new_record_may_be_what_joined_two_profiles(con):
    fill(con, "identity.links", ("a", "n", "accepted", "splink", 4.0, 0.9),
         ("b", "n", "accepted", "splink", 5.0, 0.9))
    found = compared(con, {"a": "P", "b": "Q"}, {"a": "P", "b": "P", "n": "P"})
    assert [(link.left_record, link.right_record) for link in found.worst[0].causes] == [("b", "n")]


def test_the_refusals_that_parted_a_profile_are_named_a_persons_word_first(con):
    fill(con, "identity.links", ("a", "c", "rejected", "weight_below_threshold", 1.0, 0.5),
         ("b", "c", "rejected", "never_link", 8.0, 0.9), ("a", "b", "accepted", "splink", 9.0, 0.9))
    found = compared(con, {"a": "P", "b": "P", "c": "P"}, {"a": "P", "b": "P", "c": "N"})
    assert [link.reason for link in found.worst[0].causes] == ["never_link", "weight_below_threshold"]
    assert found.worst[0].cause_count == 2


def test_the_worst_come_first_and_the_table_has_them_all(con):
    before = {f"r{n}": f"P{n}" for n in range(50)}
    fill(con, "golden.orders", *((f"r{n}", "EUR", n) for n in range(50)))
    found = compared(con, before, dict.fromkeys(before, "P0"))
    assert [one.profile_id for one in found.worst] == [f"P{n}" for n in range(49, 29, -1)]
    assert con.execute("select count(*), max(rank) from identity_diff").fetchall() == [(49, 49)]


IDENTITIES = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("PQRST"))


@settings(max_examples=40, deadline=None)
@given(before=IDENTITIES, now=IDENTITIES)
def test_every_changed_record_and_its_orders_are_in_exactly_one_change(before, now):
    changed = [key for key in before if now.get(key, before[key]) != before[key]]
    with duckdb.connect() as con:
        prepared(con)
        fill(con, "golden.orders", *((key, "EUR", 2**n) for n, key in enumerate("abcdefgh")))
        found = compared(con, before, now)
    worth = sum(2 ** "abcdefgh".index(key) for key in changed)
    assert (found.known, found.changed) == (len(before), len(changed))
    assert sum(one.record_count for one in found.worst) == len(changed)
    assert sum(money.net for one in found.worst for money in one.money) == worth
    assert sum(money.net for money in found.money) == worth
    assert sum(count for _, count in found.kinds) == len(found.worst)
