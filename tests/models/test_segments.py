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


# Facts about one person, and whether that puts them in ---------------------------------------------

OLD = {"first_order_at": days(400), "last_order_at": days(200), "order_count": 2}
BUYERS = [
    {"profile_id": f"o{number}", "purchase_number": nth, "ordered_at": days(100 - 30 * (nth - 1))}
    for number in range(3)
    for nth in (1, 2)
]


def facts(**about):
    return {"golden.customer_facts": [{"profile_id": "p"} | about]}


def known(**about):
    return {"golden.profiles": [{"profile_id": "p"}]} | facts(**about)


def did(*events):
    return {"golden.profiles": [{"profile_id": "p"}], "golden.events": [
        {"profile_id": "p", "event_type": kind, "occurred_at": at} for kind, at in events]}


def bought(*orders, **more):
    return {"workings.purchases": [
        {"profile_id": "p", "channel": channel, "ordered_at": at} for channel, at in orders]} | more


def scored(score, *values, mine):
    """Others' values of a score, and that of 'p'."""
    others = [{"profile_id": f"o{n}", "score": score, "value": v} for n, v in enumerate(values)]
    return {"golden.scores": [*others, {"profile_id": "p", "score": score, "value": mine}]}


def waited(number):
    return facts(order_count=1, last_order_at=days(number)) | {"workings.purchases": BUYERS}


def colleagues(*last_orders):
    names = ["p", "q"][: len(last_orders)]
    return {
        "golden.company_people": [
            {"company_id": "c", "profile_id": n, "evidence": e} for n in names for e in ("work", "named")
        ],
        "golden.customer_facts": [
            {"profile_id": n, "last_order_at": at} for n, at in zip(names, last_orders)
        ],
    }


def refills(*ago):
    return {"workings.score_product_days": [
        {"profile_id": "p", "sku": "tea", "bought_on": days(number).date()} for number in ago]}


@pytest.mark.parametrize(
    ("segment", "given", "belongs"),
    [
        ("app_users_not_buying", did(("app_open", days(1)), ("app_open", days(30))), True),
        ("app_users_not_buying", did(("app_open", days(1)), ("app_open", days(31))), False),
        ("app_users_not_buying",
         did(("app_open", days(1)), ("app_open", days(2))) | bought(("web", days(90))), False),
        ("at_risk_customers",
         facts(order_count=3, average_days_between_orders=20.0, last_order_at=days(41)), True),
        ("at_risk_customers",
         facts(order_count=3, average_days_between_orders=20.0, last_order_at=days(40)), False),
        ("at_risk_customers",
         facts(order_count=2, average_days_between_orders=20.0, last_order_at=days(41)), False),
        ("at_risk_customers",
         facts(order_count=3, average_days_between_orders=20.0, last_order_at=days(366)), False),
        ("birthday_month", {"golden.profiles": [{"profile_id": "p", "birth_on": days(3650)}]}, True),
        ("birthday_month", {"golden.profiles": [{"profile_id": "p", "birth_on": days(33)}]}, False),
        ("buyers_of_companies", colleagues(days(1), days(365)), True),
        ("buyers_of_companies", colleagues(days(1), days(366)), False),
        ("buyers_of_companies", colleagues(days(1)), False),
        ("discount_lovers", known(order_count=2) | scored("discount_sensitivity", mine=1.5), True),
        ("discount_lovers", known(order_count=2) | scored("discount_sensitivity", mine=1.4), False),
        ("discount_lovers", known(order_count=1) | scored("discount_sensitivity", mine=1.5), False),
        ("discount_lovers", known(order_count=2) | scored("clv", mine=1.5), False),
        ("high_predicted_value", scored("clv", *range(10), mine=10), True),
        ("high_predicted_value", scored("clv", *range(10), mine=-1), False),
        ("high_predicted_value", scored("monetary", *range(10), mine=10), False),
        ("leads_ready_for_sales", scored("lead_score", *range(4), mine=30), True),
        ("leads_ready_for_sales", scored("lead_score", *range(4), mine=2), False),
        ("leads_ready_for_sales", scored("lead_score", -20, -10, -5, mine=0), False),
        ("newsletter_engaged_not_buying", did(("email_click", days(60))), True),
        ("newsletter_engaged_not_buying", did(("email_click", days(61))), False),
        ("newsletter_engaged_not_buying", did(("email_open", days(1))), False),
        ("newsletter_engaged_not_buying",
         did(("email_click", days(1))) | bought(("store", days(180))), False),
        ("omnichannel_customers", bought(("web", days(1)), ("store", days(365))), True),
        ("omnichannel_customers", bought(("web", days(1)), ("store", days(366))), False),
        ("omnichannel_customers", bought(("web", days(1)), ("web", days(2))), False),
        ("recent_buyers", known() | bought(("store", days(14))), True),
        ("recent_buyers", known() | bought(("store", days(15))), False),
        ("replenishment_due", refills(97, 67, 37), True),
        ("replenishment_due", refills(98, 68, 38), False),
        ("replenishment_due", refills(83, 53, 23), True),
        ("replenishment_due", refills(82, 52, 22), False),
        ("replenishment_due", refills(30), False),
        ("second_purchase_due", waited(30), True),
        ("second_purchase_due", waited(29), False),
        ("second_purchase_due", waited(90), True),
        ("second_purchase_due", waited(91), False),
        ("service_troubled", known(open_case_count=1), True),
        ("service_troubled", known(last_rating=2), True),
        ("service_troubled", known(last_rating=3, open_case_count=0), False),
        ("service_troubled", did(("case_opened", days(1)), ("case_opened", days(90))), True),
        ("service_troubled", did(("case_opened", days(1)), ("case_opened", days(91))), False),
        ("store_only_customers", bought(("store", days(365))), True),
        ("store_only_customers", bought(("store", days(366))), False),
        ("store_only_customers", bought(("store", days(1)), ("web", days(900))), False),
        ("vip_lookalikes",
         {"golden.lookalikes": [{"segment": "vip_customers", "profile_id": "p", "band": 5}]}, True),
        ("vip_lookalikes",
         {"golden.lookalikes": [{"segment": "vip_customers", "profile_id": "p", "band": 10}]}, False),
        ("welcome_series",
         {"golden.profiles": [{"profile_id": "p", "first_recorded_at": days(14)}]}, True),
        ("welcome_series",
         {"golden.profiles": [{"profile_id": "p", "first_recorded_at": days(15)}]}, False),
        ("welcome_series",
         known(order_count=1)
         | {"golden.profiles": [{"profile_id": "p", "first_recorded_at": days(1)}]}, False),
        ("win_back",
         known(**OLD, last_web_at=days(60)) | {"segments.lapsed_customers": [{"profile_id": "p"}]}, True),
        ("win_back",
         known(**OLD, last_web_at=days(61)) | {"segments.lapsed_customers": [{"profile_id": "p"}]}, False),
        ("win_back",
         known(**OLD | {"order_count": 1}, last_app_at=days(1))
         | {"segments.lapsed_customers": [{"profile_id": "p"}]}, False),
        ("win_back", known(**OLD, last_email_response_at=days(1)), False),
    ],
)
def test_who_belongs_and_who_does_not(made, segment, given, belongs):
    found = made(f"segments.{segment}", given, "profile_id")
    assert (("p",) in found) == belongs
