"""Orders: what was charged, what was given back, who bought."""

from datetime import datetime
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
    found = made("standard.orders", given, "total, refunded, status")
    assert found == [(*money(total, refunded), status)]


def test_an_order_is_dated_by_its_sale_not_by_its_refund(made):
    given = {
        "staging.square__transactions": [
            payment("-5.00", occurred_at=datetime(2026, 5, 9)),
            payment("20.00"),
        ]
    }
    assert made("standard.orders", given, "ordered_at") == [(datetime(2026, 5, 1),)]


def test_a_cash_sale_is_nobody_s_order(made):
    given = {"staging.square__transactions": [payment("20.00")]}
    assert made("standard.orders", given, "record_key, actor_key") == [(None, "square:t1")]


def test_a_square_customer_is_who_bought(made):
    given = {"staging.square__transactions": [payment("20.00", customer_id="C1")]}
    assert made("standard.orders", given, "actor_key") == [("square:customers:C1",)]


def test_square_amounts_are_in_the_currency_of_the_settings(made):
    given = {"staging.square__transactions": [payment("20.00")]}
    assert made("standard.orders", given, "currency") == [("USD",)]


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
    found = made("standard.orders", {"staging.shopify__orders": [order(**fields)]}, "status")
    assert found == [(status,)]


@pytest.mark.parametrize(("source", "channel"), [("pos", "store"), ("web", "web"), (None, "web")])
def test_a_sale_at_shopify_s_till_is_the_store_s(made, source, channel):
    found = made("standard.orders", {"staging.shopify__orders": [order(source=source)]}, "channel")
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


# What segments ask about a customer --------------------------------------------------------------


def bought(**fields):
    return {
        "profile_id": "p",
        "status": "paid",
        "currency": "USD",
        "net": Decimal("10.00"),
        "ordered_at": datetime(2026, 5, 1),
    } | fields


@pytest.mark.parametrize("status", ["cancelled", "voided", "refunded"])
def test_an_order_that_came_to_nothing_does_not_count(made, status):
    given = {"golden.orders": [bought(), bought(status=status)]}
    assert made("golden.customer_facts", given, "order_count") == [(1,)]


def test_spend_is_in_the_currency_of_most_orders(made):
    rows = [bought(), bought(), bought(currency="EUR", net=Decimal("500.00"))]
    found = made("golden.customer_facts", {"golden.orders": rows}, "order_count, currency, spend")
    assert found == [(3, "USD", Decimal("20.00"))]


def test_first_and_last_order_are_of_any_currency(made):
    rows = [
        bought(ordered_at=datetime(2026, 1, 1), currency="EUR"),
        bought(ordered_at=datetime(2026, 3, 1)),
    ]
    found = made("golden.customer_facts", {"golden.orders": rows}, "first_order_at, last_order_at")
    assert found == [(datetime(2026, 1, 1), datetime(2026, 3, 1))]


def test_a_person_who_only_visited_has_facts_too(made):
    event = {"profile_id": "p", "occurred_at": datetime(2026, 5, 1), "channel": "web"}
    found = made("golden.customer_facts", {"golden.events": [event]}, "order_count, event_count")
    assert found == [(0, 1)]


def test_a_machine_s_open_is_no_response(made):
    event = {"profile_id": "p", "occurred_at": datetime(2026, 5, 1), "channel": "email"}
    given = {"golden.events": [event | {"event_type": "email_machine_open"}]}
    assert made("golden.customer_facts", given, "last_email_response_at") == [(None,)]


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
