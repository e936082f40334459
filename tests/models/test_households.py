"""Who shares a household: docs/decisions/households.md, case by case and against the simulated truth."""

from __future__ import annotations

import pytest
from support import SAMPLE

from dagster_project.lake import Lake, connect, quoted

HOME = {"last_name": "Byron", "street": "1 Elm St", "postal_code": "97301", "country": "US"}
MAILBOX = {"email": "byron.family@example.net"}
LANDLINE = {"phone": "+15035550100"}
IDENTITY = (
    *("guard_rules", "nicknames", "folded_records", "clean_records", "carried_identifiers"),
    *("identifier_guards", "record_identifiers", "comparison_records"),
)


@pytest.fixture
def households(made):
    """The households of people who each have one record with these fields, in their order."""

    def make(*people):
        records = [{"record_key": f"r{number}"} | fields for number, fields in enumerate(people)]
        given = {
            "standard.person_records": records,
            "identity.profile_records": [
                {"profile_id": one["record_key"], "record_key": one["record_key"]} for one in records
            ],
            "golden.profiles": [
                {"profile_id": one["record_key"], "country": one["country"]} for one in records
            ],
            "golden.profile_attributes": [
                {
                    "profile_id": one["record_key"],
                    "record_key": one["record_key"],
                    "attribute": "street",
                    "is_winner": True,
                    "rule": "most_recent",
                }
                for one in records
            ],
        }
        through = (*(f"identity.{name}" for name in IDENTITY), "workings.homes")
        rows = made("golden.households", given, "profile_id, household_id, rule", through=through)
        return [row[1:] for row in rows]

    return make


@pytest.mark.parametrize(
    ("other", "is_one_household"),
    [
        ({}, True),
        ({"last_name": "BYRÓN"}, True),
        ({"street": "1, Elm Street"}, True),
        ({"postal_code": "97301-1234"}, True),
        ({"last_name": "Lovelace"}, False),
        ({"street": "2 Elm St"}, False),
        ({"postal_code": "97302"}, False),
    ],
    ids=["same", "accent", "spelling", "longer ZIP", "other name", "other house", "other postcode"],
)
def test_one_surname_at_one_address_is_a_household(households, other, is_one_household):
    assert (len(set(households(HOME, HOME | other))) == 1) == is_one_household


@pytest.mark.parametrize("missing", ["last_name", "street", "postal_code"])
def test_without_a_whole_address_there_is_no_household(households, missing):
    assert households(HOME | {missing: None}) == []


@pytest.mark.parametrize("shared", [MAILBOX, LANDLINE], ids=["mailbox", "landline"])
def test_a_couple_of_two_surnames_with_a_shared_contact_is_a_household(households, shared):
    both = households(HOME | shared, HOME | {"last_name": "Lovelace"} | shared)
    assert len({household for household, _ in both}) == 1
    assert {rule for _, rule in both} == {"same_address_and_contact"}


def test_whoever_has_the_surname_comes_along_without_the_contact(households):
    lovelace = HOME | {"last_name": "Lovelace"}
    found = households(HOME | MAILBOX, lovelace | MAILBOX, lovelace, HOME)
    assert len({household for household, _ in found}) == 1


def test_flatmates_who_share_no_contact_are_two_households(households):
    one, other = households(HOME, HOME | {"last_name": "Lovelace"} | LANDLINE)
    assert one[0] != other[0]


def test_a_child_who_moved_out_is_no_longer_of_the_household(households):
    one, other = households(HOME | MAILBOX, HOME | {"street": "9 Oak Ave"} | MAILBOX)
    assert one[0] != other[0]


def test_a_mailbox_that_many_share_joins_nobody(households):
    names = ("Byron", "Lovelace", "Hopper", "Hamilton", "Liskov")
    found = households(*(HOME | {"last_name": name} | {"email": "shop@example.net"} for name in names))
    assert len({household for household, _ in found}) == len(names)


def test_contacts_join_surnames_in_a_chain(households):
    found = households(
        HOME | MAILBOX,
        HOME | {"last_name": "Lovelace"} | MAILBOX,
        HOME | {"last_name": "Lovelace"} | LANDLINE,
        HOME | {"last_name": "Hopper"} | LANDLINE,
    )
    assert len({household for household, _ in found}) == 1


def test_hardly_anybody_is_put_into_a_stranger_s_household(sample_home):
    lake, con = Lake(sample_home / "lake"), connect()
    truth = {name: quoted(SAMPLE / "truth" / f"{name}.parquet") for name in ("records", "people")}
    [(pairs, right)] = con.execute(f"""
        with members as (
            select distinct households.household_id, people.person_id, people.household_id as home
            from ({lake.scan("golden.households")}) as households
            inner join ({lake.scan("identity.profile_records")}) as records using (profile_id)
            inner join {truth["records"]} as truth using (record_key)
            inner join {truth["people"]} as people using (person_id)
        )
        select count(*), count(*) filter (where one.home = other.home)
        from members as one inner join members as other using (household_id)
        where one.person_id < other.person_id
    """).fetchall()
    assert pairs > 40 and right >= 0.97 * pairs
