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
