import pytest

import connectors
from connectors.contract import normalise_header, snake_case


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("MailingPostalCode", "mailing_postal_code"),
        ("Pricebook2Id", "pricebook2_id"),
        ("LastCURequestDate", "last_cu_request_date"),
        ("Lineitem compare at price", "lineitem_compare_at_price"),
        ("Default Address Zip", "default_address_zip"),
        ("smtp-id", "smtp_id"),
        ("cs(User-Agent)", "cs_user_agent"),
        ("MEMBER_RATING", "member_rating"),
    ],
)
def test_a_header_becomes_a_name_by_law(header, name):
    assert snake_case(header) == name


def test_case_space_punctuation_and_bom_do_not_tell_headers_apart():
    assert normalise_header("\ufeffMailing Postal-Code ") == normalise_header("MAILINGPOSTALCODE")


def test_every_system_is_found_by_its_module():
    systems = {one.system for one in connectors.contracts()}
    assert systems == {
        *("corrections", "finance", "mailchimp", "preferences", "privacy", "salesforce", "segment"),
        *("sendgrid", "shopify", "square", "third_party", "typeform", "weblogs"),
    }


@pytest.mark.parametrize("contract", connectors.contracts(), ids=lambda one: one.name)
def test_a_contract_speaks_of_its_own_columns_only(contract):
    named = {*contract.key, *contract.key_otherwise, *sum(contract.anchors, ())}
    assert named <= set(contract.column_names)
    assert len(set(contract.column_names)) == len(contract.columns)


@pytest.mark.parametrize("contract", connectors.contracts(), ids=lambda one: one.name)
def test_a_contract_says_what_its_columns_mean(contract):
    assert all(column.description for column in contract.columns)
    assert contract.grain.startswith("One row per ")
