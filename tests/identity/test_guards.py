"""Which identifiers are evidence of nothing, and what is nulled because of it."""

from __future__ import annotations

import pytest


def _reason(con, value):
    [(reason,)] = con.execute(
        "select reason from identity.identifier_guards where value = ?", [value]
    ).fetchall()
    return reason


def _people(names, **shared):
    return {
        f"r{number}": {"first_name": first, "last_name": last, **shared}
        for number, (first, last) in enumerate(names)
    }


@pytest.mark.fault(39)
@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("test@test.com", "placeholder"),
        ("info@acme-tools.com", "role mailbox"),
        ("no-reply@acme-tools.com", "role mailbox"),
        ("somebody@example.com", None),
        ("maria.kowalski@mail.com", None),
    ],
)
def test_an_address_that_is_nobodys_is_guarded(con, load, email, reason):
    load({"a": {"first_name": "Maria", "email": email}})
    assert _reason(con, email) == reason


def test_a_phone_of_zeros_is_guarded(con, load):
    load({"a": {"first_name": "Maria", "phone": "+12120000000"}})
    assert _reason(con, "+12120000000") == "placeholder"


@pytest.mark.fault(39)
def test_a_mailbox_of_four_surnames_is_guarded(con, load):
    names = [("Ann", "Abbott"), ("Bea", "Baker"), ("Cid", "Cooper"), ("Dan", "Dyer")]
    load(_people(names, email="club@mail.com"))
    assert _reason(con, "club@mail.com") == "more than 3 surnames"


def test_a_phone_of_six_people_is_guarded(con, load):
    names = [(first, "Abbott") for first in ("Ann", "Bea", "Cid", "Dan", "Eve", "Fay")]
    load(_people(names, phone="+12125550123"))
    assert _reason(con, "+12125550123") == "more than 5 full names"


def test_a_family_of_five_keeps_its_mailbox(con, load):
    names = [(first, "Abbott") for first in ("Ann", "Bea", "Cid", "Dan", "Eve")]
    load(_people(names, email="abbotts@mail.com"))
    assert _reason(con, "abbotts@mail.com") is None


def test_typing_errors_and_nicknames_of_one_person_are_no_crowd(con, load):
    names = [
        ("Robert", "Abbott"), ("Bob", "Abbot"), ("Rob", "Abbotr"), ("Robrt", "Abbbott"),
        ("Robert", "Abott"), ("Bobby", "Abbottt"), ("Roberto", "Abbitt"),
    ]  # fmt: skip
    load(_people(names, email="bob@mail.com"))
    assert _reason(con, "bob@mail.com") is None


def test_addresses_of_one_mailbox_are_counted_together(con, load):
    load({
        "a": {"first_name": "Ann", "last_name": "Abbott", "email": "club.house@gmail.com"},
        "b": {"first_name": "Bea", "last_name": "Baker", "email": "clubhouse@gmail.com"},
        "c": {"first_name": "Cid", "last_name": "Cooper", "email": "clubhouse+x@gmail.com"},
        "d": {"first_name": "Dan", "last_name": "Dyer", "email": "clubhouse@googlemail.com"},
    })
    assert _reason(con, "club.house@gmail.com") == "more than 3 surnames"


def test_a_guarded_value_is_not_compared(con, load):
    load({"a": {"first_name": "Maria", "email": "info@acme-tools.com", "phone": "+12120000000"}})
    assert con.execute("select email, phone from identity.comparison_records").fetchall() == [
        (None, None)
    ]


@pytest.mark.parametrize(
    ("field", "given", "column", "compared"),
    [
        ("first_name", "José-Luis", "first_name", "joseluis"),
        ("last_name", "O'Brien", "last_name", "obrien"),
        ("last_name", "Søndergård", "last_name", "sondergard"),
        ("last_name", "Müller", "last_name", "muller"),
        ("last_name", "Pemberton, Jr.", "name_suffix", "jr"),
        ("last_name", "Pemberton, Jr.", "last_name", "pemberton"),
        ("first_name", "n/a", "first_name", None),
        ("first_name", "Test", "first_name", None),
        ("birth_on", "1900-01-01", "birth_on", None),
        ("birth_on", "1984-07-09", "birth_on", "19840709"),
        ("email", "Maria.K+shop@GMAIL.com", "email", "mariak@gmail.com"),
        ("street", "012 Oak Street Apt. 4b", "house_number", "12"),
        ("street", "12 Oak Street, Apt. 4b", "street_name", "oak"),
        ("street", "Hauptstraße 7", "street_name", "haupt"),
        ("street", "Hauptstr. 7", "street_name", "haupt"),
        ("postal_code", "45402-1123", "postal_code", "45402"),
        ("postal_code", "2139", "postal_code", "02139"),
    ],
)
def test_a_value_is_compared_in_its_clean_form(con, load, field, given, column, compared):
    load({"a": {field: given}})
    assert con.execute(f"select {column} from identity.comparison_records").fetchall() == [
        (compared,)
    ]


def test_names_the_wrong_way_round_are_turned_where_the_data_know_them(con, load):
    firsts = ["Mary", "Jane", "Ruth", "Alma", "Dora", "Nell", "Vera", "Rose"]
    names = [(first, "Abbott") for first in firsts]
    names += [("Mary", last) for last in ("Xu", "Li", "Wu")]
    load(_people(names) | {"turned": {"first_name": "Abbott", "last_name": "Mary"}})
    assert con.execute(
        "select first_name, last_name from identity.comparison_records where record_key = 'turned'"
    ).fetchall() == [("mary", "abbott")]
