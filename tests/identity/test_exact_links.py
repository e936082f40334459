"""Each rule that links without scoring: what it joins, and what it must leave."""

from __future__ import annotations

import pytest

ANN = {"first_name": "Ann", "last_name": "Abbott"}


def _links(con):
    return con.execute("""
        select left_record, right_record, rule from identity.exact_links order by all
    """).fetchall()


@pytest.mark.parametrize(
    ("rule", "shared"),
    [
        ("same_email_and_name", {"email": "ann@mail.com"}),
        ("same_phone_and_name", {"phone": "+12125550123"}),
        ("same_name_birth_and_postcode", {"birth_on": "1984-07-09", "postal_code": "45402"}),
        ("same_name_and_address", {"street": "12 Oak St", "postal_code": "45402"}),
    ],
)
def test_a_rule_joins_one_whole_name(con, load, rule, shared):
    load({"a": ANN | shared, "b": ANN | shared, "c": ANN | shared})
    assert _links(con) == [("a", "b", rule), ("a", "c", rule)]


@pytest.mark.parametrize(
    "shared",
    [
        {"email": "ann@mail.com"},
        {"phone": "+12125550123"},
        {"birth_on": "1984-07-09", "postal_code": "45402"},
        {"street": "12 Oak St", "postal_code": "45402"},
    ],
)
def test_a_rule_leaves_another_first_name_and_an_initial(con, load, shared):
    load({
        "a": ANN | shared,
        "b": ANN | shared | {"first_name": "Cid"},
        "c": ANN | shared | {"first_name": "A"},
    })
    assert _links(con) == []


def test_a_rule_obeys_the_guards(con, load):
    shared = {"email": "info@acme-tools.com", "phone": "+12120000000"}
    load({"a": ANN | shared, "b": ANN | shared})
    assert _links(con) == []


def test_every_identifier_of_a_record_counts(con, load):
    load(
        {"a": ANN | {"phone": "+12125550123"}, "b": ANN | {"phone": "+12125550199"}},
        identifiers=[("b", "phone", "+12125550123")],
    )
    assert _links(con) == [("a", "b", "same_phone_and_name")]


def test_a_nameless_subscriber_belongs_to_the_only_name_on_the_mailbox(con, load):
    load({"a": ANN | {"email": "a.b@gmail.com"}, "b": {"email": "ab@gmail.com"}})
    assert _links(con) == [("a", "b", "same_email_without_name")]


def test_a_nameless_subscriber_of_two_names_belongs_to_nobody(con, load):
    shared = {"email": "us@mail.com"}
    load({"a": ANN | shared, "b": ANN | shared | {"first_name": "Cid"}, "c": shared})
    assert _links(con) == []


def test_a_vendors_link_is_taken_as_it_is(con, load):
    load({"b": ANN, "a": {}}, record_links=[("b", "a", "salesforce_merge")])
    assert _links(con) == [("a", "b", "salesforce_merge")]


def test_a_link_to_a_record_that_was_not_delivered_waits(load, resolve):
    links = [("a", "gone", "salesforce_merge")]
    load({"a": ANN}, record_links=links)
    assert resolve() == {frozenset("a")}
    load({"a": ANN, "gone": {}}, record_links=links)
    assert resolve() == {frozenset({"a", "gone"})}
