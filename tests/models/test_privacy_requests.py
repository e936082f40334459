"""What a request does: whom it reaches, what it forbids, from when on, and what lifts it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

DAY = date(2026, 5, 20)
ALL = ["ads", "email", "phone", "post", "push", "sms"]


def delivered(kind, **named):
    given = {"record_key": f"r:{kind}:{sorted(named.items())}", "request_id": "T1", "request_kind": kind}
    return given | {"received_on": DAY} | named


def asked(kind, *, at=DAY, **named):
    given = {"record_key": "r", "request_id": f"{kind} {at:%d}", "request_kind": kind}
    return given | {"received_on": at, "stated_at": datetime(at.year, at.month, at.day)} | named


ADA = {"actor_key": "crm:contact:1", "identifier_kind": "record", "identifier": "crm:contact:1"}
MAILBOX = {"actor_key": "email:a@x", "identifier_kind": "email", "identifier": "a@x"}


# Whom and what -------------------------------------------------------------------------------------


def test_a_row_speaks_in_the_name_of_everything_that_it_names(made):
    row = delivered("restrict", email="a@x", phone_text="020 7946", named_record="crm:contact:1")
    given = {
        "staging.privacy__requests": [row | {"visitor_id": "weblogs:c1"}],
        "standard.phone_numbers": [{"phone_text": "020 7946", "country": "US", "phone": "+44207946"}],
    }
    found = made("standard.requests", given, "identifier_kind, actor_key, identifier, source")
    assert found == [
        ("email", "email:a@x", "a@x", "file"),
        ("phone", "phone:+44207946", "+44207946", "file"),
        ("record", "crm:contact:1", "crm:contact:1", "file"),
        ("visitor", "weblogs:c1", "weblogs:c1", "file"),
    ]


@pytest.mark.parametrize(
    ("kind", "said", "channels", "purposes"),
    [
        ("object", {}, ALL, ["advertising", "marketing", "profiling"]),
        ("withdraw", {"channel": "sms"}, ["sms"], ["advertising", "marketing", "profiling"]),
        ("withdraw", {"channel": "email", "purpose": "service"}, ["email"], ["service"]),
        ("do_not_sell", {}, ALL, ["advertising"]),
    ],
)
def test_what_is_asked_of_nothing_in_particular_is_asked_of_all(made, kind, said, channels, purposes):
    given = {"staging.privacy__requests": [delivered(kind, email="a@x", **said)]}
    through = ("standard.requests",)
    found = made("standard.requested_denials", given, "channel, purpose, identifier", through=through)
    assert found == sorted((channel, purpose, "a@x") for channel in channels for purpose in purposes)


def test_other_rights_deny_nothing(made):
    about = {"channels": ["email"], "purposes": ["marketing"]}
    rows = [asked(kind, **MAILBOX, **about) for kind in ("access", "erase", "restrict")]
    assert made("standard.requested_denials", {"standard.requests": rows}) == []


@pytest.mark.parametrize(
    ("stated_at", "still_denied"),
    [
        (datetime(2026, 5, 1), True),
        (datetime(2026, 5, 20, 18), True),
        (None, True),
        (datetime(2026, 5, 21), False),
    ],
    ids=["an earlier yes", "a yes of the same day", "a yes without a day", "a later yes"],
)
def test_an_objection_outranks_every_yes_up_to_its_day(made, stated_at, still_denied):
    spoken = {"actor_key": "email:a@x", "identifier_kind": "email", "identifier": "a@x"}
    about = {"channel": "email", "purpose": "marketing"}
    said = spoken | about | {"status": "granted", "evidence": "form", "record_key": "p:1"}
    objected = asked("object", **MAILBOX, channels=["email"], purposes=["marketing"])
    given = {
        "standard.requests": [objected],
        "standard.consent_preferences": [
            said | {"stated_at": stated_at, "delivered_at": datetime(2026, 6, 1)}
        ],
    }
    standing = made(
        "standard.consent_statements", given, "status, evidence", where="is_standing",
        through=("standard.requested_denials",),
    )
    assert standing == ([("denied", "objection")] if still_denied else [("granted", "form")])


# Restricted ----------------------------------------------------------------------------------------


PEOPLE = [
    {"record_key": "crm:contact:1", "profile_id": "ada"},
    {"record_key": "shop:customer:9", "profile_id": "bob"},
]
CARRIED = [
    {"record_key": "crm:contact:1", "kind": "email", "value": "a@x"},
    {"record_key": "shop:customer:9", "kind": "email", "value": "a@x"},
]


def restricted(made, *requests, **tables):
    given = {
        "standard.requests": list(requests),
        "identity.profile_records": PEOPLE,
        "identity.record_identifiers": CARRIED,
    }
    return made("golden.restrictions", given | tables, "profile_id, scope, restricted_on")


def test_who_names_a_record_speaks_for_its_profile_alone(made):
    assert restricted(made, asked("restrict", **ADA)) == [("ada", "all", DAY)]


def test_who_names_an_address_speaks_for_everybody_that_carries_it(made):
    assert restricted(made, asked("restrict", **MAILBOX)) == [("ada", "all", DAY), ("bob", "all", DAY)]


def test_a_visitor_is_the_person_that_it_is_known_to_be(made):
    named = {"actor_key": "weblogs:c", "identifier_kind": "visitor", "identifier": "weblogs:c"}
    seen = [{"visitor_id": "weblogs:c", "profile_id": "ada"}, {"visitor_id": "weblogs:d"}]
    found = restricted(made, asked("restrict", **named), **{"identity.visitors": seen})
    assert found == [("ada", "all", DAY)]


@pytest.mark.parametrize(
    ("lift", "stays"),
    [
        (asked("unrestrict", at=date(2026, 5, 25), **ADA), False),
        (asked("unrestrict", at=DAY, **ADA), False),
        (asked("unrestrict", at=date(2026, 5, 1), **ADA), True),
        (asked("unrestrict", at=date(2026, 5, 25), **MAILBOX), True),
    ],
    ids=["later", "the same day", "earlier", "in the name of an address that others have"],
)
def test_it_is_lifted_by_who_asked_for_it(made, lift, stays):
    assert (restricted(made, asked("restrict", **ADA), lift) != []) == stays


def test_it_may_be_asked_for_again(made):
    rows = [asked("restrict", at=date(2026, 5, day), **ADA) for day in (1, 28)]
    found = restricted(made, *rows, asked("unrestrict", at=date(2026, 5, 10), **ADA))
    assert found == [("ada", "all", date(2026, 5, 28))]


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ({}, ["profiling"]),
        ({"is_standing": False}, []),
        ({"purpose": "marketing"}, []),
        ({"evidence": "preference centre"}, []),
    ],
    ids=["objects to profiling", "allowed it later", "objects to something else", "said so elsewhere"],
)
def test_who_objects_to_profiling_is_not_scored(made, said, scopes):
    statement = {
        "profile_id": "ada", "purpose": "profiling", "status": "denied", "scope": "person",
        "evidence": "objection", "is_standing": True, "stated_at": datetime(2026, 5, 20, 23, 59),
        "evidence_record": "T1",
    }
    found = restricted(made, **{"golden.consent_ledger": [statement | said]})
    assert [scope for _, scope, _ in found] == scopes


def test_a_segment_names_nobody_who_is_restricted(engine, models, made):
    facts = [{"profile_id": one, "order_count": 1, "last_order_at": datetime(2026, 6, 1)}
             for one in ("ada", "bob", "eve")]
    scopes = [{"profile_id": "ada", "scope": "all"}, {"profile_id": "bob", "scope": "profiling"}]
    made("segments.active_customers", {"golden.customer_facts": facts, "golden.restrictions": scopes})
    found = engine.execute(f"from ({models['segments.active_customers'].query}) order by 1").fetchall()
    assert [profile_id for profile_id, *_ in found] == ["bob", "eve"]


@pytest.mark.parametrize(
    ("kind", "stays"), [("do_not_sell", False), ("object", False), ("restrict", False), ("access", True)]
)
def test_a_visitor_who_objects_leaves_the_audience_of_visitors(made, kind, stays):
    visit = {
        "visitor_id": "weblogs:c", "session_id": "s", "started_at": datetime(2026, 5, 30),
        "ended_at": datetime(2026, 5, 30), "product_view_count": 2, "cart_add_count": 0,
        "marketing_channel": "direct",
    }
    said = asked(kind, actor_key="weblogs:c", identifier_kind="visitor", identifier="weblogs:c")
    given = {"golden.sessions": [visit], "standard.requests": [said]}
    assert (made("golden.visitor_audience", given, "visitor_id") == [("weblogs:c",)]) == stays
