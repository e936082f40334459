"""Which value survives, when a person was seen, what interests a person."""

from datetime import date, datetime

import pytest

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 5, 1)


def record(key, **fields):
    """A person's source record; its key says its system and export."""
    system, export, record_id = key.split(":")
    return {
        "profile_id": "p",
        "record_key": key,
        "system": system,
        "export": export,
        "record_id": record_id,
        "observed_at": OLD,
        "is_deleted": False,
    } | fields


CONTACT, CUSTOMER, MEMBER = "salesforce:contact:1", "shopify:customers:1", "mailchimp:members:1"


@pytest.fixture
def winner(made):
    """The winning values of some attributes, in their order, from these records."""

    def make(records, *attributes, **given):
        rows = made(
            "golden.profile_attributes",
            {"golden.person_records": records} | given.get("tables", {}),
            "attribute, value",
            where="is_winner",
            through=("golden.source_trust", "golden.survivorship_rules"),
        )
        found = dict(rows)
        return tuple(found.get(attribute) for attribute in attributes)

    return make


def person(key, first_name, last_name, **fields):
    return record(key, first_name=first_name, last_name=last_name, **fields)


def test_a_name_is_the_most_trusted_system_s(winner):
    records = [
        person(CONTACT, "Ada", "Byron"),
        person(MEMBER, "Addie", "B.", observed_at=NEW),
    ]
    assert winner(records, "first_name", "last_name") == ("Ada", "Byron")


def test_of_equally_trusted_names_the_latest_wins(winner):
    records = [
        person("salesforce:contact:1", "Ada", "Byron"),
        person("salesforce:contact:2", "Ada", "Lovelace", observed_at=NEW),
    ]
    assert winner(records, "last_name") == ("Lovelace",)


@pytest.mark.parametrize("poor", ["A.", "A", None], ids=["initial", "letter", "nothing"])
def test_a_whole_name_wins_over_a_more_trusted_part_of_one(winner, poor):
    records = [person(CONTACT, poor, "Byron"), person(MEMBER, "Ada", "Byron")]
    assert winner(records, "first_name") == ("Ada",)


def test_first_and_last_name_come_from_one_record(winner):
    records = [person(CONTACT, "Ada", None), person(MEMBER, "Augusta", "Byron")]
    assert winner(records, "first_name", "last_name") == ("Augusta", "Byron")


JUNK = {
    "tables": {
        "identity.guard_rules": [
            {"action": "junk", "kind": "name", "value": "test"},
            {"action": "junk", "kind": "name", "value": "na"},
            {"action": "junk", "kind": "birth_on", "value": "19000101"},
        ]
    }
}


@pytest.mark.parametrize("junk", ["Test", "TEST", "n/a", "N.A."])
def test_a_placeholder_is_no_name(winner, junk):
    assert winner([person(CONTACT, junk, "Byron")], "first_name", "last_name", **JUNK) == (
        None,
        "Byron",
    )


def test_a_placeholder_does_not_keep_another_record_s_name_away(winner):
    records = [person(CONTACT, "n/a", "Byron"), person(MEMBER, "Ada", "Byron")]
    assert winner(records, "first_name", **JUNK) == ("Ada",)


def test_na_is_a_surname(winner):
    assert winner([person(CONTACT, "Hong-jin", "Na")], "last_name", **JUNK) == ("Na",)


def test_a_placeholder_is_no_birth_date(winner):
    records = [record(CONTACT, birth_on=date(1900, 1, 1))]
    assert winner(records, "birth_on", **JUNK) == (None,)


@pytest.mark.parametrize("attribute", ["email", "phone"])
def test_the_most_recent_address_of_a_person_wins(winner, attribute):
    records = [
        record(CONTACT, **{attribute: "old"}),
        record(MEMBER, **{attribute: "new"}, observed_at=NEW),
    ]
    assert winner(records, attribute) == ("new",)


@pytest.mark.parametrize("attribute", ["email", "phone"])
def test_a_guarded_value_never_wins(winner, attribute):
    records = [
        record(CONTACT, **{attribute: "own"}),
        record(MEMBER, **{attribute: "shared"}, **{f"{attribute}_guard": "role"}, observed_at=NEW),
    ]
    assert winner(records, attribute) == ("own",)


def test_a_guarded_value_does_not_win_for_want_of_another(winner):
    assert winner([record(CONTACT, email="info@x.example", email_guard="role")], "email") == (None,)


def test_a_deleted_record_comes_last(winner):
    records = [
        record(CONTACT, email="gone@x.example", is_deleted=True, observed_at=NEW),
        record(MEMBER, email="here@x.example"),
    ]
    assert winner(records, "email") == ("here@x.example",)


def test_a_deleted_record_wins_where_nobody_else_says_anything(winner):
    records = [record(CONTACT, email="gone@x.example", is_deleted=True), record(MEMBER)]
    assert winner(records, "email") == ("gone@x.example",)


def test_a_birth_date_is_the_most_frequent(winner):
    right, wrong = date(1980, 1, 2), date(1980, 2, 1)
    records = [
        record(CONTACT, birth_on=wrong, observed_at=NEW),
        record(CUSTOMER, birth_on=right),
        record(MEMBER, birth_on=right),
    ]
    assert winner(records, "birth_on") == ("1980-01-02",)


def test_an_address_comes_from_one_record(winner):
    records = [
        record(CONTACT, street="1 Elm St", city="Salem", postal_code="97301", region="OR"),
        record(CUSTOMER, street="9 Oak Rd", postal_code="10001", observed_at=NEW),
    ]
    assert winner(records, "street", "postal_code", "city", "region") == (
        *("9 Oak Rd", "10001"),
        *(None, None),
    )


def test_an_address_without_a_street_is_less_than_one_with(winner):
    records = [
        record(CONTACT, street="1 Elm St", city="Salem", postal_code="97301"),
        record(MEMBER, city="Boston", postal_code="02101", observed_at=NEW),
    ]
    assert winner(records, "city", "postal_code") == ("Salem", "97301")


def test_a_tie_is_broken_by_the_record_s_key(winner):
    records = [
        record("salesforce:contact:2", email="b@x.example"),
        record("salesforce:contact:1", email="a@x.example"),
    ]
    assert winner(records, "email") == ("a@x.example",)


def test_losing_values_stay_with_the_record_that_gives_them(made):
    records = [
        record(CONTACT, email="a@x.example"),
        record(MEMBER, email="b@x.example", observed_at=NEW),
    ]
    found = made(
        "golden.profile_attributes",
        {"golden.person_records": records},
        "record_key, value, is_winner",
        through=("golden.source_trust", "golden.survivorship_rules"),
    )
    assert found == [(MEMBER, "b@x.example", True), (CONTACT, "a@x.example", False)]


# Profiles ----------------------------------------------------------------------------------------


def test_a_profile_with_no_value_at_all_is_a_profile(made):
    given = {"golden.person_records": [record(CONTACT)]}
    assert made("golden.profiles", given, "profile_id, source_record_count") == [("p", 1)]


def test_confidence_is_that_of_the_cluster(made):
    records = [record(key, identity_confidence=0.97) for key in (CONTACT, MEMBER, CUSTOMER)]
    found = made("golden.profiles", {"golden.person_records": records}, "identity_confidence")
    assert found == [(0.97,)]


@pytest.mark.parametrize(
    ("changed_at", "last_event_at", "last_seen_at"),
    [
        (OLD, None, OLD),
        (OLD, NEW, NEW),
        (None, OLD, OLD),
        (None, None, datetime(2026, 6, 1)),
    ],
    ids=["a record changed", "something happened later", "undated record, event", "nothing dated"],
)
def test_delivery_is_no_sign_of_life(made, changed_at, last_event_at, last_seen_at):
    delivered = datetime(2026, 6, 1)
    customer = record(CUSTOMER, changed_at=changed_at, observed_at=changed_at or delivered)
    given = {
        "golden.person_records": [customer],
        "golden.customer_facts": [{"profile_id": "p", "last_event_at": last_event_at}],
    }
    found = made("marts.profiles", given, "last_seen_at", through=("golden.profiles",))
    assert found == [(last_seen_at,)]


# What interests a person -------------------------------------------------------------------------


def test_looks_are_counted_by_the_day(made):
    look = {"profile_id": "p", "event_type": "category_view", "properties": '{"category": "rugs"}'}
    given = {
        "golden.events": [
            look | {"occurred_at": datetime(2026, 5, 1, 9)},
            look | {"occurred_at": datetime(2026, 5, 1, 10)},
            look | {"occurred_at": datetime(2026, 5, 2, 9)},
        ]
    }
    found = made("golden.product_interest", given, "category, viewed_on, view_count")
    assert found == [("rugs", date(2026, 5, 1), 2), ("rugs", date(2026, 5, 2), 1)]
