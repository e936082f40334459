"""Who is in a segment on the days at its edges. Nights speak for midnight UTC of 2026-06-02."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

AS_OF = datetime(2026, 6, 2)
MOMENT = timedelta(seconds=1)


def days(number):
    return AS_OF - timedelta(days=number)


def hours(number):
    return AS_OF - timedelta(hours=number)


@pytest.fixture
def is_in(made):
    def make(segment, given):
        return made(f"segments.{segment}", given, "profile_id") == [("p",)]

    return make


@pytest.mark.parametrize(
    ("segment", "last_order_at", "belongs"),
    [
        ("active_customers", days(90), True),
        ("active_customers", days(90) - MOMENT, False),
        ("active_customers", AS_OF + MOMENT, True),
        ("active_customers", None, False),
        ("lapsing_customers", days(90) - MOMENT, True),
        ("lapsing_customers", days(90), False),
        ("lapsing_customers", days(180), True),
        ("lapsing_customers", days(180) - MOMENT, False),
        ("lapsed_customers", days(180) - MOMENT, True),
        ("lapsed_customers", days(180), False),
        ("lapsed_customers", None, False),
    ],
)
def test_the_last_order_decides(is_in, segment, last_order_at, belongs):
    facts = {"profile_id": "p", "last_order_at": last_order_at}
    assert is_in(segment, {"golden.customer_facts": [facts]}) == belongs


@pytest.mark.parametrize(
    ("first_order_at", "belongs"),
    [(days(30), True), (days(30) - MOMENT, False), (AS_OF + MOMENT, True), (None, False)],
)
def test_a_new_customer_s_first_order_is_at_most_thirty_days_old(is_in, first_order_at, belongs):
    facts = {"profile_id": "p", "first_order_at": first_order_at}
    assert is_in("new_customers", {"golden.customer_facts": [facts]}) == belongs


@pytest.mark.parametrize(
    ("last_carted_at", "next_order_at", "belongs"),
    [
        (hours(4) - MOMENT, None, True),
        (hours(4), None, False),
        (days(14), None, True),
        (days(14) - MOMENT, None, False),
        (days(2), days(1), False),
    ],
    ids=["just over 4 hours", "4 hours", "14 days", "over 14 days", "bought since"],
)
def test_a_cart_is_abandoned_for_four_hours_to_fourteen_days(
    is_in, last_carted_at, next_order_at, belongs
):
    cart = {"profile_id": "p", "last_carted_at": last_carted_at, "next_order_at": next_order_at}
    assert is_in("abandoned_carts", {"golden.carts": [cart]}) == belongs


@pytest.mark.parametrize(
    ("status", "belongs"), [("granted", True), ("denied", False), ("unknown", False)]
)
def test_reachable_means_a_grant(is_in, status, belongs):
    consent = {"profile_id": "p", "channel": "email", "purpose": "marketing", "status": status}
    assert is_in("email_reachable", {"golden.consents": [consent]}) == belongs


@pytest.mark.parametrize("other", [{"channel": "sms"}, {"purpose": "profiling"}])
def test_a_grant_of_something_else_does_not_reach_the_mailbox(is_in, other):
    consent = {"profile_id": "p", "channel": "email", "purpose": "marketing", "status": "granted"}
    assert not is_in("email_reachable", {"golden.consents": [consent | other]})


def looks(category, at, count):
    return {
        "profile_id": "p",
        "category": category,
        "viewed_on": at.date(),
        "last_viewed_at": at,
        "view_count": count,
    }


@pytest.mark.parametrize(
    ("interest", "belongs"),
    [
        ([looks("rugs", days(1), 2)], True),
        ([looks("rugs", days(1), 1), looks("rugs", days(9), 1)], True),
        ([looks("rugs", days(30), 2)], True),
        ([looks("rugs", days(30) - MOMENT, 2)], False),
        ([looks("rugs", days(1), 1), looks("rugs", days(40), 5)], False),
        ([looks("rugs", days(1), 1), looks("lamps", days(1), 1)], False),
    ],
    ids=[
        "twice in a day",
        "on two days",
        "30 days ago",
        "over 30 days ago",
        "once lately, often long ago",
        "once at each of two things",
    ],
)
def test_interest_is_two_looks_at_one_thing_in_thirty_days(is_in, interest, belongs):
    assert is_in("viewed_not_bought", {"golden.product_interest": interest}) == belongs


@pytest.mark.parametrize(("ordered_at", "belongs"), [(days(2), True), (days(1), False)])
def test_who_has_ordered_since_is_out(is_in, ordered_at, belongs):
    given = {
        "golden.product_interest": [looks("rugs", days(1), 2)],
        "golden.orders": [{"profile_id": "p", "ordered_at": ordered_at}],
    }
    assert is_in("viewed_not_bought", given) == belongs


def customers(**best):
    """Eleven customers of one currency of whom 'p', with these facts, spent most."""
    facts = {"currency": "USD", "order_count": 3, "last_order_at": days(1)}
    others = [
        {"profile_id": f"o{number}", "spend": Decimal(number)} | facts | {"order_count": 1}
        for number in range(10)
    ]
    return [*others, {"profile_id": "p", "spend": Decimal(100)} | facts | best]


@pytest.mark.parametrize(
    ("best", "belongs"),
    [
        ({}, True),
        ({"order_count": 2}, False),
        ({"last_order_at": days(180)}, True),
        ({"last_order_at": days(180) - MOMENT}, False),
        ({"spend": Decimal("8.50")}, True),
        ({"spend": Decimal("7.50")}, False),
    ],
    ids=[
        "the best",
        "two orders only",
        "180 days ago",
        "over 180 days ago",
        "within the best tenth",
        "below it",
    ],
)
def test_the_best_tenth_who_still_buy_are_vips(is_in, best, belongs):
    assert is_in("vip_customers", {"golden.customer_facts": customers(**best)}) == belongs


def test_customers_are_ranked_within_their_currency(is_in):
    rich = {"profile_id": "x", "currency": "JPY", "spend": Decimal(9000), "order_count": 1}
    assert is_in("vip_customers", {"golden.customer_facts": [*customers(), rich]})
