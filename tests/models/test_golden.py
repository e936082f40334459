"""What a profile is, how it can be reached, what was bought about it, what interests it."""

from datetime import date, datetime

import pytest

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 5, 1)
CONTACT, CUSTOMER, MEMBER = "salesforce:contact:1", "shopify:customers:1", "mailchimp:members:1"


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


# Profiles ----------------------------------------------------------------------------------------


def test_a_profile_with_no_value_at_all_is_a_profile(made):
    given = {"workings.person_records": [record(CONTACT)]}
    assert made("golden.profiles", given, "profile_id, source_record_count") == [("p", 1)]


def test_confidence_is_that_of_the_cluster(made):
    records = [record(key, identity_confidence=0.97) for key in (CONTACT, MEMBER, CUSTOMER)]
    found = made("golden.profiles", {"workings.person_records": records}, "identity_confidence")
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
        "workings.person_records": [customer],
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


# How a person can be reached ---------------------------------------------------------------------

ADDRESS = "ada@x.example"


def carried(key=CONTACT, **fields):
    return {"record_key": key, "kind": "email", "value": ADDRESS} | fields


def mail(event_type, occurred_at):
    return {"actor_key": f"email:{ADDRESS}", "event_type": event_type, "occurred_at": occurred_at}


@pytest.fixture
def standing(made):
    """What is known of one address of a profile."""

    def make(columns, *mails, logins=(), members=(), records=None):
        records = records or [(carried(), record(CONTACT))]
        given = {
            "identity.record_identifiers": [one for one, _ in records],
            "workings.person_records": [one for _, one in records],
            "standard.email_events": mails,
            "standard.email_logins": logins,
            "staging.mailchimp__members": members,
        }
        through = ("workings.contact_records", "standard.email_deliverability")
        return made("workings.contact_points", given, columns, through=through)

    return make


@pytest.mark.parametrize(
    ("mails", "is_verified", "is_bounced"),
    [
        ([], False, False),
        ([("email_sent", OLD)], False, False),
        ([("email_machine_open", OLD)], False, False),
        ([("email_delivered", OLD)], True, False),
        ([("email_click", OLD)], True, False),
        ([("email_bounce", NEW)], False, True),
        ([("email_delivered", OLD), ("email_bounce", NEW)], False, True),
        ([("email_bounce", OLD), ("email_delivered", NEW)], True, False),
        ([("email_delivered", OLD), ("email_blocked", NEW)], True, False),
    ],
    ids=lambda mails: "-".join(kind for kind, _ in mails) or "no mail" if isinstance(mails, list)
    else None,
)
def test_an_address_is_verified_by_what_reached_it_and_bounced_by_what_came_back(
    standing, mails, is_verified, is_bounced
):
    found = standing("is_verified, is_bounced", *(mail(*one) for one in mails))
    assert found == [(is_verified, is_bounced)]


def test_a_login_and_a_double_opt_in_verify_an_address(standing):
    login = {"actor_key": f"email:{ADDRESS}", "last_login_at": NEW}
    assert standing("is_verified, last_reached_at", logins=[login]) == [(True, NEW)]
    member = {"record_key": MEMBER, "confirmed_at": OLD}
    found = standing(
        "is_verified", members=[member], records=[(carried(MEMBER), record(MEMBER))]
    )
    assert found == [(True,)]


def test_a_profile_s_contact_points_are_counted_over_its_records(standing):
    records = [
        (carried(CONTACT), record(CONTACT)),
        (carried(MEMBER, guard="role mailbox"), record(MEMBER, observed_at=NEW)),
        (carried(CUSTOMER), record(CUSTOMER, profile_id="q")),
    ]
    found = standing("profile_id, record_count, systems, guard, last_seen_at", records=records)
    assert found == [
        ("p", 2, ["mailchimp", "salesforce"], "role mailbox", NEW),
        ("q", 1, ["shopify"], None, OLD),
    ]


@pytest.mark.parametrize(("kind", "value"), [("email", ADDRESS), ("phone", "+15035550100")])
def test_the_golden_one_is_primary_even_where_only_people_gave_it(made, kind, value):
    point = {"profile_id": "p", "kind": kind, "actor_key": f"{kind}:old", "value": "old"}
    given = {
        "workings.contact_points": [point | {"record_count": 1, "systems": ["salesforce"]}],
        "golden.profiles": [{"profile_id": "p", kind: value}, {"profile_id": "q"}],
    }
    found = made(f"marts.profile_{kind}s", given, f"profile_id, {kind}, is_primary, systems")
    assert sorted(found) == sorted(
        [("p", value, True, ["corrections"]), ("p", "old", False, ["salesforce"])]
    )


# What was bought about a person ------------------------------------------------------------------


def bought(**fields):
    return {
        "record_key": "third_party:attributes:1",
        "provider": "acme",
        "email_text": ADDRESS.upper(),
        "attribute": "income_band",
        "value": "high",
        "obtained_on": date(2026, 1, 1),
    } | fields


@pytest.fixture
def traits(made):
    def make(*rows):
        given = {
            "staging.third_party__attributes": rows,
            "identity.email_owners": [{"email": ADDRESS, "profile_id": "p"}],
        }
        through = ("standard.bought_traits", "golden.profile_traits")
        return made("marts.profile_traits", given, "profile_id, value, party", through=through)

    return make


@pytest.mark.parametrize(
    ("obtained_on", "valid_until", "holds"),
    [
        (date(2026, 1, 1), date(2026, 6, 2), True),
        (date(2026, 1, 1), date(2026, 6, 1), False),
        (date(2025, 6, 2), None, True),
        (date(2025, 6, 1), None, False),
    ],
    ids=["last day", "the day after", "a year ago", "more than a year ago"],
)
def test_a_bought_value_expires(traits, obtained_on, valid_until, holds):
    found = traits(bought(obtained_on=obtained_on, valid_until=valid_until))
    assert found == [("p", "high", "third")] * holds


def test_a_bought_value_of_an_address_that_is_not_one_person_s_is_nobody_s(traits):
    assert traits(bought(email_text="info@x.example")) == []


def test_of_two_addresses_of_a_person_the_later_value_holds(made):
    trait = {
        "profile_id": "p", "trait": "income_band", "provider": "acme",
        "valid_until": date(2027, 1, 1), "party": "third",
    }
    given = {
        "golden.profile_traits": [
            trait | {"record_key": "1", "value": "low", "obtained_on": date(2026, 1, 1)},
            trait | {"record_key": "2", "value": "high", "obtained_on": date(2026, 2, 1)},
        ]
    }
    assert made("marts.profile_traits", given, "value") == [("high",)]


# Where a record was delivered --------------------------------------------------------------------


def delivered(name, row_number, day, **fields):
    return {
        "Id": "003000000000001AAA",
        "last_name": "Byron",
        "system_modstamp": "2026-01-01 00:00:00",
        "_path": name,
        "_file": name,
        "_row_number": row_number,
        "_delivered_at": datetime(2026, 5, day),
    } | fields


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([delivered("a", 7, 1), delivered("b", 2, 2)], ("a", 7)),
        (
            [delivered("a", 7, 1),
             delivered("b", 2, 2, last_name="King", system_modstamp="2026-01-02 00:00:00")],
            ("b", 2),
        ),
        ([delivered("b", 2, 1), delivered("a", 7, 1)], ("a", 7)),
        ([delivered("a", 1, 1, last_name="King"), delivered("a", 2, 1)], None),
    ],
    ids=["delivered again", "a later version", "twice on a day", "two versions of one moment"],
)
def test_the_row_that_counts_is_the_first_with_the_latest_version(made, rows, expected):
    given = {"raw.salesforce__contact": rows}
    through = ("staging.salesforce__contact",)
    found = made("workings.record_sources", given, "path, row_number", through=through)
    if expected is None:
        [(name,)] = made("staging.salesforce__contact", given, "last_name")
        expected = next(
            (row["_path"], row["_row_number"]) for row in rows if row["last_name"] == name
        )
    assert found == [expected]
