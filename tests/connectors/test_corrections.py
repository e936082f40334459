"""Which files are corrections, and which of their rows can be understood."""

import re
from pathlib import Path

import pytest

from connectors.corrections import CONTRACTS

PAGE = Path(__file__).parents[2] / "docs" / "corrections.md"

PAIRS = "left_record,right_record,decision,decided_by,decided_on,reason"
SPLITS = "profile_id,record,part,decided_by,decided_on,reason"
GUARDS = "kind,value,action,limit,window_days,decided_by,decided_on,reason"
ATTRIBUTES = "record,attribute,value,decided_by,decided_on,reason"
A, B = "salesforce:contact:1", "shopify:customers:2"
WHO = "ada,2026-11-20,known"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (PAIRS, "corrections__pair_decisions"),
        (PAIRS + ",why,match_weight,money_moved,currency,rank", "corrections__pair_decisions"),
        (PAIRS.replace("_", " ").title().replace(",", ";"), "corrections__pair_decisions"),
        (SPLITS, "corrections__profile_splits"),
        (GUARDS, "corrections__guard_decisions"),
        (GUARDS.replace("window_days,", ""), "corrections__guard_decisions"),
        (ATTRIBUTES, "corrections__attribute_decisions"),
    ],
)
def test_the_header_says_which_corrections_they_are(landing, header, name):
    detection = landing.detect(header + "\n")
    assert detection.contract.name == name
    assert not [one for one in detection.findings if one.severity == "error"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.export)
@pytest.mark.parametrize("missing", ["decided_by", "decided_on", "reason"])
def test_without_a_column_for_who_when_and_why_no_file_is_a_correction(landing, contract, missing):
    header = ",".join(column.header for column in contract.columns if column.name != missing)
    detection = landing.detect(header + "\n")
    assert (detection.contract, detection.missing) == (None, (missing,))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (PAIRS, f"{A},{B},same,{WHO}"),
        (PAIRS, f"{A},{B}, Different ,ada,11/20/2026,known"),
        (PAIRS, f"{A},{B},unsure,{WHO}"),
        (PAIRS, f"{A},{B},,,,"),
        (SPLITS, f"p1,{A},the father,{WHO}"),
        (GUARDS, f"email,Desk@Shop.example,junk,,,{WHO}"),
        (GUARDS, f"phone,+1 (212) 555-0100,not_junk,,,{WHO}"),
        (GUARDS, f"birth_on,1980-01-01,junk,,,{WHO}"),
        (GUARDS, f"birth_on,19800101,junk,,,{WHO}"),
        (GUARDS, f"phone,,max_per_profile,4,365,{WHO}"),
        (ATTRIBUTES, f"{A},email,ada@x.example,{WHO}"),
        (ATTRIBUTES, f"{A},phone,+49 30 123456,{WHO}"),
        (ATTRIBUTES, f"{A},country,de,{WHO}"),
        (ATTRIBUTES, f"{A},last_name,Byron,{WHO}"),
    ],
)
def test_a_row_that_says_all_of_it_is_accepted(landing, header, row):
    reading = landing.read(f"{header}\n{row}\n")
    assert (reading.rows_accepted, reading.rows_quarantined) == (1, 0)


@pytest.mark.parametrize(
    ("header", "row", "column", "reason"),
    [
        (PAIRS, f"{A},{B},maybe,{WHO}", "decision", "unknown value"),
        (PAIRS, f"{A},{B},same,,2026-11-20,known", "decided_by", "value missing"),
        (PAIRS, f"{A},{B},same,ada,,known", "decided_on", "value missing"),
        (PAIRS, f"{A},{B},same,ada,2026-11-20, ", "reason", "value missing"),
        (PAIRS, f"{A},{B},same,ada,20.11.2026,known", "decided_on", "unreadable value"),
        (PAIRS, f"{A},42,same,{WHO}", "right_record", "not a record"),
        (PAIRS, f",{B},,,,", "left_record", "value missing"),
        (PAIRS, f"{A},{A},same,{WHO}", "right_record", "a record paired with itself"),
        (SPLITS, f"p1,{A},,{WHO}", "part", "value missing"),
        (SPLITS, f",{A},1,{WHO}", "profile_id", "value missing"),
        (GUARDS, f"emial,a@x.example,junk,,,{WHO}", "kind", "unknown value"),
        (GUARDS, f"email,a@x.example,trash,,,{WHO}", "action", "unknown value"),
        (GUARDS, f"email,nobody,junk,,,{WHO}", "value", "unreadable value"),
        (GUARDS, f"phone,12 34,junk,,,{WHO}", "value", "unreadable value"),
        (GUARDS, f"email,,junk,,,{WHO}", "value", "value missing"),
        (GUARDS, f"email,,max_surnames,,,{WHO}", "limit", "value missing"),
        (GUARDS, f"email,,max_surnames,few,,{WHO}", "limit", "unreadable value"),
        (GUARDS, f"email,,max_surnames,0,,{WHO}", "limit", "limit out of range"),
        (ATTRIBUTES, f"{A},shoe_size,44,{WHO}", "attribute", "unknown value"),
        (ATTRIBUTES, f"{A},birth_on,31/31/1980,{WHO}", "value", "unreadable value"),
        (ATTRIBUTES, f"{A},phone,030 123456,{WHO}", "value", "unreadable value"),
        (ATTRIBUTES, f"{A},country,Germany,{WHO}", "value", "unreadable value"),
        (ATTRIBUTES, f"{A},city,,{WHO}", "value", "value missing"),
    ],
)
def test_a_row_that_does_not_is_set_aside_with_its_column(
    landing, reasons, header, row, column, reason
):
    reading = landing.read(f"{header}\n{row}\n")
    assert reasons(reading) == [(1, column, reason)]


def test_every_violation_of_a_row_is_told_and_none_repeats_its_cells(landing, reasons):
    reading = landing.read(f"{PAIRS}\n{A},{B},same,{WHO}\nAda,{B},perhaps,,,\n")
    assert (reading.rows_accepted, reading.rows_quarantined) == (1, 1)
    assert {(row, column) for row, column, _ in reasons(reading)} == {
        (2, "left_record"), (2, "decision"), (2, "decided_by"), (2, "decided_on"), (2, "reason"),
    }
    entries = reading.quarantine.to_pylist()
    assert all(one["expected"] and one["remedy"] and one["found"] for one in entries)
    assert not [one for one in entries if "perhaps" in one["found"] or "Ada" in one["found"]]


@pytest.mark.parametrize("broken", [False, True], ids=["fast", "record by record"])
def test_rows_keep_the_number_that_they_have_in_the_file(landing, broken):
    rows = [f"{A},shopify:customers:{number},same,{WHO}" for number in range(1, 2_000)]
    rows[99] = f'{A},"left open,same,{WHO}' if broken else f'{A},{B},"sa\nme",{WHO}'
    reading = landing.read("\n".join([PAIRS, *rows]) + "\n")
    assert reading.is_exact is broken
    found = landing.rows(reading, "right_record, _row_number")
    assert all(number == place for place, (_, number) in enumerate(found, start=1))
    assert found[1499][0] == "shopify:customers:1500"
    assert reading.rows_quarantined == 1


def test_the_files_that_the_page_shows_are_accepted_whole(landing):
    shown = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    readings = [landing.read(text) for text in shown]
    assert {reading.contract.name for reading in readings} == {one.name for one in CONTRACTS}
    assert sum(reading.rows_quarantined for reading in readings) == 0
