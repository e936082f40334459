"""What is published with little made of it: the rows that go in come out, named and with what belongs to them."""

from datetime import date, datetime
from decimal import Decimal

import pytest

AT = datetime(2026, 5, 1, 12)


@pytest.mark.parametrize(
    ("model", "source", "row"),
    [
        ("marts.quarantine", "raw.quarantine", {"path": "a.csv", "row_number": 3}),
        ("marts.source_files", "raw.source_files", {"path": "a.csv", "status": "accepted"}),
        ("marts.profile_changes", "identity.profile_changes", {"profile_id": "p", "kind": "split"}),
        (
            "marts.profile_redirects",
            "identity.profile_redirects",
            {"profile_id": "p", "current_profile_id": "q"},
        ),
        ("marts.visitors", "identity.visitors", {"visitor_id": "weblogs:a", "profile_id": "p"}),
        ("marts.campaigns", "standard.campaigns", {"campaign_id": "701", "status": "Planned"}),
    ],
)
def test_every_row_is_shown_as_it_is(made, model, source, row):
    found = made(model, {source: [row]}, ", ".join(row))
    assert found == [tuple(row.values())]


def test_an_id_that_was_merged_twice_led_to_one_profile_after_the_other(made):
    merged = {"kind": "merged", "run_id": "r"}
    given = {
        "identity.profile_changes": [
            merged | {"profile_id": "a", "into_profile_id": "b", "changed_at": AT},
            merged | {"profile_id": "b", "into_profile_id": "c", "changed_at": AT.replace(day=2)},
        ]
    }
    found = made("marts.profile_redirect_history", given)
    assert found == [
        ("a", "b", AT, 1),
        ("a", "c", AT.replace(day=2), 2),
        ("b", "c", AT.replace(day=2), 1),
    ]


def test_a_link_lies_with_the_profile_of_its_left_record(made):
    given = {
        "identity.links": [{"left_record": "a", "right_record": "b", "decision": "accepted"}],
        "identity.profile_records": [{"record_key": "a", "profile_id": "p"}],
    }
    found = made(
        "marts.links",
        given,
        "profile_id, left_record, right_record",
        through=("workings.left_records",),
    )
    assert found == [("p", "a", "b")]


def test_the_parts_of_a_weight_are_told_in_words(made):
    given = {
        "identity.links": [
            {
                "left_record": "a",
                "right_record": "b",
                "match_weight": 4.0,
                "mw_prior": -10.0,
                "mw_email": 14.0,
                "level_email": 1,
            }
        ],
        "identity.comparison_levels": [
            {"comparison": "email", "level": 1, "words": "the same address"}
        ],
    }
    found = made("marts.link_evidence", given, "part, words, match_weight", where="match_weight <> 0")
    assert found == [
        ("email", "the same address", 14.0),
        ("prior", "any two records, before anything is compared", -10.0),
    ]


def test_recency_frequency_and_money_are_measured(made):
    fact = {"profile_id": "p", "order_count": 2, "last_order_at": datetime(2026, 5, 30, 12)}
    given = {"golden.customer_facts": [fact | {"spend": Decimal("12.50")}]}
    found = made("workings.score_rfm", given, "frequency, monetary, recency_days")
    assert found == [(2, Decimal("12.50"), 2.0)]


def test_a_copy_that_is_not_counted_is_listed(made):
    given = {
        "standard.order_twins": [
            {"order_id": "shopify:1", "twin_order_id": "square:1", "is_kept": False, "rule": "same_payment"},
            {"order_id": "square:1", "twin_order_id": "shopify:1", "is_kept": True, "rule": "same_payment"},
        ],
        "standard.delivered_orders": [
            {"order_id": "shopify:1", "total": Decimal("5.00")},
            {"order_id": "square:1", "total": Decimal("5.00")},
        ],
    }
    found = made("golden.order_duplicates", given, "order_id, kept_order_id, rule, total")
    assert found == [("shopify:1", "square:1", "same_payment", Decimal("5.00"))]


# Contact points ----------------------------------------------------------------------------------

POINT = {"profile_id": "p", "actor_key": "k", "record_count": 1, "is_verified": True, "is_bounced": False}


def denial(**fields):
    return {
        "profile_id": "p",
        "status": "denied",
        "purpose": "marketing",
        "channel": "email",
        "scope": "person",
        "is_standing": True,
        "evidence": "unsubscribe",
    } | fields


@pytest.mark.parametrize(
    ("said", "is_opted_out"),
    [
        ([], (False, False)),
        ([denial()], (True, True)),
        ([denial(scope="identifier", identifier="a@x.example")], (True, False)),
        ([denial(evidence="bounce", scope="identifier", identifier="a@x.example")], (False, False)),
        ([denial(is_standing=False)], (False, False)),
        ([denial(channel="phone")], (False, False)),
        ([denial(profile_id="q")], (False, False)),
        ([denial(status="granted")], (False, False)),
    ],
    ids=["silence", "a no", "of one address", "a bounce", "taken back", "by phone", "another's", "a yes"],
)
def test_each_address_has_its_standing(made, said, is_opted_out):
    given = {
        "workings.contact_points": [
            POINT | {"kind": "email", "value": value} for value in ("a@x.example", "b@x.example")
        ],
        "golden.profiles": [{"profile_id": "p", "email": "b@x.example"}],
        "golden.consent_ledger": said,
    }
    found = made("marts.profile_emails", given, "email, is_primary, is_verified, is_opted_out")
    assert found == [
        ("a@x.example", False, True, is_opted_out[0]),
        ("b@x.example", True, True, is_opted_out[1]),
    ]


def test_a_number_that_people_corrected_is_listed_too(made):
    given = {
        "workings.contact_points": [POINT | {"kind": "phone", "value": "+15550001"}],
        "golden.profiles": [{"profile_id": "p", "phone": "+15550002"}],
        "golden.consent_ledger": [denial(channel="sms")],
    }
    found = made("marts.profile_phones", given, "phone, is_primary, record_count, is_opted_out")
    assert found == [("+15550001", False, 1, True), ("+15550002", True, 0, True)]


# Spellings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "given", "found"),
    [
        (
            "standard.phone_texts",
            {"standard.person_texts": [{"phone_texts": ["1", "2", None], "country_text": "Canada"}] * 2,
             "standard.countries": [{"country_text": "Canada", "country": "CA"}]},
            [("1", "CA"), ("2", "CA")],
        ),
        (
            "standard.region_texts",
            {"standard.person_texts": [{"region_text": "Ontario"}, {"region_text": None}]},
            [("Ontario", "US")],
        ),
        (
            "standard.country_texts",
            {"standard.person_texts": [{"country_text": "Canada"}] * 2,
             "staging.salesforce__account": [{"country_text": "USA"}]},
            [("Canada",), ("USA",)],
        ),
        (
            "standard.name_texts",
            {"standard.person_texts": [{"full_name_text": "Ann Lee Cole"}, {"full_name_text": "Ann Cole"}]},
            [("Ann Lee Cole",)],
        ),
        (
            "standard.area_codes",
            {"standard.person_records": [{"phone": "+19375550001"}, {"phone": "+4930123456"}]},
            [("+1937",)],
        ),
        (
            "standard.unfolded_names",
            {"standard.person_records": [{"first_name": "Zoë", "last_name": "Сергей"}]},
            [("Сергей",)],
        ),
        (
            "standard.agent_days",
            {"staging.weblogs__access": [{"occurred_on": date(2026, 5, 1), "user_agent": "A"}] * 2,
             "staging.segment__events": [{"occurred_on": date(2026, 5, 1), "user_agent": None}]},
            [(date(2026, 5, 1), "A")],
        ),
        (
            "standard.agent_texts",
            {"standard.agent_days": [{"user_agent": "A"}, {"user_agent": "A"}, {"user_agent": "B"}]},
            [("A",), ("B",)],
        ),
    ],
)
def test_each_spelling_is_looked_up_once(made, model, given, found):
    assert made(model, given) == found


# Where a record was delivered --------------------------------------------------------------------


def test_an_order_s_row_is_the_one_with_its_facts_as_they_count(made):
    row = {
        "id": "1",
        "name": "#1",
        "created_at": "2026-05-01 10:00:00 +0000",
        "email": "a@x.example",
        "financial_status": "paid",
        "_delivered_at": AT,
    }
    given = {
        "staging.shopify__orders": [
            {
                "order_key": "#1@2026-05-01 10:00:00",
                "order_number": "1",
                "email_text": "a@x.example",
                "financial_status": "refunded",
                "delivered_at": AT.replace(day=2),
            }
        ],
        "raw.shopify__orders": [
            row | {"_path": "first.csv", "_row_number": 1},
            row
            | {
                "financial_status": "refunded",
                "_delivered_at": AT.replace(day=2),
                "_path": "second.csv",
                "_row_number": 7,
            },
        ],
    }
    assert made("workings.order_sources", given, "path, row_number") == [("second.csv", 7)]


def test_a_shopper_s_row_is_the_latest_that_has_the_name(made):
    sale = {"customer_id": "C1", "customer_name": "Ann Cole", "time_zone": "UTC", "time": "10:00:00"}
    given = {
        "staging.square__customers": [{"customer_id": "C1", "customer_name": "Ann Cole"}],
        "raw.square__transactions": [
            sale | {"date": "2026-05-01", "_path": "a.csv", "_row_number": 1},
            sale | {"date": "2026-05-02", "_path": "a.csv", "_row_number": 2},
            sale | {"date": "2026-05-03", "customer_name": None, "_path": "a.csv", "_row_number": 3},
        ],
    }
    assert made("workings.shopper_sources", given, "path, row_number") == [("a.csv", 2)]
