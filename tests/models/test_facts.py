"""What is known of a customer at a glance, from the orders, events and records that say it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

NOON = datetime(2026, 5, 1, 12)
DAY = timedelta(days=1)

FACTS = (
    "workings.purchases",
    "workings.order_facts",
    "workings.purchase_habits",
    "workings.engagement_facts",
    "golden.touchpoints",
    "workings.acquisitions",
    "workings.service_facts",
)


def bought(order_id="o1", **fields):
    return {
        "order_id": order_id,
        "profile_id": "p",
        "status": "paid",
        "channel": "web",
        "currency": "USD",
        "total": Decimal("10.00"),
        "refunded": Decimal("0.00"),
        "net": Decimal("10.00"),
        "net_converted": Decimal("10.00"),
        "ordered_at": NOON,
    } | fields


def came_back(order_id="back", **fields):
    all_of_it = {"status": "refunded", "refunded": Decimal("10.00"), "net": Decimal("0.00")}
    return bought(order_id, **all_of_it) | fields


def did(event_type, at=NOON, **fields):
    channel = event_type.partition("_")[0] if event_type.startswith("email") else "web"
    return {
        "event_id": f"{event_type}{at}",
        "profile_id": "p",
        "occurred_at": at,
        "channel": channel,
        "event_type": event_type,
        "system": "sendgrid" if channel == "email" else "weblogs",
    } | fields


@pytest.fixture
def facts(made):
    """facts(columns, orders=…, events=…) -> the customer facts, through all that they are made of."""

    def make(columns, **given):
        tables = {"tags": "workings.loyalty_tags"}
        rows = {tables.get(name, f"golden.{name}"): rows for name, rows in given.items()}
        return made("golden.customer_facts", rows, columns, through=FACTS)

    return make


@pytest.fixture
def ordered(made):
    def make(orders, columns):
        given = {"golden.orders": orders}
        return made("workings.order_facts", given, columns, through=("workings.purchases",))

    return make


# Orders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["cancelled", "voided", "refunded"])
def test_an_order_that_came_to_nothing_does_not_count(facts, status):
    orders = [bought(), bought("o2", status=status)]
    assert facts("order_count", orders=orders) == [(1,)]


def test_a_sale_to_nobody_known_is_nobody_s(facts):
    assert facts("profile_id", orders=[bought(profile_id=None)]) == []


def test_a_person_who_only_visited_has_facts_too(facts):
    found = facts("order_count, event_count, spend", events=[did("page_view")])
    assert found == [(0, 1, None)]


def test_who_gave_everything_back_bought_nothing(ordered):
    found = ordered([came_back()], "order_count, spend, average_order, returned_order_count, refunded")
    assert found == [(0, Decimal("0.00"), None, 1, Decimal("10.00"))]


def test_what_came_back_counts_in_part_and_whole(ordered):
    partly = bought("o2", status="partially_refunded", refunded=Decimal("4.00"), net=Decimal("6.00"))
    gone = bought("o3", status="cancelled", refunded=Decimal("10.00"))
    found = ordered([partly, came_back(), gone], "order_count, spend, returned_order_count, refunded")
    assert found == [(1, Decimal("6.00"), 2, Decimal("14.00"))]


def test_spend_is_in_the_currency_of_most_orders(ordered):
    euros = bought("o3", currency="EUR", net=Decimal("500.00"), net_converted=Decimal("550.00"))
    found = ordered(
        [bought(), bought("o2"), euros], "order_count, currency, spend, average_order, spend_converted"
    )
    assert found == [(3, "USD", Decimal("20.00"), Decimal("10.00"), Decimal("570.00"))]


def test_an_order_without_a_rate_is_counted_and_not_converted(ordered):
    found = ordered(
        [bought(), bought("o2", net_converted=None)], "spend, spend_converted, unconverted_order_count"
    )
    assert found == [(Decimal("20.00"), Decimal("10.00"), 1)]


def test_first_and_last_order_are_of_any_currency(ordered):
    orders = [bought(ordered_at=NOON - 10 * DAY, currency="EUR"), bought("o2")]
    found = ordered(orders, "first_order_at, last_order_at, average_days_between_orders")
    assert found == [(NOON - 10 * DAY, NOON, 10.0)]


def test_one_order_has_no_days_between(ordered):
    assert ordered([bought()], "average_days_between_orders") == [(None,)]


def test_shares_of_channels_and_of_discount(ordered):
    till = bought("o2", channel="store", discount=Decimal("5.00"), total=Decimal("15.00"))
    found = ordered(
        [bought(total=Decimal("80.00")), till], "web_order_share, store_order_share, discount_share"
    )
    assert found == [(0.5, 0.5, 0.05)]


def test_purchases_count_from_the_first(made):
    orders = [bought("b"), bought("c", ordered_at=NOON + DAY), bought("a"), came_back(ordered_at=NOON)]
    found = made("workings.purchases", {"golden.orders": orders}, "purchase_number, order_id")
    assert found == [(1, "a"), (2, "b"), (3, "c")]


# Habits ------------------------------------------------------------------------------------------


def line(category, *, order_id="o1", at=NOON, **fields):
    return {
        "order_id": order_id, "profile_id": "p", "ordered_at": at, "category": category,
        "product_name": f"A {category}", "quantity": Decimal(1),
    } | fields


@pytest.mark.parametrize(
    ("lines", "favourite"),
    [
        ([line("tea"), line("tea"), line("cups", at=NOON + DAY)], "tea"),
        ([line("tea"), line("cups", at=NOON + DAY)], "cups"),
        ([line("tea"), line("cups")], "tea"),
        ([line("tea", quantity=Decimal(-1))], None),
        ([line("tea", order_id="back"), line("tea", order_id="back"), line("cups")], "cups"),
    ],
    ids=["most lines", "then the latest", "then the name", "a return is none", "nor one in whole"],
)
def test_the_favourite_is_what_is_bought_most(made, lines, favourite):
    given = {"golden.orders": [bought(), came_back()], "golden.order_lines": lines}
    found = made("workings.purchase_habits", given, "favourite_category", through=("workings.purchases",))
    assert found == [(favourite,)]


def test_where_and_when_it_buys(made):
    friday = bought(channel="store", location="Main St")
    web = bought("o2", ordered_at=NOON + 10 * DAY, location="Warehouse")
    again = bought("o3", channel="store", location="Main St", ordered_at=NOON + timedelta(minutes=30))
    columns = "favourite_store, favourite_hour, favourite_weekday"
    found = made("workings.purchase_habits", {"golden.orders": [friday, web, again]}, columns,
                 through=("workings.purchases",))
    assert found == [("Main St", 12, "Friday")]


# Engagement --------------------------------------------------------------------------------------


def mail(event_type, message, at=NOON):
    return did(event_type, at, properties=f'{{"message": "{message}"}}', event_id=f"{event_type}{at}")


def test_a_mail_counts_once_however_often_it_is_opened(made):
    events = [
        mail("email_sent", "m"), mail("email_delivered", "m"), mail("email_open", "m"),
        mail("email_open", "m", NOON + DAY), mail("email_click", "m"),
        mail("email_sent", "n"), mail("email_bounce", "n"),
    ]
    found = made("workings.engagement_facts", {"golden.events": events}, """email_sent_count,
        email_delivered_count, email_opened_count, email_clicked_count, email_bounced_count""")
    assert found == [(2, 1, 1, 1, 1)]


def test_a_machine_s_open_is_no_response(made):
    found = made(
        "workings.engagement_facts", {"golden.events": [mail("email_machine_open", "m")]},
        "email_opened_count, email_machine_opened_count, last_email_at, last_email_response_at",
    )
    assert found == [(0, 1, None, None)]


@pytest.mark.parametrize(
    ("event_type", "channel", "is_seen"),
    [
        ("page_view", "web", True), ("order", "store", True), ("app_open", "app", True),
        ("case_opened", "service", True), ("call", "sales", True), ("email_click", "email", True),
        ("refund", "store", False), ("email_delivered", "email", False), ("deal_stage", "sales", False),
        ("case_solved", "service", False),
    ],
)
def test_who_did_something_was_seen_there(made, event_type, channel, is_seen):
    given = {"golden.events": [did(event_type, channel=channel)]}
    found = made("workings.engagement_facts", given, f"first_{channel}_at, last_{channel}_at, event_count")
    assert found == [(NOON, NOON, 1) if is_seen else (None, None, 1)]


# Service, surveys, deals ---------------------------------------------------------------------------


def test_cases_of_a_person_but_not_deleted_ones(made):
    actors = [{"actor_key": "a", "profile_id": "p"}]
    case = {"actor_key": "a", "created_at": NOON, "is_deleted": False}
    cases = [
        case | {"record_key": "1", "is_closed": False},
        case | {"record_key": "2", "is_closed": True, "created_at": NOON + DAY},
        case | {"record_key": "3", "is_closed": False, "is_deleted": True},
        case | {"record_key": "4", "is_closed": False, "actor_key": "nobody"},
    ]
    found = made(
        "workings.service_facts", {"standard.cases": cases, "identity.actors": actors},
        "case_count, open_case_count, last_case_at", through=("workings.profile_cases",),
    )
    assert found == [(2, 1, NOON + DAY)]


def test_a_survey_without_a_rating_is_an_answer_and_no_rating(made):
    events = [
        did("survey_answer", NOON + days * DAY, properties=f'{{"rating": {rating}}}')
        for days, rating in enumerate([9, 4, "null"])
    ]
    found = made("workings.service_facts", {"golden.events": events},
                 "survey_answer_count, average_rating, last_rating")
    assert found == [(3, 6.5, 4)]


def deal(record_key, **fields):
    return {
        "record_key": record_key, "profile_id": "p", "is_open": True, "amount": Decimal("100.00"),
        "currency": "USD", "owner_id": "u1", "created_at": NOON,
    } | fields


def test_open_deals_and_their_owner(made):
    deals = [
        deal("1"), deal("2", amount=None), deal("3", currency="EUR", owner_id="u2"),
        deal("4", is_open=False, owner_id="u3", created_at=NOON + DAY),
    ]
    found = made("workings.service_facts", {"workings.profile_deals": deals},
                 "open_deal_count, open_deal_amount, deal_currency, owner_id")
    assert found == [(3, Decimal("100.00"), "USD", "u2")]


def test_the_owner_of_a_closed_deal_stays_the_owner(made):
    deals = [deal("4", is_open=False, owner_id="u3"), deal("5", is_open=False, created_at=NOON - DAY)]
    found = made("workings.service_facts", {"workings.profile_deals": deals}, "open_deal_count, owner_id")
    assert found == [(0, "u3")]


# Loyalty -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "tier"),
    [
        ("gold", "Gold"), ("retail, VIP", "vip"), ('"Newsletter","loyalty:gold"', "Gold"),
        ("Tier_Gold, vip", "vip"), ("golden retriever", None), ("", None), (None, None),
    ],
)
def test_a_tag_names_the_tier(made, tags, tier):
    given = {
        "raw.settings": [{"loyalty_tiers": ["silver", "Gold", "vip"]}],
        "identity.profile_records": [{"record_key": "r", "profile_id": "p"}],
        "staging.shopify__customers": [{"record_key": "r", "tags_text": tags}],
    }
    assert made("workings.loyalty_tags", given, "loyalty_tier") == ([(tier,)] if tier else [])


def test_the_highest_tier_that_any_record_names_holds(facts):
    tags = [
        {"record_key": "a", "profile_id": "p", "tier_number": 2, "loyalty_tier": "gold"},
        {"record_key": "b", "profile_id": "p", "tier_number": 1, "loyalty_tier": "silver"},
    ]
    assert facts("loyalty_tier", tags=tags, events=[did("page_view")]) == [("gold",)]


# Households ----------------------------------------------------------------------------------------


HOME = [{"profile_id": one, "household_id": "h"} for one in "pqr"]
SPENT = [
    {"profile_id": "p", "household_id": "h", "order_count": 2, "spend_converted": Decimal("30.00")},
    {"profile_id": "q", "household_id": "h", "order_count": 0, "spend_converted": None},
]


def test_a_household_is_all_its_people_and_all_they_spent(made):
    given = {"golden.households": HOME, "golden.customer_facts": SPENT}
    found = made("workings.household_members", given,
                 "profile_id, household_size, household_order_count, household_spend_converted")
    assert found == [(one, 3, 2, Decimal("30.00")) for one in "pqr"]


def test_one_row_for_each_household(made):
    given = {"golden.households": HOME, "golden.customer_facts": SPENT}
    found = made("marts.household_facts", given,
                 "household_id, household_size, customer_count, order_count, spend_converted",
                 through=("workings.household_members",))
    assert found == [("h", 3, 1, 2, Decimal("30.00"))]


def test_who_lives_in_no_household_has_facts_without_one(made):
    given = {"golden.customer_facts": [{"profile_id": "p", "spend": Decimal("1.00")}]}
    assert made("marts.customer_facts", given, "spend, household_size") == [(Decimal("1.00"), None)]


# Acquisition -------------------------------------------------------------------------------------


def visit(session_id, at, channel="direct", **fields):
    return {
        "session_id": session_id, "profile_id": "p", "started_at": at, "marketing_channel": channel,
        "source": channel, "channel": "web",
    } | fields


BROUGHT = "first_touch_channel, first_touch_at, last_touch_channel, last_touch_at"


def test_first_and_last_touch_are_those_before_the_first_order(facts):
    sessions = [
        visit("1", NOON - 5 * DAY, "paid_search"), visit("2", NOON - 4 * DAY),
        visit("3", NOON - DAY, "email"), visit("4", NOON + DAY, "affiliate"),
    ]
    orders = [bought(), bought("o2", ordered_at=NOON + 2 * DAY)]
    found = facts(BROUGHT, sessions=sessions, orders=orders)
    assert found == [("paid_search", NOON - 5 * DAY, "email", NOON - DAY)]


def test_without_an_order_there_is_a_first_touch_alone(facts):
    found = facts(BROUGHT, sessions=[visit("1", NOON)], events=[did("page_view")])
    assert found == [("direct", NOON, None, None)]


def test_what_came_after_the_first_order_brought_nobody(facts):
    found = facts(BROUGHT, sessions=[visit("1", NOON + DAY)], orders=[bought()])
    assert found == [(None, None, None, None)]
