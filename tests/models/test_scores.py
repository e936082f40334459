"""What scores are counted from, and what is counted. Nights speak for midnight UTC of 2026-06-02."""

import json
from datetime import date, datetime, timedelta

import pytest

from dagster_project.catalog import load_catalog
from dagster_project.glossary import load_glossary
from dagster_project.scores import tables, windows
from dagster_project.settings import PROJECT, Settings
from dagster_project.sql_models import load_models

AS_OF = date(2026, 6, 2)
SETTINGS = ("workings.score_settings",)
WINDOWS = (*SETTINGS, "workings.score_windows")


def day(ago):
    return AS_OF - timedelta(days=ago)


def moment(ago, hour=12):
    return datetime.combine(day(ago), datetime.min.time()).replace(hour=hour)


def test_three_windows_follow_each_other(made):
    found = made(
        "workings.score_windows", {}, "window_number, starts_on, ends_on",
        where="kind = 'purchase'", through=SETTINGS,
    )
    assert found == [(0, AS_OF, day(-30)), (1, day(30), AS_OF), (2, day(60), day(30))]
    (lead,) = made(
        "workings.score_windows", {}, "starts_on", where="kind = 'lead' and window_number = 1",
        through=SETTINGS,
    )
    assert lead == (day(90),)


def bought(ago, **more):
    return {"profile_id": "p", "bought_on": day(ago), "day_number": 1, "spend": 10, **more}


def customers(made, given, columns, where="true"):
    return made("workings.score_customers", given, columns, where=where, through=WINDOWS)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (1, [(0, 1, 1, 0)]),
        (30, [(0, 1, 30, 0)]),
        (31, [(0, 1, 31, 0), (1, 1, 1, 0)]),
        (61, [(0, 1, 61, 0), (1, 1, 31, 0), (2, 1, 1, 0)]),
        (0, []),
        (-3, []),
    ],
)
def test_a_window_knows_who_bought_before_it_began(made, ago, expected):
    given = {"workings.score_purchase_days": [bought(ago)]}
    columns = "window_number, purchase_day_count, recency_days, bought_day_count"
    assert customers(made, given, columns) == expected


def test_what_happened_within_a_window_is_counted_and_not_known(made):
    days = [
        bought(100), bought(45, day_number=2, spend=5), bought(7, day_number=3, spend=70),
        bought(-1, day_number=4, spend=900),
    ]
    columns = "window_number, purchase_day_count, spend, repeat_spend, tenure_days, bought_day_count"
    assert customers(made, {"workings.score_purchase_days": days}, columns) == [
        (0, 3, 85, 75, 100, 1),
        (1, 2, 15, 5, 70, 1),
        (2, 1, 10, 0, 40, 1),
    ]


def test_visits_carts_and_answers_of_the_weeks_before_count(made):
    def active(ago, channel, event_type, count=1):
        return {
            "profile_id": "p", "active_on": day(ago), "channel": channel, "event_type": event_type,
            "event_count": count,
        }

    given = {
        "workings.score_purchase_days": [bought(200)],
        "workings.score_activity": [
            active(1, "web", "product_view"), active(1, "web", "cart_add", 2), active(31, "app", "app_open"),
            active(91, "web", "page_view"), active(0, "web", "page_view"), active(5, "store", "order"),
            active(30, "email", "email_click"), active(90, "email", "email_open", 3),
        ],
    }
    columns = (
        "visit_days_30, visit_days_90, cart_adds_30, cart_adds_90, email_responses_30, "
        "email_responses_90"
    )
    assert customers(made, given, columns, "window_number = 0") == [(1, 2, 2, 2, 1, 4)]


def test_purchases_of_one_day_are_one(made):
    rows = [
        {"order_id": str(number), "profile_id": "p", "ordered_at": moment(ago, hour), "net_converted": 5}
        for number, (ago, hour) in enumerate([(9, 8), (9, 20), (2, 1)])
    ]
    columns = "day_number, bought_on, purchase_count, spend"
    assert made("workings.score_purchase_days", {"workings.purchases": rows}, columns) == [
        (1, day(9), 2, 10), (2, day(2), 1, 5),
    ]


def event(event_type, ago, channel="web", hour=12, **more):
    return {
        "event_id": f"{event_type}{ago}{channel}{hour}{more}", "profile_id": "p", "channel": channel,
        "event_type": event_type, "occurred_at": moment(ago, hour), **more,
    }


ACTIVITY = ("workings.score_event_points", "workings.score_activity")


@pytest.mark.parametrize(
    ("events", "points"),
    [
        ([event("product_view", 1)], [(1.0,)]),
        ([event("product_view", 31)], [(0.5,)]),
        ([event("product_view", 1), event("product_view", 61)], [(1.25,)]),
        ([event("email_machine_open", 1, "email"), event("email_sent", 1, "email")], []),
        ([event("email_click", 31, "email")], [(2.0,)]),
        ([event("order", 366)], []),
        ([event("order", 0)], []),
    ],
)
def test_engagement_halves_every_thirty_days(made, events, points):
    found = made(
        "workings.score_engagement", {"golden.events": events}, "points::double",
        through=(*SETTINGS, *ACTIVITY),
    )
    assert found == points


def customer(profile_id, orders, ago, spend):
    return {
        "profile_id": profile_id, "order_count": orders, "last_order_at": moment(ago), "spend": spend,
        "spend_converted": spend,
    }


def test_fifths_hold_as_many_customers_each_and_five_is_best(made):
    facts = [customer(f"p{number}", number + 1, 20 - number, 10 * number) for number in range(10)]
    found = made(
        "workings.score_rfm", {"golden.customer_facts": facts},
        "profile_id, rfm_recency, rfm_frequency, rfm_monetary",
    )
    assert found == [(f"p{number}", *[number // 2 + 1] * 3) for number in range(10)]


def test_equals_are_told_apart_in_one_order(made):
    facts = [customer(f"p{number}", 1, 5, 10) for number in range(5)]
    found = made("workings.score_rfm", {"golden.customer_facts": facts}, "profile_id, rfm_monetary")
    assert found == [(f"p{number}", number + 1) for number in range(5)]


def test_a_few_orders_with_a_discount_tell_less_than_many(made):
    def orders(profile_id, count, discounted):
        return [
            {"order_id": f"{profile_id}{n}", "profile_id": profile_id, "discount": n < discounted}
            for n in range(count)
        ]

    every = [*orders("many", 20, 20), *orders("one", 1, 1), *orders("never", 21, 0)]
    given = {
        "golden.orders": every,
        "workings.purchases": [{"order_id": order["order_id"]} for order in every],
    }
    found = dict(
        made("workings.score_discounts", given, "profile_id, round(sensitivity, 3)", through=SETTINGS)
    )
    assert found == {"many": 1.8, "one": 1.167, "never": 0.192}


def test_without_discounts_nobody_is_sensitive(made):
    given = {
        "golden.orders": [{"order_id": "o", "profile_id": "p", "discount": 0}],
        "workings.purchases": [{"order_id": "o"}],
    }
    assert made("workings.score_discounts", given, through=SETTINGS) == []


def test_who_buys_below_the_usual_price_is_sensitive_to_it(made):
    def line(profile_id, order, amount, quantity=1, currency="USD"):
        return {
            "profile_id": profile_id, "order_id": order, "line_key": order, "sku": "rug",
            "quantity": quantity, "amount": amount, "currency": currency,
        }

    # Eight rugs of ten dollars and two of nine; in euros nine are the usual price.
    lines = [line("usual", "a", 80, 8), line("hunter", "b", 18, 2), line("abroad", "c", 90, 10, "EUR")]
    lines.append(line("usual", "cancelled", 1))
    given = {
        "golden.order_lines": lines,
        "workings.purchases": [
            {"order_id": order, "profile_id": profile_id}
            for profile_id, order in (("usual", "a"), ("hunter", "b"), ("abroad", "c"))
        ],
    }
    found = made("workings.score_prices", given, "profile_id, round(sensitivity, 3)", through=SETTINGS)
    # A tenth of all units is cheap, and ten such units are added to everybody's.
    assert found == [("abroad", 0.5), ("hunter", 2.5), ("usual", 0.556)]


def test_gaps_between_purchase_days_are_squared_for_each_window(made):
    rows = [
        {"order_id": str(ago), "profile_id": "p", "ordered_at": moment(ago), "net_converted": 5}
        for ago in (100, 70, 66, 10)
    ]
    found = made(
        "workings.score_customers", {"workings.purchases": rows}, "window_number, squared_gaps",
        through=(*WINDOWS, "workings.score_purchase_days"),
    )
    assert found == [(0, 30**2 + 4**2 + 56**2), (1, 30**2 + 4**2), (2, 30**2 + 4**2)]


def session(number, ago, **more):
    return {
        "session_id": f"s{number}", "visitor_id": "weblogs:cookie", "started_at": moment(ago),
        "ended_at": moment(ago, 13), "product_view_count": 1, "cart_add_count": 0,
        "marketing_channel": "email", **more,
    }


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ([session(1, 3), session(2, 9, cart_add_count=2)], [("weblogs:cookie", 2, 2, 2, True)]),
        ([session(1, 3), session(2, 40)], [("weblogs:cookie", 1, 1, 0, False)]),
        ([session(1, 31)], []),
        ([session(1, 0)], []),
        ([session(1, 3, product_view_count=0)], []),
        ([session(1, 3, profile_id="p")], []),
        ([session(1, 3, visitor_id="weblogs:s1")], []),
    ],
    ids=["together", "the last 30 days", "away", "today", "no interest", "known", "no cookie"],
)
def test_anonymous_visitors_with_interest_are_an_audience_of_their_own(made, sessions, expected):
    columns = "visitor_id, session_count, product_view_count, cart_add_count, has_carted"
    assert made("golden.visitor_audience", {"golden.sessions": sessions}, columns) == expected


def test_what_is_kept_of_anonymous_visitors_is_kept_thirty_days():
    meanings = load_glossary(PROJECT / "sql" / "columns.csv").columns
    kept = [one.retention for name, one in meanings.items() if name.startswith("visitor_audience.")]
    assert kept and set(kept) == {"P30D"}


def lead(**more):
    return {
        "record_key": "l", "lead_id": "l", "created_at": moment(100), "is_deleted": False,
        "is_converted": False, "status": "Working - Contacted", **more,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lead(), [(0, 100, False), (1, 10, False)]),
        (lead(is_converted=True, converted_on=day(5)), [(1, 10, True)]),
        (lead(is_converted=True, converted_on=day(95)), []),
        (lead(is_converted=True), []),
        (lead(status="Closed - Not Converted"), [(1, 10, False)]),
        (lead(created_at=moment(2)), [(0, 2, False)]),
        (lead(is_deleted=True), []),
    ],
)
def test_a_window_knows_the_leads_that_were_open_when_it_began(made, given, expected):
    rows = {
        "standard.leads": [given],
        "identity.profile_records": [{"record_key": "l", "profile_id": "p"}],
    }
    columns = "window_number, age_days, has_converted"
    assert made("workings.score_leads", rows, columns, through=WINDOWS) == expected


def test_rules_give_points_and_the_best_lead_of_a_person_counts(made):
    facts = {
        "window_number": 0, "profile_id": "p", "age_days": 10, "is_contacted": False,
        "has_responded": False, "is_referral": False, "visit_days_90": 0, "cart_adds_90": 0,
        "email_responses_90": 0,
        "call_days_90": 0, "purchase_day_count": 0,
    }
    rows = [
        facts | {"record_key": "fresh"},
        facts | {"record_key": "keen", "visit_days_90": 5, "has_responded": True, "age_days": 200},
        facts | {"record_key": "earlier", "window_number": 1, "has_responded": True},
    ]
    found = made(
        "workings.score_lead_points", {"workings.score_leads": rows}, "profile_id, points",
        through=("workings.lead_score_rules",),
    )
    assert found == [("p", 25 + 10 + 10 - 20)]


def test_every_rule_is_about_a_fact_that_models_see(engine):
    rules = load_models(PROJECT / "sql")["workings.lead_score_rules"].sql
    facts = {row[0] for row in engine.execute(f"select fact from ({rules})").fetchall()}
    assert facts == set(windows.LEAD_FEATURES)


def test_each_score_names_its_model(made):
    given = {
        "workings.score_rfm": [
            {"profile_id": "p", "recency_days": 2, "frequency": 3, "monetary": 7, "rfm_recency": 5,
             "rfm_frequency": 4, "rfm_monetary": 1}
        ],
        "workings.model_scores": [
            {"profile_id": "p", "score": "propensity", "value": 0.2, "model": "purchase_logistic"}
        ],
        "workings.score_engagement": [{"profile_id": "p", "points": 1.23456}],
    }
    found = {row[0]: row[1:] for row in made("golden.scores", given, "score, value, model")}
    assert found["rfm"] == (541.0, "rfm")
    assert found["engagement"] == (1.235, "engagement_decay")
    assert found["propensity"] == (0.2, "purchase_logistic")


@pytest.mark.parametrize(("is_published", "expected"), [(True, []), (False, [(30.0,)])])
def test_rules_score_leads_until_the_model_passes_its_gate(made, is_published, expected):
    given = {
        "golden.score_models": [
            {"model": "lead_logistic", "score": "lead_score", "is_published": is_published}
        ],
        "workings.score_lead_points": [{"profile_id": "p", "points": 30}],
    }
    assert made("golden.scores", given, "value", where="score = 'lead_score'") == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([("email", 9, 30)], ("email", 9, 30)),
        ([("email", 9, 1)], ("web", 20, 1)),
        ([("email", 9, 3), ("email", 20, 3)], ("email", 20, 6)),
    ],
)
def test_few_answers_tell_less_of_somebody_than_what_most_people_do(made, own, expected):
    rows = [
        {"profile_id": "p", "channel": channel, "hour": hour, "response_count": count}
        for channel, hour, count in own
    ]
    crowd = {"profile_id": "crowd", "channel": "web", "hour": 20, "response_count": 10_000}
    columns = "best_channel, best_hour, evidence_count"
    found = made(
        "golden.contact_preferences", {"workings.score_hours": [*rows, crowd]}, columns,
        where="profile_id = 'p'", through=SETTINGS,
    )
    assert found == [expected]


def test_machines_tell_nothing_of_the_hour(made):
    events = [
        event("email_machine_open", 1, "email", 3), event("email_open", 1, "email", 8),
        event("email_open", 9, "email", 8), event("email_click", 9, "email", 8),
        event("order", 1, "web", 9),
    ]
    found = made(
        "workings.score_hours", {"golden.events": events}, "channel, hour, response_count",
        through=("workings.score_event_points",),
    )
    assert found == [("email", 8, 2)]


def test_a_category_bought_lately_is_liked_better_than_one_bought_long_ago(made):
    def line(order, ago, sku, category=None):
        return {
            "order_id": order, "profile_id": "p", "ordered_at": moment(ago), "sku": sku, "quantity": 1,
            "product_name": sku.upper(), "category": category,
        }

    given = {
        "golden.order_lines": [
            line("a", 360, "rug", "Rugs"), line("b", 360, "mat", "Rugs"), line("c", 1, "pan", "Kitchen"),
            line("d", 2, "pan"),
        ],
        "workings.purchases": [{"order_id": order, "profile_id": "p"} for order in "abcd"],
    }
    through = (*SETTINGS, "workings.score_product_days", "workings.score_products")
    columns = "category_rank, category, affinity, purchase_count, last_bought_on"
    assert made("golden.category_affinities", given, columns, through=through) == [
        (1, "Kitchen", 0.7991, 2, day(1)), (2, "Rugs", 0.2009, 2, day(360)),
    ]


def test_every_model_of_the_night_has_a_card(sample_scores):
    cards = {row["model"]: row for row in sample_scores}
    assert {"bg_nbd_gamma_gamma", "purchase_logistic", "lead_logistic"} <= set(cards)
    assert all(card["reason"] and isinstance(json.loads(card["features"]), dict) for card in cards.values())
    assert all(
        card["auc"] > card["naive_auc"] and card["positive_count"] >= 200
        for card in cards.values()
        if card["is_published"] and card["auc"] is not None
    )


@pytest.fixture(scope="module")
def sample_scores(sample_home):
    import duckdb

    database = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as con:
        rows = con.execute("select * from score_models")
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def test_what_is_not_published_scores_nobody(sample_home):
    import duckdb

    database = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as con:
        found = con.execute(
            "select score from scores semi join score_models using (model) where not model in "
            "(select model from score_models where is_published)"
        ).fetchall()
    assert found == []


def test_tables_of_models_are_in_the_catalog(tmp_path):
    catalog = load_catalog(Settings(exports=tmp_path, home=tmp_path))
    assert set(tables.TABLES) <= set(catalog)


def consent(profile_id, channel, status, purpose="advertising"):
    return {"profile_id": profile_id, "channel": channel, "purpose": purpose, "status": status}


def test_only_who_allowed_advertising_and_denied_it_nowhere_is_looked_at(made):
    given = {
        "golden.consents": [
            consent("yes", "email", "granted"), consent("yes", "sms", "unknown"),
            consent("both", "email", "granted"), consent("both", "sms", "denied"),
            consent("unknown", "email", "unknown"), consent("mails", "email", "granted", "marketing"),
        ],
        "golden.customer_facts": [
            {"profile_id": "yes", "order_count": 3, "last_order_at": moment(10)},
            {"profile_id": "nobody", "order_count": 3},
        ],
    }
    found = made("workings.score_audience", given, "profile_id, order_count, recency_days")
    assert found == [("yes", 3, 10)]
