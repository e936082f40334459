"""The files look as the vendors' do: headers, ids, spellings, sums, every oddity in its place."""

import csv
import gzip
import json
import re
from collections import defaultdict
from urllib.parse import unquote

import numpy as np
import pytest

from simulator import (
    company,
    mailchimp,
    preferences,
    salesforce,
    shopify,
    square,
    third_party,
    typeform,
    weblogs,
)

_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
NOBODY = "000000000000000AAA"
_LINE = re.compile(
    r'(\S+) (\S+) (\S+) \[([^\]]+)\] "([A-Z]+) (\S+) HTTP/1\.1" (\d{3}) (\d+|-) '
    r'"([^"]*)" "([^"]*)" "([^"]*)"'
)


def salesforce_checksum(text: str) -> str:
    return "".join(
        _CHECK[sum(2**bit for bit, letter in enumerate(text[start:start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def header(path) -> list[str]:
    content = path.read_bytes()
    text = content.decode("utf-8-sig", errors="replace")
    return next(csv.reader(text.splitlines(keepends=True)))


def cents(text: str) -> int:
    return round(float(re.sub(r"[$,]", "", text)) * 100)


def test_headers_have_the_known_number_of_columns():
    assert len(shopify.ORDER_HEADER) == 79
    assert len(shopify.CUSTOMER_HEADER) == 20
    assert len(square.ITEM_HEADER) == 33
    assert len(square.TRANSACTION_HEADER) == 55
    assert len(weblogs.CLOUDFRONT_FIELDS) == 33


@pytest.mark.parametrize(
    ("pattern", "columns"),
    [
        ("shopify/orders*", shopify.ORDER_HEADER), ("shopify/customers*", shopify.CUSTOMER_HEADER),
        ("square/items*", square.ITEM_HEADER), ("square/trans*", square.TRANSACTION_HEADER),
        ("mailchimp/subscribed*", mailchimp.HEADER["subscribed"]),
        ("mailchimp/unsubscribed*", mailchimp.HEADER["unsubscribed"]),
        ("mailchimp/cleaned*", mailchimp.HEADER["cleaned"]),
        ("salesforce/Contact.csv", salesforce.HEADER["Contact"]),
        ("salesforce/Account.csv", salesforce.HEADER["Account"]),
        ("salesforce/OpportunityHistory.csv", salesforce.HEADER["OpportunityHistory"]),
        ("salesforce/User.csv", salesforce.HEADER["User"]),
        ("typeform/*after-your-order*", typeform.ORDER_HEADER),
        ("typeform/*our-help*", typeform.CASE_HEADER),
        ("preferences/*", preferences.HEADER), ("third_party/*", third_party.HEADER),
    ],
)
def test_files_have_the_vendors_header(nights, pattern, columns):
    for night in nights:
        for path in night.glob(pattern):
            assert header(path) == columns


def test_salesforce_ids_have_the_right_checksum(nights, rows):
    for path in nights[0].glob("salesforce/*.csv"):
        for row in rows(path)[:200]:
            for column, value in row.items():
                if column == "Id" or (column.endswith("Id") and value[15:] not in ("", "AAA")):
                    assert len(value) == 18
                    assert value[15:] == salesforce_checksum(value[:15])


def test_the_first_night_is_a_weekly_data_export(nights):
    text = (nights[0] / "salesforce" / "Contact.csv").read_text()
    first = text.splitlines()[1]
    assert first.startswith('"003')
    assert '"0","000000000000000AAA"' in first
    assert re.search(r'"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"', first)
    assert re.search(r'"19\d\d-\d\d-\d\d 00:00:00"', text)


def test_later_nights_are_data_loader_extracts(nights):
    contents = (nights[1] / "salesforce" / "Lead.csv").read_bytes()
    assert contents.startswith(b'"ID","ISDELETED"')
    assert re.search(rb'"2026-06-01T\d\d:\d\d:\d\d\.000Z"', contents)
    assert b"000000000000000AAA" not in contents
    contents.decode("cp1252")


def test_accounts_come_from_the_api(nights, rows):
    path = nights[0] / "salesforce" / "Account.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbfId,IsDeleted")
    row = rows(path)[0]
    assert json.loads(row["BillingAddress"])["postalCode"] == row["BillingPostalCode"]
    assert row["CreatedDate"].endswith("+0000")


def test_merged_contacts_name_a_living_master(nights, rows):
    contacts = {row["Id"]: row for row in rows(nights[0] / "salesforce" / "Contact.csv")}
    merged = [row for row in contacts.values() if row["IsDeleted"] == "1"]
    living = [row for row in contacts.values() if row["IsDeleted"] == "0"]
    assert all(row["MasterRecordId"] == "000000000000000AAA" for row in living)
    assert merged
    assert all(contacts[row["MasterRecordId"]]["IsDeleted"] == "0" for row in merged)


def test_converted_leads_name_a_contact(nights, rows):
    contacts = {row["Id"] for row in rows(nights[0] / "salesforce" / "Contact.csv")}
    converted = [row for row in rows(nights[0] / "salesforce" / "Lead.csv")
                 if row["IsConverted"] == "1"]
    assert converted
    assert all(row["ConvertedContactId"] in contacts for row in converted)


def test_tasks_belong_to_contacts_and_leads_or_to_the_case_of_a_stranger(nights, rows):
    tasks = rows(nights[0] / "salesforce" / "Task.csv")
    assert {row["WhoId"][:3] for row in tasks} == {"003", "00Q", "000"}
    assert {row["WhatId"][:3] for row in tasks if row["WhoId"] == NOBODY} == {"500"}


def test_most_cases_are_answered_once_by_their_contact_s_task_before_they_are_solved(nights, rows):
    cases = {row["Id"]: row for row in rows(nights[0] / "salesforce" / "Case.csv")}
    answers = {row["Id"]: row for row in rows(nights[0] / "salesforce" / "Task.csv")
               if row["WhatId"] != NOBODY}.values()
    assert len({row["WhatId"] for row in answers}) == len(answers)
    assert 0.6 < len(answers) / len(cases) < 0.8
    for row in answers:
        case = cases[row["WhatId"]]
        assert row["WhoId"] == case["ContactId"]
        assert case["CreatedDate"] < row["CompletedDateTime"] < (case["ClosedDate"] or "2026-06-01")
        assert row["CompletedDateTime"][:10] == row["ActivityDate"][:10]


def test_of_some_completed_tasks_the_moment_is_known(nights, rows):
    tasks = rows(nights[0] / "salesforce" / "Task.csv")
    assert {(row["IsClosed"], bool(row["CompletedDateTime"])) for row in tasks} == {
        ("1", True), ("1", False), ("0", False)
    }


def test_a_deal_s_history_leads_to_its_stage(nights, rows):
    stage, changed, began = {}, {}, {}
    for night in nights:
        for row in sorted(rows(night / "salesforce" / "OpportunityHistory.csv"),
                          key=lambda row: row["CreatedDate"]):
            deal = row["OpportunityId"]
            stage[deal], changed[deal] = row["StageName"], row["CreatedDate"][:10]
            began.setdefault(deal, row["StageName"])
        deals = [{name.lower(): value for name, value in row.items()}
                 for row in rows(night / "salesforce" / "Opportunity.csv")]
        for row in deals:
            assert stage[row["id"]] == row["stagename"]
            if row["isclosed"] in ("1", "true"):
                assert changed[row["id"]] == row["closedate"][:10]
    assert set(began.values()) == {"Prospecting"}


def test_a_deal_has_one_primary_contact_of_its_account(nights, rows):
    account = {row["Id"]: row["AccountId"] for row in rows(nights[0] / "salesforce/Contact.csv")}
    deals = {row["Id"]: row["AccountId"] for row in rows(nights[0] / "salesforce/Opportunity.csv")}
    roles = rows(nights[0] / "salesforce" / "OpportunityContactRole.csv")
    assert roles
    assert all(account[row["ContactId"]] == deals[row["OpportunityId"]] for row in roles)
    primary = [row["OpportunityId"] for row in roles if row["IsPrimary"] == "1"]
    assert sorted(primary) == sorted({row["OpportunityId"] for row in roles})


def test_a_deal_came_of_a_campaign_that_had_begun_and_keeps_it(nights, rows):
    campaigns = {row["Id"]: row for row in rows(nights[0] / "salesforce" / "Campaign.csv")}
    brought = {}
    for night in nights:
        for row in rows(night / "salesforce" / "Opportunity.csv"):
            row = {name.lower(): value for name, value in row.items()}
            campaign = row["campaignid"].replace(NOBODY, "")
            assert brought.setdefault(row["id"], campaign) == campaign
            if campaign:
                assert campaigns[campaign]["StartDate"][:10] <= row["createddate"][:10]
    assert 0.05 < sum(map(bool, brought.values())) / len(brought) < 0.3
    costs = [float(row["ActualCost"]) / float(row["BudgetedCost"]) for row in campaigns.values()]
    assert 0.75 < min(costs) < 1 < max(costs) < 1.3


def test_a_deal_is_in_the_currency_of_its_account_s_country(nights, rows):
    country = {row["Id"]: row["BillingCountry"] for row in rows(nights[0] / "salesforce/Account.csv")}
    for row in rows(nights[0] / "salesforce" / "Opportunity.csv"):
        assert row["CurrencyIsoCode"] == company.CURRENCY[country[row["AccountId"]]]


def test_a_lead_became_a_deal_of_the_account_that_it_was_converted_to(nights, rows):
    account = {row["Id"]: row["AccountId"] for row in rows(nights[0] / "salesforce/Opportunity.csv")}
    became = [row for row in rows(nights[0] / "salesforce" / "Lead.csv")
              if row["ConvertedOpportunityId"] != NOBODY]
    assert became
    assert all(account[row["ConvertedOpportunityId"]] == row["ConvertedAccountId"] for row in became)


def test_every_owner_is_a_user(nights, rows):
    users = {row["Id"] for row in rows(nights[0] / "salesforce" / "User.csv")}
    for name in ("Account", "Contact", "Opportunity", "Task"):
        assert {row["OwnerId"] for row in rows(nights[0] / "salesforce" / f"{name}.csv")} <= users


def calls(night) -> list[dict]:
    return [json.loads(line) for path in sorted(night.glob("segment/*"))
            for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def test_an_app_s_calls_are_of_every_kind_and_some_come_twice(nights):
    found = calls(nights[0])
    assert {call["type"] for call in found} == {"track", "screen", "identify", "alias"}
    ids = [call["messageId"] for call in found]
    assert 0 <= len(ids) - len(set(ids)) < len(ids) / 200


def test_who_signs_in_is_a_customer_from_then_on(nights, rows):
    (path,) = nights[0].glob("shopify/customers*")
    customers = {row["Customer ID"][1:]: row["Email"].lower() for row in rows(path)}
    found = calls(nights[0])
    known = {}
    for call in found:
        device = call["anonymousId"]
        assert ("userId" in call) == (device in known or call["type"] == "identify")
        if call["type"] == "identify":
            assert customers[call["userId"]] == call["traits"]["email"]
            known[device] = call["userId"]
        assert call.get("userId") == known.get(device)
    assert 0 < len(known) < len({call["anonymousId"] for call in found})


def test_an_app_s_calls_begin_with_its_installation(nights):
    first = {}
    for call in calls(nights[0]):
        first.setdefault(call["anonymousId"], call.get("event"))
    assert set(first.values()) == {"Application Installed"}


def test_survey_answers_have_a_rating_where_they_were_finished(nights, rows):
    (path,) = nights[0].glob("typeform/*after-your-order*")
    answers = rows(path)
    assert {row["Response Type"] for row in answers} == {"completed", "partial"}
    for row in answers:
        is_complete = row["Response Type"] == "completed"
        assert bool(row["Submit Date (UTC)"]) == is_complete
        assert (row[typeform.ORDER_HEADER[1]] in map(str, range(11))) == is_complete


def test_exchange_rates_go_on_day_by_day(nights, rows):
    found = [row for night in nights for path in night.glob("finance/*") for row in rows(path)]
    assert len(found) == 3 * (365 + len(nights) - 1)
    assert len({(row["rate_on"], row["currency"]) for row in found}) == len(found)
    rates = [float(row["rate"]) for row in found if row["currency"] == "EUR"]
    assert all(abs(later / rate - 1) < 0.03 for rate, later in zip(rates, rates[1:]))


def test_bought_values_carry_their_days(nights, rows):
    (path,) = nights[0].glob("third_party/*")
    assert {row["attribute"] for row in rows(path)} == {"income_band", "home_owner", "interests"}
    assert all(row["obtained_on"] < "2026-06-01" for row in rows(path))
    assert {bool(row["valid_until"]) for row in rows(path)} == {True, False}


def test_an_order_adds_up(nights, rows):
    for night in nights:
        (path,) = night.glob("shopify/orders*")
        lines = defaultdict(int)
        orders = {}
        for row in rows(path):
            lines[row["Name"]] += cents(row["Lineitem price"]) * int(row["Lineitem quantity"])
            if row["Id"]:
                orders[row["Name"]] = row
        assert orders.keys() == lines.keys()
        for name, row in orders.items():
            assert cents(row["Subtotal"]) == lines[name] - cents(row["Discount Amount"])
            added = cents(row["Taxes"]) if row["Currency"] in ("USD", "CAD") else 0
            assert cents(row["Total"]) == cents(row["Subtotal"]) + cents(row["Shipping"]) + added


def test_what_belongs_to_an_order_stands_on_its_first_row_only(nights, rows):
    (path,) = nights[0].glob("shopify/orders*")
    seen = set()
    for row in rows(path):
        assert bool(row["Id"]) == bool(row["Total"]) == (row["Name"] not in seen)
        seen.add(row["Name"])


def test_present_but_empty_differs_from_absent(nights):
    (path,) = nights[0].glob("shopify/orders*")
    assert b',"",' in path.read_bytes()


def test_shop_times_follow_daylight_saving(nights, rows):
    (path,) = nights[0].glob("shopify/orders*")
    zones = {row["Created at"][5:7]: row["Created at"][-5:] for row in rows(path)}
    assert zones["01"] == "-0500"
    assert zones["07"] == "-0400"


def test_totals_of_a_customer_are_the_sums_of_orders(nights, rows):
    (customers,) = nights[0].glob("shopify/customers*")
    (orders,) = nights[0].glob("shopify/orders*")
    named = sum(1 for row in rows(orders) if row["Id"])
    ids = {row["Customer ID"]: int(row["Total Orders"]) for row in rows(customers)}
    assert 0 < sum(ids.values()) <= named
    assert all(key.startswith("'72104") for key in ids)


def test_items_of_a_payment_add_up_to_it(nights, rows):
    for night in nights:
        (items,) = night.glob("square/items*")
        (transactions,) = night.glob("square/trans*")
        sums = defaultdict(int)
        for row in rows(items):
            sums[row["Payment ID"]] += cents(row["Net Sales"]) + cents(row["Tax"])
        assert sums == {row["Payment ID"]: cents(row["Total Collected"])
                        for row in rows(transactions)}


def test_a_refund_is_a_negative_payment_of_the_same_transaction(nights, rows):
    (path,) = nights[0].glob("square/trans*")
    payments = {row["Transaction ID"]: row for row in rows(path) if row["Event Type"] == "Payment"}
    refunds = [row for row in rows(path) if row["Event Type"] == "Refund"]
    assert refunds
    for row in refunds:
        paid = payments[row["Transaction ID"]]
        assert row["Payment ID"] != paid["Payment ID"]
        assert cents(row["Total Collected"]) == -cents(paid["Total Collected"])
        assert row["Total Collected"].startswith("-$")


def test_most_sales_in_a_store_name_nobody(nights, rows):
    (path,) = nights[0].glob("square/trans*")
    named = [row for row in rows(path) if row["Customer ID"]]
    assert 0 < len(named) < len(rows(path)) / 2
    assert any(not row["Customer Name"] for row in named)


def test_tags_are_csv_inside_csv(nights, rows):
    (path,) = nights[0].glob("mailchimp/subscribed*")
    tags = {row["TAGS"] for row in rows(path)}
    assert next(csv.reader(['"Garden, outdoors","Newsletter"'])) == ["Garden, outdoors",
                                                                     "Newsletter"]
    assert '"Garden, outdoors","Newsletter"' in tags


def test_an_email_is_one_member(nights, rows):
    emails = [row["Email Address"].lower() for path in nights[0].glob("mailchimp/*.csv")
              for row in rows(path)]
    assert len(emails) == len(set(emails))


def test_a_million_members_have_a_million_ids():
    assert mailchimp.euids(1, np.arange(1_000_000)).is_unique().all()


def events(night) -> list[dict]:
    found = []
    for path in sorted(night.glob("sendgrid/*")):
        text = path.read_text()
        found += json.loads(text) if path.suffix == ".json" else map(json.loads, text.splitlines())
    return found


def test_events_come_as_arrays_and_as_lines_and_some_twice(nights):
    assert {path.suffix for path in nights[0].glob("sendgrid/*")} == {".json", ".ndjson"}
    ids = [event["sg_event_id"] for event in events(nights[0])]
    assert 0 < len(ids) - len(set(ids)) < len(ids) / 200


def test_events_tell_machines_from_readers(nights):
    opens = [event for event in events(nights[0]) if event["event"] == "open"]
    assert {event["sg_machine_open"] for event in opens} == {True, False}


def requests(night) -> list[tuple]:
    text = "".join(path.read_text() for path in sorted(night.glob("weblogs/*.log")))
    return [match.groups() for line in text.splitlines() if (match := _LINE.fullmatch(line))]


def test_few_lines_are_malformed(nights):
    count = sum(len(path.read_text().splitlines()) for path in nights[0].glob("weblogs/*.log"))
    assert 0 < count - len(requests(nights[0])) < count / 500


def test_a_click_arrives_with_its_token(nights):
    clicked = {re.search("ecid=([0-9a-f]{16})", event["url"])[1]
               for event in events(nights[0]) if event["event"] == "click"}
    paths = " ".join(row[5] for row in requests(nights[0]))
    arrived = set(re.findall("ecid=([0-9a-f]{16})", paths))
    assert clicked
    assert arrived <= clicked
    assert len(clicked - arrived) <= 2  # a malformed line may swallow one


def test_a_letters_click_names_a_member(nights, rows):
    euids = {row["EUID"] for path in nights[0].glob("mailchimp/*.csv") for row in rows(path)}
    named = re.findall("mc_eid=([0-9a-f]{10})", " ".join(row[5] for row in requests(nights[0])))
    assert named
    assert len([euid for euid in named if euid in euids]) > 0.9 * len(named)


def test_a_completed_checkout_is_an_order(nights, rows):
    (path,) = nights[0].glob("shopify/orders*")
    names = {row["Name"] for row in rows(path)}
    completed = {unquote(row[5].split("order=")[1]) for row in requests(nights[0])
                 if row[5].startswith("/checkout/complete")}
    assert completed
    assert completed <= names


def test_a_login_is_a_customers_email(nights, rows):
    (path,) = nights[0].glob("shopify/customers*")
    emails = {row["Email"].lower() for row in rows(path)}
    users = {row[2] for row in requests(nights[0])} - {"-"}
    assert users
    assert users <= emails


def test_carts_are_abandoned(nights):
    paths = [row[5] for row in requests(nights[0])]
    added = sum(path.startswith("/cart/add?sku=") for path in paths)
    assert added > 0
    assert sum(path == "/cart" for path in paths) > sum("/complete" in path for path in paths)


def test_cloudfront_names_its_fields_and_encodes_agents_twice(nights):
    (path,) = nights[0].glob("weblogs/*.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[1] == "#Fields: " + " ".join(weblogs.CLOUDFRONT_FIELDS)
    cells = lines[2].split("\t")
    assert len(cells) == 33
    assert unquote(unquote(cells[10])).startswith("Mozilla/5.0 (")


def test_nights_do_not_repeat_one_another(nights, rows):
    seen: dict[str, set] = defaultdict(set)
    for night in nights:
        (orders,) = night.glob("shopify/orders*")
        (payments,) = night.glob("square/trans*")
        fresh = {
            "order": {row["Id"] for row in rows(orders)
                      if row["Id"] and row["Financial Status"] in ("paid", "pending")},
            "payment": {row["Payment ID"] for row in rows(payments)},
            "event": {event["sg_event_id"] for event in events(night)},
            "case": {row["Id"] for path in night.glob("salesforce/Case.csv") for row in rows(path)},
        }
        for kind, ids in fresh.items():
            assert not ids & seen[kind]
            seen[kind] |= ids


def test_a_later_night_is_about_a_days_worth(nights):
    sizes = [sum(path.stat().st_size for path in night.rglob("*") if path.is_file())
             for night in nights]
    assert sizes[1] < sizes[0] / 100
