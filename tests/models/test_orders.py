"""Orders: what was charged, what was given back, who bought."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest


def money(*amounts):
    return tuple(Decimal(amount) for amount in amounts)


# Square ------------------------------------------------------------------------------------------


def payment(total, **fields):
    return {
        "order_id": "square:t1",
        "transaction_id": "t1",
        "total_collected": Decimal(total),
        "occurred_at": datetime(2026, 5, 1),
    } | fields


@pytest.mark.parametrize(
    ("totals", "total", "refunded", "status"),
    [
        (["20.00"], "20.00", "0.00", "paid"),
        (["20.00", "-5.00"], "20.00", "5.00", "partially_refunded"),
        (["20.00", "-5.00", "-15.00"], "20.00", "20.00", "refunded"),
        (["12.00", "8.00"], "20.00", "0.00", "paid"),
        (["0.00"], "0.00", "0.00", "paid"),
    ],
    ids=["a sale", "partly refunded", "refunded in two steps", "two payments", "nothing to pay"],
)
def test_a_square_transaction_is_an_order_with_its_refunds(made, totals, total, refunded, status):
    given = {"staging.square__transactions": [payment(amount) for amount in totals]}
    found = made("standard.delivered_orders", given, "total, refunded, status")
    assert found == [(*money(total, refunded), status)]


def test_an_order_is_dated_by_its_sale_not_by_its_refund(made):
    given = {
        "staging.square__transactions": [
            payment("-5.00", occurred_at=datetime(2026, 5, 9)),
            payment("20.00"),
        ]
    }
    assert made("standard.delivered_orders", given, "ordered_at") == [(datetime(2026, 5, 1),)]


def test_a_cash_sale_is_nobody_s_order(made):
    given = {"staging.square__transactions": [payment("20.00")]}
    assert made("standard.delivered_orders", given, "record_key") == [(None,)]


def test_a_square_customer_is_who_bought(made):
    given = {"staging.square__transactions": [payment("20.00", customer_id="C1")]}
    assert made("standard.delivered_orders", given, "record_key") == [("square:customers:C1",)]


def test_square_amounts_are_in_the_currency_of_the_settings(made):
    given = {"staging.square__transactions": [payment("20.00")]}
    assert made("standard.delivered_orders", given, "currency") == [("USD",)]


# Shopify -----------------------------------------------------------------------------------------


def order(**fields):
    return {
        "order_id": "shopify:1",
        "record_key": "shopify:orders:1",
        "total": Decimal("20.00"),
        "refunded": Decimal(0),
        "currency": "EUR",
    } | fields


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"financial_status": "paid"}, "paid"),
        ({"financial_status": "partially_paid"}, "paid"),
        ({"financial_status": "refunded"}, "refunded"),
        ({"financial_status": "partially_refunded"}, "partially_refunded"),
        ({"financial_status": "voided"}, "voided"),
        ({"financial_status": "pending"}, "pending"),
        ({"financial_status": "paid", "cancelled_at": datetime(2026, 5, 2)}, "cancelled"),
        ({}, "unknown"),
    ],
)
def test_a_shopify_order_s_status(made, fields, status):
    found = made("standard.delivered_orders", {"staging.shopify__orders": [order(**fields)]}, "status")
    assert found == [(status,)]


@pytest.mark.parametrize(("source", "channel"), [("pos", "store"), ("web", "web"), (None, "web")])
def test_a_sale_at_shopify_s_till_is_the_store_s(made, source, channel):
    given = {"staging.shopify__orders": [order(source=source)]}
    found = made("standard.delivered_orders", given, "channel")
    assert found == [(channel,)]


def test_a_line_is_quantity_times_price_less_discount(made):
    line = {
        "order_id": "shopify:1",
        "quantity": 3,
        "unit_price": Decimal("10.00"),
        "discount": Decimal("5.00"),
    }
    given = {
        "staging.shopify__order_lines": [line],
        "standard.orders": [{"order_id": "shopify:1", "currency": "EUR"}],
    }
    assert made("standard.order_lines", given, "amount, currency") == [(*money("25.00"), "EUR")]


# One sale in two systems -------------------------------------------------------------------------

TWINS = ("standard.till_sales", "standard.sale_meetings", "standard.order_twins", "standard.orders")


def sale(order_id, at, **fields):
    """Sold at noon plus `at` seconds."""
    return {
        "order_id": order_id,
        "system": order_id.split(":")[0],
        "channel": "store",
        "location": "Oak Street",
        "total": Decimal("20.00"),
        "currency": "USD",
        "ordered_at": datetime(2026, 5, 1, 12) + timedelta(seconds=at),
    } | fields


@pytest.mark.parametrize(
    ("copy", "rule"),
    [
        ({"payment_reference": "t1", "location": None, "at": 90_000}, "same_payment"),
        ({"at": 599}, "same_sale_at_the_till"),
        ({"at": -599}, "same_sale_at_the_till"),
        ({"at": 601}, None),
        ({"at": 0, "payment_reference": "t2"}, None),
        ({"at": 0, "total": Decimal("20.01")}, None),
        ({"at": 0, "currency": "CAD"}, None),
        ({"at": 0, "location": "Elm Street"}, None),
        ({"at": 0, "location": None}, None),
        ({"at": 0, "channel": "web"}, None),
        ({"at": 0, "payment_reference": "t1", "total": Decimal("9.00")}, None),
    ],
)
def test_a_sale_in_till_and_shop_is_counted_once(made, copy, rule):
    given = [sale("square:t1", 0, payment_reference="t1"), sale("shopify:1", **copy)]
    found = made(
        "standard.order_twins",
        {"standard.delivered_orders": given},
        "order_id, twin_order_id, is_kept, rule",
        through=TWINS[:2],
    )
    pair = [("shopify:1", "square:t1", False, rule), ("square:t1", "shopify:1", True, rule)]
    assert found == (pair if rule else [])


def test_no_sale_is_the_twin_of_two(made):
    given = [
        sale("square:t1", 0),
        sale("square:t2", 400),
        sale("shopify:1", 30),
        sale("shopify:2", 420),
        sale("shopify:3", 500),
    ]
    found = made(
        "standard.orders", {"standard.delivered_orders": given}, "order_id", through=TWINS[:3]
    )
    assert found == [("shopify:3",), ("square:t1",), ("square:t2",)]


def test_the_kept_record_has_the_buyer_whom_either_names(made):
    given = [sale("square:t1", 0), sale("shopify:1", 0, record_key="shopify:orders:1")]
    found = made(
        "standard.orders",
        {"standard.delivered_orders": given},
        "order_id, record_key, actor_key",
        through=TWINS[:3],
    )
    assert found == [("square:t1", "shopify:orders:1", "shopify:orders:1")]


# Refunds -----------------------------------------------------------------------------------------


def test_each_refund_at_a_till_has_its_own_date(made):
    back = {"order_id": "square:t1", "record_key": "r1", "payment_id": "r1"}
    given = {
        "standard.orders": [{"order_id": "square:t1", "currency": "USD"}],
        "staging.square__transactions": [
            payment("20.00"),
            payment("-5.00", occurred_at=datetime(2026, 5, 9), **back),
            payment("-2.00", occurred_at=datetime(2026, 5, 8), **back | {"record_key": "r2"}),
        ],
    }
    found = made("standard.refunds", given, "refunded_at, amount, is_dated")
    assert found == [
        (datetime(2026, 5, 8), *money("2.00"), True),
        (datetime(2026, 5, 9), *money("5.00"), True),
    ]


@pytest.mark.parametrize(
    ("cancelled_at", "at", "is_dated"),
    [(datetime(2026, 5, 2), datetime(2026, 5, 2), True), (None, datetime(2026, 5, 7), False)],
)
def test_a_shop_s_refund_is_dated_by_what_is_known(made, cancelled_at, at, is_dated):
    told = order(
        order_number="1",
        refunded=Decimal("20.00"),
        cancelled_at=cancelled_at,
        refund_seen_at=datetime(2026, 5, 7),
    )
    given = {
        "standard.orders": [{"order_id": "shopify:1"}],
        "staging.shopify__orders": [told],
    }
    found = made("standard.refunds", given, "refunded_at, amount, is_dated")
    assert found == [(at, *money("20.00"), is_dated)]


# Exchange rates ----------------------------------------------------------------------------------


def rated(made, rates, on, currency="EUR"):
    """What one unit is worth in dollars on a day of May."""
    delivered = [
        {"rate_on": date(2026, 5, day), "currency": one, "quote_currency": other, "rate": Decimal(rate)}
        for day, one, other, rate in rates
    ]
    given = {
        "staging.finance__exchange_rates": delivered,
        "standard.orders": [
            {"order_id": "a", "ordered_on": date(2026, 5, on), "currency": currency}
        ],
    }
    return made("standard.order_rates", given, "rate", through=("standard.exchange_rates",))[0][0]


@pytest.mark.parametrize(
    ("rates", "on", "rate"),
    [
        ([(1, "EUR", "USD", "1.10"), (2, "EUR", "USD", "1.20")], 1, "1.10"),
        ([(1, "EUR", "USD", "1.10"), (2, "EUR", "USD", "1.20")], 8, "1.20"),
        ([(1, "EUR", "USD", "1.10")], 7, "1.10"),
        ([(1, "EUR", "USD", "1.10")], 8, None),
        ([(2, "EUR", "USD", "1.10")], 1, None),
        ([(1, "USD", "EUR", "0.8")], 1, "1.25"),
        ([(1, "EUR", "CHF", "0.9")], 1, None),
    ],
    ids=["the day's", "the last", "six days old", "a week old", "not yet", "turned round", "another"],
)
def test_a_rate_serves_until_the_next_and_no_longer_than_a_week(made, rates, on, rate):
    assert rated(made, rates, on) == (rate and Decimal(rate))


def test_the_reporting_currency_needs_no_rate(made):
    assert rated(made, [], 1, currency="USD") == 1


@pytest.mark.parametrize(
    ("status", "rate", "converted"),
    [("paid", "1.12345", "16.85"), ("paid", None, None), ("cancelled", None, "0.00")],
)
def test_net_is_converted_at_the_rate_of_the_day(made, status, rate, converted):
    given = {
        "standard.orders": [
            {
                "order_id": "a",
                "total": Decimal("20.00"),
                "refunded": Decimal("5.00"),
                "status": status,
            }
        ],
        "standard.order_rates": [{"order_id": "a", "rate": rate and Decimal(rate)}],
    }
    assert made("golden.orders", given, "net_converted") == [(converted and Decimal(converted),)]


# Golden ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "refunded", "net"),
    [
        ("paid", "0.00", "20.00"),
        ("partially_refunded", "5.00", "15.00"),
        ("refunded", "20.00", "0.00"),
        ("cancelled", "20.00", "0.00"),
        ("cancelled", "0.00", "0.00"),
        ("voided", "0.00", "0.00"),
        ("pending", "0.00", "20.00"),
    ],
)
def test_net_is_charged_less_given_back(made, status, refunded, net):
    given = {
        "standard.orders": [
            {"total": Decimal("20.00"), "refunded": Decimal(refunded), "status": status}
        ]
    }
    assert made("golden.orders", given, "net") == [money(net)]


def test_an_order_belongs_to_the_profile_of_its_actor(made):
    given = {
        "standard.orders": [
            {"order_id": "a", "actor_key": "shopify:orders:1"},
            {"order_id": "b", "actor_key": "b"},
        ],
        "identity.actors": [{"actor_key": "shopify:orders:1", "profile_id": "p"}],
    }
    assert made("golden.orders", given, "order_id, profile_id") == [("a", "p"), ("b", None)]


# Carts -------------------------------------------------------------------------------------------


def did(event_type, hour, *, day=1):
    return {
        "profile_id": "p",
        "event_type": event_type,
        "occurred_at": datetime(2026, 5, day, hour),
    }


@pytest.mark.parametrize(
    ("events", "carts"),
    [
        ([did("cart_add", 9)], [(None,)]),
        ([did("cart_add", 9), did("order", 10)], [(datetime(2026, 5, 1, 10),)]),
        ([did("cart_add", 9), did("order", 10, day=7)], [(datetime(2026, 5, 7, 10),)]),
        ([did("order", 8), did("cart_add", 9)], [(None,)]),
        ([did("cart_add", 9), did("order", 10), did("cart_add", 11)], [(None,)]),
        ([did("checkout_start", 9)], [(None,)]),
        ([did("cart_view", 9)], []),
    ],
    ids=[
        "left",
        "bought",
        "bought days later",
        "bought before",
        "filled again after buying",
        "left at the checkout",
        "only looked at",
    ],
)
def test_a_cart_ends_with_the_next_order(made, events, carts):
    assert made("golden.carts", {"golden.events": events}, "next_order_at") == carts


def test_a_cart_knows_how_often_something_was_put_in(made):
    events = [did("cart_add", 9), did("cart_add", 10), did("checkout_start", 11)]
    found = made("golden.carts", {"golden.events": events}, "added_count, last_carted_at")
    assert found == [(2, datetime(2026, 5, 1, 11))]
