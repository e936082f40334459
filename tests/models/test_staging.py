"""The latest version of each record, and the lines of an order, out of several deliveries."""

from datetime import datetime
from decimal import Decimal

import pytest

FIRST, SECOND = datetime(2026, 6, 1), datetime(2026, 6, 2)
CONTACT = "0035g00000AbcdeAAA"


def contact(delivered, modified, first_name):
    return {
        "id": CONTACT,
        "first_name": first_name,
        "created_date": "2026-01-01 00:00:00",
        "system_modstamp": modified,
        "_delivered_at": delivered,
    }


@pytest.mark.parametrize(
    "rows",
    [
        (
            contact(FIRST, "2026-05-01 10:00:00", "Old"),
            contact(SECOND, "2026-05-02 10:00:00", "New"),
        ),
        (
            contact(SECOND, "2026-05-01 10:00:00", "Old"),
            contact(FIRST, "2026-05-02 10:00:00", "New"),
        ),
        (
            contact(FIRST, "2026-05-01 10:00:00", "Old"),
            contact(SECOND, "2026-05-01 10:00:00", "New"),
        ),
        (contact(SECOND, "", "Old"), contact(FIRST, "2026-05-01 10:00:00", "New")),
    ],
    ids=[
        "changed later",
        "changed later though delivered earlier",
        "delivered later, unchanged time",
        "without a time of change, the time of making counts",
    ],
)
def test_a_contact_is_its_latest_version(made, rows):
    found = made("staging.salesforce__contact", {"raw.salesforce__contact": rows}, "first_name")
    assert found == [("New",)]


def test_a_customer_without_a_time_of_change_is_the_latest_delivery(made):
    rows = [
        {"customer_id": "7", "first_name": "Old", "_delivered_at": FIRST},
        {"customer_id": "7", "first_name": "New", "_delivered_at": SECOND},
    ]
    found = made("staging.shopify__customers", {"raw.shopify__customers": rows}, "first_name")
    assert found == [("New",)]


# Mailchimp ---------------------------------------------------------------------------------------


def member(status, changed, *, leid="1", delivered=FIRST):
    return {
        "email_address": "ada@example.com",
        "euid": "e1",
        "leid": leid,
        "last_changed": changed,
        "_variant": status,
        "_delivered_at": delivered,
    }


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("subscribed", "unsubscribed"), ("unsubscribed", "subscribed"), ("subscribed", "cleaned")],
)
def test_a_member_has_the_status_of_its_latest_change(made, earlier, later):
    rows = [member(later, "2026-05-02 00:00:00"), member(earlier, "2026-05-01 00:00:00")]
    found = made("staging.mailchimp__members", {"raw.mailchimp__members": rows}, "status")
    assert found == [(later,)]


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        ("subscribed", "unsubscribed", "unsubscribed"),
        ("subscribed", "cleaned", "cleaned"),
        ("cleaned", "unsubscribed", "unsubscribed"),
    ],
)
def test_of_two_statuses_at_one_moment_the_stricter_holds(made, one, other, holds):
    rows = [member(one, "2026-05-01 00:00:00"), member(other, "2026-05-01 00:00:00")]
    found = made("staging.mailchimp__members", {"raw.mailchimp__members": rows}, "status")
    assert found == [(holds,)]


def test_a_member_of_two_lists_has_a_status_in_each(made):
    rows = [
        member("subscribed", "2026-05-01 00:00:00", leid="1"),
        member("unsubscribed", "2026-05-02 00:00:00", leid="2"),
    ]
    found = made("staging.mailchimp__members", {"raw.mailchimp__members": rows}, "leid, status")
    assert found == [("1", "subscribed"), ("2", "unsubscribed")]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("12 Oak St  Dayton  OH  45402  US", ("12 Oak St", "Dayton", "OH", "45402", "US")),
        ("12 Oak St  Apt 4  Dayton  OH  45402  US", ("12 Oak St", "Dayton", "OH", "45402", "US")),
        ("12 Oak St  Dayton  OH  45402", ("12 Oak St", "Dayton", "OH", "45402", "ca")),
        ("12 Oak St, Dayton", (None, None, "ON", "99999", "ca")),
        (None, (None, None, "ON", "99999", "ca")),
    ],
)
def test_an_address_in_one_cell_is_taken_apart(made, address, parts):
    rows = [
        member("subscribed", "2026-05-01 00:00:00")
        | {"address": address, "zip_code": "99999", "cc": "ca", "region": "ON"}
    ]
    found = made(
        "staging.mailchimp__members",
        {"raw.mailchimp__members": rows},
        "street, city, region_text, postal_code, country_text",
    )
    assert found == [parts]


# SendGrid ----------------------------------------------------------------------------------------


def test_an_event_delivered_twice_counts_once(made):
    event = {"sg_event_id": "a", "email": "ada@example.com", "timestamp": "1780000000"}
    rows = [event, event, event | {"sg_event_id": "b"}]
    found = made("staging.sendgrid__events", {"raw.sendgrid__events": rows}, "sg_event_id")
    assert found == [("a",), ("b",)]


# Shopify orders ----------------------------------------------------------------------------------


def first_row(**fields):
    return {
        "id": "900",
        "name": "#1001",
        "created_at": "2026-05-01 09:00:00 -0400",
        "total": "30.00",
        "_file": "f1",
        "_delivered_at": FIRST,
        "lineitem_name": "Lamp",
        "lineitem_quantity": "1",
        "lineitem_price": "10.00",
    } | fields


def further_row(**fields):
    """A row of a further line item: blank but for the order's name, its time and the line."""
    return first_row(id=None, total=None) | fields


def test_further_lines_are_lines_and_no_orders(made):
    rows = [first_row(), further_row(lineitem_name="Rug"), further_row(lineitem_name="Vase")]
    found = made("staging.shopify__orders", {"raw.shopify__orders": rows}, "order_id, total")
    assert found == [("shopify:900", Decimal("30.00"))]


def test_further_lines_know_their_order(made):
    rows = [first_row(), further_row(lineitem_name="Rug")]
    found = made(
        "staging.shopify__order_lines", {"raw.shopify__orders": rows}, "order_id, product_name"
    )
    assert found == [("shopify:900", "Lamp"), ("shopify:900", "Rug")]


def test_two_equal_lines_of_an_order_are_two_lines(made):
    rows = [first_row(), further_row()]
    found = made("staging.shopify__order_lines", {"raw.shopify__orders": rows}, "product_name")
    assert found == [("Lamp",), ("Lamp",)]


def test_an_order_delivered_again_has_its_new_facts(made):
    rows = [first_row(), first_row(refunded_amount="5.00", _file="f2", _delivered_at=SECOND)]
    found = made("staging.shopify__orders", {"raw.shopify__orders": rows}, "refunded")
    assert found == [(Decimal("5.00"),)]


def test_an_order_delivered_again_has_its_new_lines_only(made):
    later = {"_file": "f2", "_delivered_at": SECOND}
    rows = [
        *(first_row(), further_row(lineitem_name="Rug")),
        *(first_row(**later), further_row(lineitem_name="Vase", **later)),
    ]
    found = made("staging.shopify__order_lines", {"raw.shopify__orders": rows}, "product_name")
    assert found == [("Lamp",), ("Vase",)]


def test_two_shops_may_number_their_orders_alike(made):
    rows = [first_row(), first_row(id="901", created_at="2026-05-03 09:00:00 -0400")]
    found = made("staging.shopify__orders", {"raw.shopify__orders": rows}, "order_id")
    assert found == [("shopify:900",), ("shopify:901",)]


def orders_of(*deliveries):
    """One order, delivered on successive days, each with a refunded amount."""
    return [
        first_row(refunded_amount=refunded, _file=f"f{day}", _delivered_at=datetime(2026, 6, day))
        for day, refunded in enumerate(deliveries, start=1)
    ]


@pytest.mark.parametrize(
    ("refunded", "seen"),
    [
        (["0.00", "0.00"], None),
        (["0.00", "5.00", "5.00"], 2),
        (["5.00"], 1),
        (["5.00", "5.00", "8.00"], 3),
    ],
)
def test_a_refund_is_dated_by_the_first_delivery_that_has_its_amount(made, refunded, seen):
    rows = orders_of(*refunded)
    found = made("staging.shopify__orders", {"raw.shopify__orders": rows}, "refund_seen_at")
    assert found == [(seen and datetime(2026, 6, seen),)]


# Square ------------------------------------------------------------------------------------------


def item(**fields):
    return {
        "transaction_id": "t1",
        "payment_id": "p1",
        "date": "2026-05-01",
        "time": "10:00:00",
        "time_zone": "Eastern Time (US & Canada)",
        "item": "Mug",
        "qty": "1.0",
        "net_sales": "$8.00",
        "event_type": "Payment",
        "_file": "f1",
        "_delivered_at": FIRST,
    } | fields


def test_identical_lines_of_a_payment_are_kept(made):
    found = made("staging.square__items", {"raw.square__items": [item(), item()]}, "product_name")
    assert found == [("Mug",), ("Mug",)]


def test_identical_lines_delivered_again_count_once(made):
    again = item(_file="f2", _delivered_at=SECOND)
    rows = [item(), item(), again, again]
    found = made("staging.square__items", {"raw.square__items": rows}, "product_name")
    assert found == [("Mug",), ("Mug",)]


def test_a_refund_delivered_later_leaves_the_sale_s_lines(made):
    refund = item(
        payment_id="p2",
        event_type="Refund",
        qty="-1.0",
        net_sales="($8.00)",
        _file="f2",
        _delivered_at=SECOND,
    )
    found = made("staging.square__items", {"raw.square__items": [item(), refund]}, "net_sales")
    assert found == [(Decimal("-8.00"),), (Decimal("8.00"),)]


def test_a_shopper_s_latest_known_name_counts(made):
    sale = {"customer_id": "C1", "time": "10:00:00", "time_zone": "Eastern Time (US & Canada)"}
    rows = [
        sale | {"date": "2026-05-01", "customer_name": "Ada Byron"},
        sale | {"date": "2026-05-02", "customer_name": "Ada Lovelace"},
        sale | {"date": "2026-05-03"},
    ]
    found = made("staging.square__customers", {"raw.square__transactions": rows}, "customer_name")
    assert found == [("Ada Lovelace",)]


def test_local_time_becomes_utc(made):
    found = made("staging.square__items", {"raw.square__items": [item()]}, "occurred_at")
    assert found == [(datetime(2026, 5, 1, 14),)]


# Web logs ----------------------------------------------------------------------------------------


def test_a_line_delivered_twice_is_one_request(made):
    line = {
        "time_text": "01/May/2026:10:00:00 +0000",
        "remote_host": "192.0.2.1",
        "request": "GET / HTTP/1.1",
        "status": "200",
    }
    rows = [line, line | {"_file": "f2"}, line | {"request": "GET /sale HTTP/1.1"}]
    found = made("staging.weblogs__access", {"raw.weblogs__access": rows}, "request")
    assert found == [("GET / HTTP/1.1",), ("GET /sale HTTP/1.1",)]


# Segment -----------------------------------------------------------------------------------------


def call(**fields):
    return {
        "message_id": "m1",
        "type": "track",
        "event": "Product Viewed",
        "timestamp": "2026-05-01T10:00:00.250Z",
        "anonymous_id": "a1",
        "_delivered_at": FIRST,
    } | fields


def calls(made, rows, columns):
    return made("staging.segment__events", {"raw.segment__events": rows}, columns)


def test_a_call_delivered_twice_counts_once(made):
    rows = [call(), call(received_at="2026-05-01T10:00:01Z", _delivered_at=SECOND)]
    columns = "message_id, occurred_on, occurred_at, delivered_at"
    moment = datetime(2026, 5, 1, 10, 0, 0, 250000)
    assert calls(made, rows, columns) == [("m1", moment.date(), moment, FIRST)]


@pytest.mark.parametrize(
    "fields",
    [
        {"traits": '{"email": "Ada@Example.com"}'},
        {"context": '{"traits": {"email": "ada@example.com"}}'},
    ],
)
def test_a_call_names_an_e_mail_among_its_traits_or_its_context_s(made, fields):
    assert calls(made, [call(**fields)], "email_text") == [("ada@example.com",)]


def test_a_screen_s_name_stands_where_an_event_s_does(made):
    rows = [call(type="screen", event=None, name="Home")]
    assert calls(made, rows, "message_type, segment_event") == [("screen", "Home")]


def test_a_call_says_page_device_and_campaign(made):
    context = (
        '{"page": {"path": "/rugs", "referrer": "https://search.example/"}, "userAgent": "agent",'
        ' "os": {"name": "iOS"}, "device": {"type": "ios"}, "app": {"version": "3.1"},'
        ' "campaign": {"source": "news", "medium": "email", "name": "spring"}}'
    )
    columns = (
        "path, referrer, user_agent, platform, app_version, utm_source, utm_medium, utm_campaign"
    )
    assert calls(made, [call(context=context)], columns) == [
        ("/rugs", "https://search.example/", "agent", "iOS", "3.1", "news", "email", "spring")
    ]


# Typeform ----------------------------------------------------------------------------------------


def response(**fields):
    return {
        "response_id": "t1",
        "email": "ada@example.com",
        "rating": "9",
        "response_type": "completed",
        "started_at": "2026-05-01 10:00:00",
        "submitted_at": "2026-05-01 10:02:00",
        "_delivered_at": FIRST,
    } | fields


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([response()], (True, 9)),
        ([response(response_type="partial", submitted_at=None, rating=None)], (False, None)),
        ([response(response_type=None)], (True, 9)),
        ([response(response_type=None, submitted_at=None)], (False, 9)),
        ([response(rating="11")], (True, None)),
        ([response(rating="very")], (True, None)),
        (
            [response(), response(response_type="partial", submitted_at=None, _delivered_at=SECOND)],
            (True, 9),
        ),
    ],
    ids=[
        "completed",
        "partial",
        "an older export, submitted",
        "an older export, not submitted",
        "not on the scale",
        "not a number",
        "a complete one outranks what was delivered later",
    ],
)
def test_a_response_is_complete_or_not_and_has_a_rating_from_0_to_10(made, rows, found):
    given = {"raw.typeform__responses": rows}
    assert made("staging.typeform__responses", given, "is_complete, rating") == [found]


# Third party -------------------------------------------------------------------------------------


def bought(value, obtained_on, **fields):
    return {
        "provider": "Acme",
        "email": "ada@example.com",
        "attribute": "income_band",
        "value": value,
        "obtained_on": obtained_on,
        "_delivered_at": FIRST,
    } | fields


def test_of_one_provider_s_values_the_one_obtained_last_holds(made):
    rows = [
        bought("3", "2026-05-02", email="ADA@example.com", valid_until="2026-12-31"),
        bought("2", "2026-05-01", _delivered_at=SECOND),
        bought("4", "2026-05-01", provider="Other"),
    ]
    columns = "provider, value, obtained_on::varchar, valid_until::varchar"
    found = made("staging.third_party__attributes", {"raw.third_party__attributes": rows}, columns)
    assert found == [
        ("acme", "3", "2026-05-02", "2026-12-31"),
        ("other", "4", "2026-05-01", None),
    ]


# Salesforce's users, roles and history -----------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ({"name": "Ada Byron", "last_name": "B"}, "Ada Byron"),
        ({"first_name": "Ada", "last_name": "Byron"}, "Ada Byron"),
        ({"last_name": "Integration"}, "Integration"),
        ({}, None),
    ],
)
def test_an_owner_has_a_name(made, named, name):
    rows = [{"id": "005000000000001", "is_active": "1"} | named]
    found = made("staging.salesforce__user", {"raw.salesforce__user": rows}, "owner_name, is_active")
    assert found == [(name, True)]


def test_a_contact_s_part_in_a_deal_is_its_latest_version(made):
    role = {"id": "00K000000000001", "opportunity_id": "006000000000001", "contact_id": CONTACT}
    rows = [
        role | {"role": "Evaluator", "system_modstamp": "2026-05-01 00:00:00"},
        role | {"role": "Decision Maker", "is_primary": "1", "system_modstamp": "2026-05-02 00:00:00"},
    ]
    found = made(
        "staging.salesforce__opportunity_contact_role",
        {"raw.salesforce__opportunity_contact_role": rows},
        "contact_id, role, is_primary",
    )
    assert found == [(CONTACT, "Decision Maker", True)]


def test_every_change_of_a_deal_stays_and_is_one_row_however_often_delivered(made):
    change = {"opportunity_id": "006000000000001", "probability": "10", "amount": "1500"}
    first = change | {"id": "008000000000001", "stage_name": "Open", "_delivered_at": FIRST}
    rows = [
        first,
        first | {"_delivered_at": SECOND},
        change | {"id": "008000000000002", "stage_name": "Closed Won", "_delivered_at": SECOND},
    ]
    found = made(
        "staging.salesforce__opportunity_history",
        {"raw.salesforce__opportunity_history": rows},
        "stage, amount, probability_percent, delivered_at",
    )
    amounts = (Decimal("1500.00"), Decimal("10.00"))
    assert found == [("Closed Won", *amounts, SECOND), ("Open", *amounts, FIRST)]
