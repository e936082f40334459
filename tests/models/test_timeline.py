"""The timeline beyond the web log: apps, sessions and their sources, surveys, stages of deals."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

START = datetime(2026, 5, 1, 10)


def call(number=0, **fields):
    """One Segment call; calls a minute apart unless told otherwise."""
    at = fields.pop("at", START + timedelta(minutes=number))
    return {
        "message_id": f"m{number}",
        "message_type": "track",
        "anonymous_id": "a",
        "occurred_on": at.date(),
        "occurred_at": at,
    } | fields


def app_events(made, calls, columns, agents=()):
    given = {"staging.segment__events": calls, "standard.user_agents": list(agents)}
    return made("standard.app_events", given, columns)


# Apps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "event_type", "channel"),
    [
        ({"segment_event": "Application Installed"}, "app_install", "app"),
        ({"segment_event": "Product Viewed", "app_version": "3.1"}, "product_view", "app"),
        ({"segment_event": "Product Viewed"}, "product_view", "web"),
        ({"segment_event": "Order Completed"}, "checkout_complete", "web"),
        ({"message_type": "screen", "segment_event": "Home"}, "screen_view", "app"),
        ({"message_type": "page"}, "page_view", "web"),
        ({"segment_event": "Wheel Spun"}, "custom", "web"),
    ],
)
def test_a_call_tells_what_was_done_and_where(made, fields, event_type, channel):
    assert app_events(made, [call(**fields)], "event_type, channel") == [(event_type, channel)]


@pytest.mark.parametrize("message_type", ["identify", "alias", "group"])
def test_naming_somebody_is_no_event(made, message_type):
    assert app_events(made, [call(message_type=message_type)], "event_id") == []


def test_a_bot_s_calls_are_left_out(made):
    calls = [call(user_agent="Googlebot/2.1")]
    agents = [{"user_agent": "Googlebot/2.1", "bot": "googlebot"}]
    assert app_events(made, calls, "event_id", agents) == []


@pytest.mark.parametrize(("minutes", "sessions"), [(30, 1), (31, 2)])
def test_a_session_ends_after_thirty_minutes_of_silence(made, minutes, sessions):
    found = app_events(made, [call(0), call(minutes)], "session_id")
    assert len(set(found)) == sessions


def test_who_signs_in_is_evidence_of_the_visitor(made):
    given = {"staging.segment__events": [call(message_type="identify", email_text="Ann@Example.com")]}
    found = made("standard.visitor_evidence", given, "visitor_id, kind, value")
    assert found == [("segment:a", "login", "ann@example.com")]


# Sessions ----------------------------------------------------------------------------------------


def landed(made, **properties):
    """Source, medium and channel of a session with this landing; a later page says something else."""
    told = ", ".join(f'"{name}": "{value}"' for name, value in properties.items())
    page = {"session_id": "s", "occurred_on": START.date(), "visitor_id": "v"}
    given = {
        "standard.web_events": [
            page | {"event_id": "1", "occurred_at": START, "properties": f"{{{told}}}"},
            page
            | {
                "event_id": "2",
                "occurred_at": START + timedelta(minutes=1),
                "properties": '{"utm_source": "later"}',
            },
        ]
    }
    return made("standard.sessions", given, "source, medium, marketing_channel")[0]


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({}, ("direct", "none", "direct")),
        ({"referrer_host": "www.google.com"}, ("www.google.com", "organic", "organic_search")),
        ({"referrer_host": "m.facebook.com"}, ("m.facebook.com", "social", "organic_social")),
        ({"referrer_host": "blog.example"}, ("blog.example", "referral", "referral")),
        ({"utm_source": "Google", "utm_medium": "CPC"}, ("google", "cpc", "paid_search")),
        ({"utm_source": "mailchimp", "utm_medium": "email"}, ("mailchimp", "email", "email")),
        (
            {"utm_source": "meta", "utm_medium": "paid_social", "referrer_host": "facebook.com"},
            ("meta", "paid_social", "paid_social"),
        ),
        ({"utm_source": "sendgrid"}, ("sendgrid", "email", "email")),
        ({"utm_source": "flyer"}, ("flyer", "campaign", "other")),
    ],
)
def test_the_landing_says_what_brought_a_session(made, properties, found):
    assert landed(made, **properties) == found


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.google.com/search", "www.google.com"),
        ("https://shop.example/cart", None),
        ("-", None),
        (None, None),
    ],
    ids=["another site", "the site itself", "a dash", "nothing"],
)
def test_a_site_does_not_refer_to_itself(made, referrer, host):
    request = {"path": "/", "status": 200, "is_bot": False, "is_asset": False, "referrer": referrer}
    found = made(
        "standard.web_events",
        {"standard.web_requests": [request]},
        "json_extract_string(properties, '$.referrer_host')",
    )
    assert found == [(host,)]


# Deals and surveys -------------------------------------------------------------------------------


def step(number, stage, **fields):
    return {
        "opportunity_id": "006",
        "history_id": f"h{number}",
        "stage": stage,
        "created_at": START + timedelta(days=number),
        "is_deleted": False,
    } | fields


def deal(**fields):
    return {"opportunity_id": "006", "stage": "Won", "created_at": START, "is_deleted": False} | fields


def test_a_deal_s_way_is_told_by_its_changes_of_stage(made):
    given = {
        "staging.salesforce__opportunity": [deal(stage="New")],
        "staging.salesforce__opportunity_history": [
            step(0, "New"),
            step(1, "New", amount=Decimal("5.00")),
            step(2, "Offer"),
            step(3, "New"),
        ],
    }
    found = made("standard.deal_stages", given, "stage_number, stage, from_stage, entered_at, left_at")
    days = [START + timedelta(days=number) for number in range(4)]
    assert found == [
        (1, "New", None, days[0], days[2]),
        (2, "Offer", "New", days[2], days[3]),
        (3, "New", "Offer", days[3], None),
    ]


def test_a_history_older_than_its_deal_is_brought_up_to_it(made):
    given = {
        "staging.salesforce__opportunity": [deal(modified_at=START + timedelta(days=9))],
        "staging.salesforce__opportunity_history": [step(0, "New")],
    }
    found = made("standard.deal_stages", given, "stage, from_stage, entered_at, left_at")
    last = START + timedelta(days=9)
    assert found == [("New", None, START, last), ("Won", "New", last, None)]


def test_a_deal_without_a_history_is_in_its_stage_since_it_was_made(made):
    found = made(
        "standard.deal_stages",
        {"staging.salesforce__opportunity": [deal()]},
        "stage, entered_at, left_at",
    )
    assert found == [("Won", START, None)]


@pytest.mark.parametrize(
    ("roles", "contact_id", "actor"),
    [
        ([], "003A", "salesforce:contact:003A"),
        ([("003B", False), ("003C", True)], "003A", "salesforce:contact:003C"),
        ([], None, None),
    ],
    ids=["the deal's own", "the primary one", "nobody"],
)
def test_a_deal_is_its_primary_contact_s(made, roles, contact_id, actor):
    given = {
        "staging.salesforce__opportunity": [deal(contact_id=contact_id)],
        "staging.salesforce__opportunity_contact_role": [
            {"opportunity_id": "006", "contact_id": one, "is_primary": primary, "is_deleted": False}
            for one, primary in roles
        ],
    }
    assert made("standard.deal_stages", given, "actor_key") == [(actor,)]


@pytest.mark.parametrize(("is_complete", "count"), [(True, 1), (False, 0)])
def test_a_survey_counts_when_it_was_answered_to_the_end(made, is_complete, count):
    answer = {"email_text": "Ann@Example.com", "submitted_at": START, "is_complete": is_complete}
    given = {"staging.typeform__responses": [answer | {"rating": 9}]}
    found = made("standard.survey_answers", given, "actor_key, rating")
    assert found == [("email:ann@example.com", 9)] * count


# All together ------------------------------------------------------------------------------------


def test_everything_is_in_one_timeline(made):
    happened = {"occurred_at": START, "actor_key": "a"}
    given = {
        "identity.actors": [{"actor_key": "a", "profile_id": "p"}],
        "standard.web_events": [happened | {"event_id": "1", "event_type": "page_view"}],
        "standard.app_events": [happened | {"event_id": "2", "event_type": "app_install"}],
        "standard.email_events": [happened | {"event_id": "3", "event_type": "email_open"}],
        "standard.crm_events": [happened | {"event_id": "4", "event_type": "call"}],
        "standard.orders": [{"order_id": "5", "ordered_at": START, "actor_key": "a"}],
        "standard.refunds": [{"refund_id": "6", "refunded_at": START, "actor_key": "a"}],
        "standard.deal_stages": [
            {"opportunity_id": "7", "stage_number": 1, "entered_at": START, "actor_key": "a"}
        ],
        "standard.survey_answers": [{"record_key": "8", "answered_at": START, "actor_key": "a"}],
    }
    found = made("golden.events", given, "event_type, profile_id, occurred_at")
    types = "app_install call deal_stage email_open order page_view refund survey_answer".split()
    assert found == [(kind, "p", START) for kind in types]

