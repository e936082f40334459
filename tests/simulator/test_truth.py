"""The truth knows every exported record of a person, once, and nothing that was not exported."""

import gzip
import json
import re
import zipfile
from collections import Counter
from datetime import UTC, datetime

import phonenumbers
import polars as pl
import pytest

import simulator


@pytest.fixture(scope="module")
def truth(company):
    return {path.stem: pl.read_parquet(path) for path in (company / "truth").iterdir()}


@pytest.fixture(scope="module")
def exported_keys(nights, rows, tmp_path_factory) -> set[str]:
    keys = set()
    for night in nights:
        for name in ("Contact", "Lead", "Case"):
            path = night / "salesforce" / f"{name}.csv"
            for row in rows(path) if path.exists() else ():
                row = {column.lower(): value for column, value in row.items()}
                contact = row.get("contactid", "")
                if name != "Case" or contact in ("", "000000000000000AAA"):
                    keys.add(f"salesforce:{name.lower()}:{row['id']}")
        for path in (night / "mailchimp").iterdir():
            files = [path]
            if path.suffix == ".zip":
                folder = tmp_path_factory.mktemp("audience")
                with zipfile.ZipFile(path) as archive:
                    files = [folder / name for name in archive.namelist()]
                    archive.extractall(folder)
            for file in files:
                keys |= {f"mailchimp:members:{row['EUID']}" for row in rows(file)}
        for path in (night / "shopify").glob("customers*"):
            keys |= {"shopify:customers:" + row["Customer ID"][1:] for row in rows(path)}
        for path in (night / "shopify").glob("orders*"):
            keys |= {
                f"shopify:orders:{row['Id']}" for row in rows(path)
                if row["Id"] and (row["Email"] or row["Phone"] or row["Billing Name"])
            }
        for path in (night / "square").iterdir():
            keys |= {f"square:customers:{row['Customer ID']}" for row in rows(path)
                     if row["Customer ID"]}
    return keys


def test_every_exported_record_of_a_person_is_in_the_truth_once(truth, exported_keys):
    keys = truth["records"]["record_key"]
    assert keys.is_unique().all()
    assert set(keys) == exported_keys


def test_every_record_has_a_person_of_the_truth(truth):
    assert truth["records"]["person_id"].is_in(truth["people"]["person_id"].implode()).all()


def test_orders_of_the_truth_are_those_exported(truth, nights, rows):
    ids = Counter()
    for night in nights:
        for path in (night / "shopify").glob("orders*"):
            ids.update({f"shopify:{row['Id']}" for row in rows(path) if row["Id"]})
        for path in (night / "square").glob("transactions*"):
            ids.update({f"square:{row['Transaction ID']}" for row in rows(path)})
    copies = set(truth["order_duplicates"]["order_id"])
    assert set(truth["orders"]["order_id"]) == set(ids) - copies
    assert copies <= set(ids)


def test_refunds_of_the_truth_are_those_exported(truth, nights, rows):
    refunded = {}
    for night in nights:
        for path in (night / "shopify").glob("orders*"):
            refunded |= {f"shopify:{row['Id']}": float(row["Refunded Amount"])
                         for row in rows(path) if row["Id"]}
        for path in (night / "square").glob("transactions*"):
            for row in rows(path):
                back = row["Event Type"] == "Refund"
                amount = float(re.sub("[-$,]", "", row["Total Collected"])) if back else 0.0
                key = f"square:{row['Transaction ID']}"
                refunded[key] = max(amount, refunded.get(key, 0.0))
    told = {row["order_id"]: float(row["refunded"]) for row in truth["orders"].to_dicts()}
    # A copy in the other system tells of the same refund.
    told |= {copy: told[kept] for copy, kept in truth["order_duplicates"].iter_rows()}
    assert told == refunded


def test_a_copied_sale_has_the_amount_and_place_of_the_till_s_and_is_minutes_away(
    truth, nights, rows
):
    orders, payments = {}, {}
    for night in nights:
        for path in (night / "shopify").glob("orders*"):
            orders |= {f"shopify:{row['Id']}": row for row in rows(path) if row["Id"]}
        for path in (night / "square").glob("transactions*"):
            payments |= {f"square:{row['Transaction ID']}": row for row in rows(path)
                         if row["Event Type"] == "Payment"}
    bought_at = dict(truth["orders"].select("order_id", "ordered_at").iter_rows())
    copies = truth["order_duplicates"].rows()
    sold = [kept for kept, row in payments.items() if row["Location"] not in (
        "Toronto Queen St", "Montréal", "Vancouver")]
    assert 0.02 < len(copies) / len(sold) < 0.04
    references = set()
    for copy, kept in copies:
        order, payment = orders[copy], payments[kept]
        assert order["Source"] == "pos"
        assert order["Location"] == payment["Location"]
        assert float(order["Total"]) == float(re.sub("[$,]", "", payment["Total Collected"]))
        at = datetime.strptime(order["Created at"], "%Y-%m-%d %H:%M:%S %z")
        assert 0 <= at.timestamp() - bought_at[kept].replace(tzinfo=UTC).timestamp() < 120
        assert order["Payment Reference"] in ("", kept.removeprefix("square:"))
        references.add(bool(order["Payment Reference"]))
    assert references == {True, False}


def test_every_visitor_of_the_logs_is_in_the_truth(truth, nights):
    cookies = set()
    for night in nights:
        for path in (night / "weblogs").glob("*.log"):
            cookies |= set(re.findall(r'"vid=([0-9a-f]{16})"$', path.read_text(), re.MULTILINE))
    for night in nights:
        for path in (night / "segment").iterdir():
            calls = map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())
            cookies |= {f"segment:{call['anonymousId']}" for call in calls}
    assert cookies <= set(truth["visitors"]["visitor"])
    assert any(cookie.startswith("segment:") for cookie in cookies)
    assert truth["visitors"]["visitor"].is_unique().all()


def test_telephones_are_valid_numbers(truth):
    numbers = pl.concat([truth["people"]["mobile"], truth["people"]["landline"]]).drop_nulls()
    assert all(
        phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers.unique()
    )


def test_nobody_else_owns_an_email(truth):
    own = [truth["people"][name] for name in ("email", "second_email", "work_email")]
    assert pl.concat(own).drop_nulls().is_unique().all()


def test_households_are_as_hard_as_in_life(truth):
    people = truth["people"]
    twins = people.filter(pl.len().over("household_id", "birth_on") > 1)
    assert len(twins) > 0
    assert (twins["first_name"].n_unique(), len(twins)) != (1, 1)
    assert set(people["name_suffix"].drop_nulls()) == {"Jr.", "Sr."}
    assert people["former_last_name"].is_not_null().mean() > 0.02
    assert people.filter(pl.len().over("family_email") > 1)["family_email"].drop_nulls().len() > 50


def test_consents_are_the_files_status(truth, nights, rows):
    denied = {row["EUID"] for night in nights for path in (night / "mailchimp").glob("unsub*")
              for row in rows(path)}
    told = truth["consents"].filter(pl.col("status") == "denied")["record_key"]
    assert {f"mailchimp:members:{euid}" for euid in denied} <= set(told)


def test_statements_of_the_preference_centre_are_in_the_truth(truth, nights, rows):
    delivered = [row for night in nights for path in night.glob("preferences/*")
                 for row in rows(path)]
    said = truth["preferences"]
    assert len(delivered) == len(said) > 0
    assert said.filter(pl.len().over("person_id", "channel", "purpose") > 1)["status"].n_unique() == 2


def exported_events(nights, rows) -> Counter:
    """How often the exports tell of what the truth calls so."""
    found, with_contact = Counter(), set()
    for night in nights:
        shop = {row["Id"]: row for path in night.glob("shopify/orders*") for row in rows(path)
                if row["Id"] and not row["Name"].startswith("#T")}
        found["shopify", "refund"] += sum(float(row["Refunded Amount"]) > 0 for row in shop.values())
        tills = {row["Payment ID"]: row for path in night.glob("square/trans*")
                 for row in rows(path)}
        found["square", "refund"] += sum(row["Event Type"] == "Refund" for row in tills.values())
        found["square", "order"] += sum(row["Event Type"] == "Payment" for row in tills.values())
        for path in night.glob("salesforce/Case.csv"):
            cases = {row["Id"]: row for row in rows(path)}
            found["salesforce", "case_opened"] += len(cases)
            found["salesforce", "case_solved"] += sum(
                row["IsClosed"] in ("1", "true") for row in cases.values()
            )
        for path in night.glob("salesforce/OpportunityHistory.csv"):
            with_contact |= {row["OpportunityId"] for path in night.glob("salesforce/*Role.csv")
                             for row in rows(path)}
            found["salesforce", "deal_stage"] += len(
                {row["Id"] for row in rows(path) if row["OpportunityId"] in with_contact}
            )
        for path in night.glob("typeform/*"):
            found["typeform", "survey_answer"] += sum(
                bool(row["Submit Date (UTC)"]) for row in rows(path)
            )
        for path in (night / "segment").iterdir():
            calls = map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())
            named = {call["messageId"]: call.get("event") for call in calls}
            found["segment", "app_install"] += Counter(named.values())["Application Installed"]
    return found


def test_what_people_did_is_what_the_exports_tell(truth, nights, rows):
    told = Counter(zip(truth["events"]["system"], truth["events"]["event_type"]))
    exported = exported_events(nights, rows)
    assert all(exported.values())
    assert {kind: told[kind] for kind in exported} == exported
    assert told["shopify", "order"] + told["square", "order"] == len(truth["orders"])


def test_every_event_of_the_truth_happened_once_before_the_last_night_s_end(truth):
    events = truth["events"].filter(pl.col("event_type") != "deal_stage")
    assert events.select("system", "event_type", "record_id").is_unique().all()
    assert truth["events"]["occurred_at"].max() < datetime(2026, 6, 3)
    strangers = truth["events"].filter(pl.col("person_id").is_null())
    assert set(strangers["system"]) == {"segment", "square"}


def test_summary_counts_what_was_written(tmp_path):
    summary = simulator.simulate(tmp_path, people=200)
    records = pl.read_parquet(tmp_path / "truth" / "records.parquet")
    assert summary.records == len(records)
    files = [path for path in (tmp_path / "exports").rglob("*") if path.is_file()]
    assert summary.files == len(files)
