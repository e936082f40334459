"""People in one shape: source records, what identifies and links them."""

from datetime import datetime

import pytest

DAY, NEXT_DAY = datetime(2026, 6, 1), datetime(2026, 6, 2)


# Texts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "is_person"),
    [
        ({"contact_id": "003A", "email_text": "ada@example.com"}, False),
        ({"email_text": "ada@example.com"}, True),
        ({"supplied_name": "Ada Byron"}, True),
        ({"phone_text": "212 555 0100"}, True),
        ({}, False),
    ],
    ids=["with a contact", "an e-mail alone", "a name alone", "a phone alone", "nobody named"],
)
def test_a_case_is_a_person_s_record_where_it_alone_names_somebody(made, case, is_person):
    given = {"staging.salesforce__case": [{"record_key": "salesforce:case:1"} | case]}
    assert bool(made("standard.person_texts", given, "record_key")) == is_person


@pytest.mark.parametrize(
    ("order", "is_person"),
    [
        ({"email_text": "ada@example.com"}, True),
        ({"billing_phone_text": "212 555 0100"}, True),
        ({"billing_name": "Ada Byron"}, True),
        ({}, False),
    ],
    ids=["e-mail", "billing phone", "billing name", "a cash sale"],
)
def test_an_order_is_a_person_s_record_where_it_names_somebody(made, order, is_person):
    given = {"staging.shopify__orders": [{"record_key": "shopify:orders:1"} | order]}
    assert bool(made("standard.person_texts", given, "record_key")) == is_person


def test_a_member_of_two_lists_is_one_record(made):
    rows = [
        {"record_key": "mailchimp:members:e1", "leid": "1", "modified_at": DAY, "first_name": "A"},
        {
            "record_key": "mailchimp:members:e1",
            "leid": "2",
            "modified_at": NEXT_DAY,
            "first_name": "Ada",
        },
    ]
    found = made("standard.person_texts", {"staging.mailchimp__members": rows}, "first_name")
    assert found == [("Ada",)]


def test_not_provided_is_nothing(made):
    lead = {"last_name": "[not provided]", "company": "[not provided]"}
    given = {"staging.salesforce__lead": [{"record_key": "salesforce:lead:1"} | lead]}
    assert made("standard.person_texts", given, "last_name, company") == [(None, None)]


def test_the_mobile_phone_comes_first(made):
    contact = {"record_key": "c", "mobile_phone_text": "1", "phone_text": "2"}
    given = {"staging.salesforce__contact": [contact]}
    assert made("standard.person_texts", given, "phone_text") == [("1",)]


# Records -----------------------------------------------------------------------------------------


def text(**fields):
    return {"record_key": "r", "system": "s", "export": "e", "delivered_at": NEXT_DAY} | fields


@pytest.mark.parametrize(
    ("fields", "country"),
    [
        ({"country_text": "Deutschland", "street": "Hauptstr. 1"}, "DE"),
        ({"country_text": "Deutschland"}, "DE"),
        ({"postal_code": "10001"}, "US"),
        ({"city": "Salem"}, "US"),
        ({"first_name": "Ada"}, None),
    ],
    ids=["said", "said without an address", "a postcode alone", "a city alone", "no address"],
)
def test_a_country_is_assumed_only_for_an_address(made, fields, country):
    given = {
        "standard.person_texts": [text(**fields)],
        "standard.countries": [{"country_text": "Deutschland", "country": "DE"}],
    }
    assert made("standard.person_records", given, "country") == [(country,)]


def test_a_phone_is_read_as_its_country_writes_it(made):
    given = {
        "standard.person_texts": [text(phone_text="030 1234567", country_text="DE")],
        "standard.countries": [{"country_text": "DE", "country": "DE"}],
        "standard.phone_numbers": [
            {"phone_text": "030 1234567", "country": "DE", "phone": "+49301234567"},
            {"phone_text": "030 1234567", "country": "US", "phone": None},
        ],
    }
    assert made("standard.person_records", given, "phone") == [("+49301234567",)]


def test_a_phone_without_a_country_is_the_default_country_s(made):
    given = {
        "standard.person_texts": [text(phone_text="212 555 0100")],
        "standard.phone_numbers": [
            {"phone_text": "212 555 0100", "country": "US", "phone": "+12125550100"}
        ],
    }
    assert made("standard.person_records", given, "phone") == [("+12125550100",)]


@pytest.mark.parametrize(
    ("email_text", "email"),
    [(" Ada@Example.COM", "ada@example.com"), ("ada at example.com", None), ("@example.com", None)],
)
def test_an_email_is_lower_case_or_none(made, email_text, email):
    given = {"standard.person_texts": [text(email_text=email_text)]}
    assert made("standard.person_records", given, "email") == [(email,)]


def test_a_name_of_two_words_needs_no_dictionary(made):
    given = {"standard.person_texts": [text(full_name_text="Ada Byron")]}
    assert made("standard.person_records", given, "first_name, last_name") == [("Ada", "Byron")]


def test_a_longer_name_is_cut_by_the_dictionary(made):
    whole = "Ludwig van Beethoven"
    given = {
        "standard.person_texts": [text(full_name_text=whole)],
        "standard.person_names": [
            {"name_text": whole, "first_name": "Ludwig", "last_name": "van Beethoven"}
        ],
    }
    found = made("standard.person_records", given, "first_name, last_name")
    assert found == [("Ludwig", "van Beethoven")]


def test_a_record_that_its_system_does_not_date_is_observed_at_delivery(made):
    found = made(
        "standard.person_records", {"standard.person_texts": [text()]}, "changed_at, observed_at"
    )
    assert found == [(None, NEXT_DAY)]


# Identifiers and links ---------------------------------------------------------------------------


def test_every_phone_of_a_record_identifies_it(made):
    given = {
        "standard.person_texts": [text(phone_texts=["1", "2"])],
        "standard.phone_numbers": [
            {"phone_text": "1", "country": "US", "phone": "+11"},
            {"phone_text": "2", "country": "US", "phone": "+12"},
        ],
    }
    found = made("standard.identifiers", given, "kind, value")
    assert found == [("phone", "+11"), ("phone", "+12")]


LINKED = {
    "salesforce_merge": {
        "staging.salesforce__contact": [
            {"record_key": "salesforce:contact:loser", "master_record_id": "winner"}
        ]
    },
    "salesforce_converted_lead": {
        "staging.salesforce__lead": [
            {"record_key": "salesforce:lead:loser", "converted_contact_id": "winner"}
        ]
    },
    "shopify_customer_order": {
        "staging.shopify__orders": [{"record_key": "shopify:orders:1", "customer_id": "7"}],
    },
    "square_customer_reference": {
        "staging.square__customers": [{"record_key": "square:customers:C", "reference_id": "7"}],
    },
}
LINK_ENDS = {
    "salesforce_merge": ("salesforce:contact:loser", "salesforce:contact:winner"),
    "salesforce_converted_lead": ("salesforce:lead:loser", "salesforce:contact:winner"),
    "shopify_customer_order": ("shopify:orders:1", "shopify:customers:7"),
    "square_customer_reference": ("square:customers:C", "shopify:customers:7"),
}


@pytest.mark.parametrize("rule", LINKED)
def test_the_vendor_links_two_records(made, rule):
    assert made("standard.record_links", LINKED[rule]) == [(*LINK_ENDS[rule], rule)]
