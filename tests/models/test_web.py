"""Requests become visits of visitors, and visitors become people."""

from datetime import date, datetime, timedelta

import pytest

START = datetime(2026, 5, 1, 10)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"


def request(number=0, **fields):
    """One line of a log; lines a minute apart unless told otherwise."""
    at = fields.pop("at", START + timedelta(minutes=number))
    return {
        "line_key": f"l{number}",
        "occurred_on": at.date(),
        "occurred_at": at,
        "address": "192.0.2.1",
        "user_agent": BROWSER,
        "request": "GET / HTTP/1.1",
        "status": 200,
    } | fields


@pytest.fixture
def requests(made):
    def make(rows, columns):
        return made("standard.web_requests", {"staging.weblogs__access": rows}, columns)

    return make


# Visitors and sessions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cookie", "visitor"),
    [
        ("192.0.2.1.1234567890", "weblogs:192.0.2.1.1234567890"),
        ("vid=ab12", "weblogs:ab12"),
        ("theme=dark; vid=ab12", "weblogs:ab12"),
        ("_ga=GA1.1.5; theme=dark", "weblogs:GA1.1.5"),
    ],
    ids=["an id of its own", "named", "named among others", "another known name"],
)
def test_a_cookie_names_the_visitor(requests, cookie, visitor):
    assert requests([request(cookie=cookie)], "visitor_id, has_cookie") == [(visitor, True)]


def test_a_cookie_without_a_known_name_is_no_visitor_s(requests):
    assert requests([request(cookie="theme=dark")], "has_cookie") == [(False,)]


@pytest.mark.parametrize(("minutes", "sessions"), [(30, 1), (31, 2)])
def test_a_session_ends_after_thirty_minutes_of_silence(requests, minutes, sessions):
    rows = [request(0, cookie="vid=a"), request(minutes, cookie="vid=a")]
    assert len(set(requests(rows, "session_id"))) == sessions


def test_a_session_ends_at_midnight(requests):
    late = datetime(2026, 5, 1, 23, 59)
    rows = [
        request(0, cookie="vid=a", at=late),
        request(1, cookie="vid=a", at=late + timedelta(minutes=2)),
    ]
    assert len(set(requests(rows, "session_id"))) == 2


@pytest.mark.parametrize(("minutes", "visitors"), [(30, 1), (31, 2)])
def test_without_a_cookie_a_visitor_is_one_session_of_an_address(requests, minutes, visitors):
    assert len(set(requests([request(0), request(minutes)], "visitor_id"))) == visitors


def test_two_agents_of_one_address_are_two_visitors(requests):
    rows = [request(0), request(1, user_agent="Mozilla/5.0 (iPhone)")]
    assert len(set(requests(rows, "visitor_id"))) == 2


@pytest.mark.parametrize(
    ("agent", "bot"), [(BROWSER, None), ("Googlebot/2.1", "googlebot"), (None, "unnamed")]
)
def test_robots_are_told_by_their_agent(made, agent, bot):
    given = {
        "staging.weblogs__access": [request(user_agent=agent)],
        "standard.user_agents": [
            {"user_agent": BROWSER}, {"user_agent": "Googlebot/2.1", "bot": "googlebot"}
        ],
    }
    assert made("standard.web_requests", given, "is_bot, bot") == [(bot is not None, bot)]


def test_bots_stay_in_counts(made):
    asked = {"occurred_on": date(2026, 5, 1), "is_bot": True, "bot": "googlebot"}
    given = {
        "standard.web_requests": [
            asked | {"is_asset": False, "status": 200},
            asked | {"is_asset": True, "status": 200},
            asked | {"is_bot": False, "bot": None},
        ]
    }
    found = made("golden.bot_visits", given, "bot, request_count, page_count")
    assert found == [("googlebot", 2, 1)]


@pytest.mark.parametrize(
    ("path", "is_asset"),
    [("/app.css", True), ("/img/a.JPG?v=2", True), ("/robots.txt", True), ("/p/LAMP-1", False)],
)
def test_parts_of_pages_are_assets(requests, path, is_asset):
    assert requests([request(request=f"GET {path} HTTP/1.1")], "is_asset") == [(is_asset,)]


# Events ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "event_type"),
    [
        ("/cart/add", "cart_add"),
        ("/cart", "cart_view"),
        ("/checkout", "checkout_start"),
        ("/checkout/complete", "checkout_complete"),
        ("/p/LAMP-1", "product_view"),
        ("/c/lamps", "category_view"),
        ("/about", "page_view"),
    ],
)
def test_the_path_tells_what_was_done(made, path, event_type):
    given = {
        "standard.web_requests": [{"path": path, "status": 200, "is_bot": False, "is_asset": False}]
    }
    assert made("standard.web_events", given, "event_type") == [(event_type,)]


@pytest.mark.parametrize(
    "fields",
    [{"is_bot": True}, {"is_asset": True}, {"status": 404}, {"status": 500}],
    ids=["a bot's", "an asset's", "not found", "failed"],
)
def test_what_no_person_saw_is_no_event(made, fields):
    request = {"path": "/", "status": 200, "is_bot": False, "is_asset": False} | fields
    assert made("standard.web_events", {"standard.web_requests": [request]}) == []


def test_a_completed_checkout_is_a_sign_of_who_the_visitor_is(made):
    event = {
        "occurred_on": date(2026, 5, 1),
        "visitor_id": "weblogs:a",
        "event_type": "checkout_complete",
        "properties": '{"order": "#1001"}',
    }
    found = made("standard.visitor_evidence", {"standard.web_events": [event]}, "kind, value")
    assert found == [("purchase", "#1001")]


# Who a visitor is --------------------------------------------------------------------------------


def sign(kind, value, *, on=date(2026, 5, 1)):
    return {"visitor_id": "weblogs:a", "kind": kind, "value": value, "occurred_on": on}


KNOWN = {
    "standard.visitor_days": [{"visitor_id": "weblogs:a"}],
    "identity.email_owners": [
        {"email": "ada@example.com", "profile_id": "ada"},
        {"email": "bob@example.com", "profile_id": "bob"},
    ],
    "identity.profile_records": [
        {"record_key": "mailchimp:members:e1", "profile_id": "ada"},
        {"record_key": "shopify:orders:1", "profile_id": "ada"},
    ],
    "standard.orders": [
        {
            "order_name": "#1001",
            "channel": "web",
            "ordered_at": datetime(2026, 5, 1, 12),
            "record_key": "shopify:orders:1",
        }
    ],
    "standard.email_clicks": [{"click_token": "t1", "email": "ada@example.com"}],
}


@pytest.mark.parametrize(
    ("signs", "visitor"),
    [
        ([], (None, None)),
        ([sign("login", "ada@example.com")], ("ada", "login")),
        ([sign("login", "nobody@example.com")], (None, None)),
        ([sign("mailchimp_click", "e1")], ("ada", "mailchimp_click")),
        ([sign("sendgrid_click", "t1")], ("ada", "sendgrid_click")),
        ([sign("purchase", "#1001")], ("ada", "purchase")),
        ([sign("purchase", "#1001", on=date(2026, 5, 9))], (None, None)),
        ([sign("sendgrid_click", "t1"), sign("purchase", "#1001")], ("ada", "purchase")),
        ([sign("purchase", "#1001"), sign("login", "bob@example.com")], ("bob", "login")),
        ([sign("sendgrid_click", "t1"), sign("login", "bob@example.com")], ("bob", "login")),
        ([sign("login", "ada@example.com"), sign("login", "bob@example.com")], (None, None)),
    ],
    ids=[
        "no sign",
        "a login",
        "a login that nobody is known by",
        "a click in a newsletter",
        "a click in a mail",
        "a purchase",
        "an order of that number on another day",
        "a purchase beats a click",
        "a login beats a purchase",
        "a login beats a click",
        "two logins prove nobody",
    ],
)
def test_signs_make_a_visitor_known(made, signs, visitor):
    given = KNOWN | {"standard.visitor_evidence": signs}
    assert made("identity.visitors", given, "profile_id, linked_by") == [visitor]


def test_a_shared_mailbox_is_nobody_s(made):
    given = {
        "standard.identifiers": [
            {"record_key": "r1", "kind": "email", "value": "family@example.com"},
            {"record_key": "r2", "kind": "email", "value": "family@example.com"},
        ],
        "identity.profile_records": [
            {"record_key": "r1", "profile_id": "ada"},
            {"record_key": "r2", "profile_id": "bob"},
        ],
    }
    assert made("identity.email_owners", given) == []


def test_a_guarded_address_is_nobody_s(made):
    given = {
        "standard.identifiers": [{"record_key": "r", "kind": "email", "value": "info@example.com"}],
        "identity.profile_records": [{"record_key": "r", "profile_id": "ada"}],
        "identity.identifier_guards": [
            {"kind": "email", "value": "info@example.com", "is_guarded": True}
        ],
    }
    assert made("identity.email_owners", given) == []


def test_a_visitor_s_earlier_events_follow(made):
    given = KNOWN | {
        "standard.visitor_evidence": [sign("login", "ada@example.com")],
        "standard.web_events": [
            {"event_id": "before", "actor_key": "weblogs:a", "occurred_at": START},
            {"event_id": "stranger", "actor_key": "weblogs:b", "occurred_at": START},
        ],
    }
    found = made(
        "golden.events",
        given,
        "event_id, profile_id",
        where="event_type is distinct from 'order'",
        through=("identity.visitors", "identity.actors"),
    )
    assert found == [("before", "ada"), ("stranger", None)]


# What else people do -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "event_type"),
    [
        ({"sendgrid_event": "open", "is_machine_open": False}, "email_open"),
        ({"sendgrid_event": "open", "is_machine_open": True}, "email_machine_open"),
        ({"sendgrid_event": "bounce", "bounce_type": "blocked"}, "email_blocked"),
        ({"sendgrid_event": "bounce", "bounce_type": "bounce"}, "email_bounce"),
        ({"sendgrid_event": "processed"}, "email_sent"),
        ({"sendgrid_event": "spamreport"}, "email_spam_report"),
    ],
)
def test_what_happened_to_a_mail(made, fields, event_type):
    found = made("standard.email_events", {"staging.sendgrid__events": [fields]}, "event_type")
    assert found == [(event_type,)]


@pytest.mark.parametrize(
    ("is_closed", "happened_at"),
    [(False, datetime(2026, 5, 1)), (True, datetime(2026, 5, 9))],
    ids=["open: it was made", "closed: it was done"],
)
def test_the_day_of_an_open_task_lies_ahead(made, is_closed, happened_at):
    task = {
        "task_id": "t",
        "who_id": "003A",
        "is_deleted": False,
        "is_closed": is_closed,
        "activity_on": date(2026, 5, 9),
        "created_at": datetime(2026, 5, 1),
        "modified_at": datetime(2026, 5, 20),
    }
    found = made("standard.crm_events", {"staging.salesforce__task": [task]}, "occurred_at")
    assert found == [(happened_at,)]
