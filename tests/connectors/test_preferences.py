"""Which files are statements of a preference centre, and which of their rows can be understood."""

import re
from pathlib import Path

import pytest

from connectors.preferences import CHANNELS, PURPOSES, STATUSES

PAGE = Path(__file__).parents[2] / "docs" / "consents.md"

HEADER = "email,phone,record,channel,purpose,status,stated_at,evidence"
SAID = "email,marketing,granted,2026-05-01 10:00:00,preference centre"


@pytest.mark.parametrize(
    "header",
    [HEADER, HEADER + ",form_version", HEADER.replace("_", " ").title().replace(",", ";")],
    ids=["as it is", "with a column of one's own", "from a spreadsheet"],
)
def test_the_header_says_what_it_is(landing, header):
    detection = landing.detect(header + "\n")
    assert detection.contract.name == "preferences__consents"
    assert not [one for one in detection.findings if one.severity == "error"]


@pytest.mark.parametrize("missing", HEADER.split(","))
def test_a_file_without_one_of_the_columns_is_none(landing, missing):
    header = ",".join(one for one in HEADER.split(",") if one != missing)
    detection = landing.detect(header + "\n")
    assert (detection.contract, detection.missing) == (None, (missing,))


@pytest.mark.parametrize(
    "row",
    [
        f"ada@x.example,,,{SAID}",
        f",+1 (212) 555-0100,,{SAID}",
        f",,salesforce:contact:1,{SAID}",
        f"ada@x.example,212 555 0100,shopify:customers:7,{SAID}",
        "ada@x.example,,, SMS ,Service,Denied,2026-05-01T10:00:00Z,letter",
    ],
)
def test_a_row_that_says_all_of_it_is_accepted(landing, row):
    reading = landing.read(f"{HEADER}\n{row}\n")
    assert (reading.rows_accepted, reading.rows_quarantined) == (1, 0)


@pytest.mark.parametrize("word", [*CHANNELS, *PURPOSES, *STATUSES])
def test_every_word_is_one_that_is_understood(landing, word):
    channel = word if word in CHANNELS else "email"
    purpose = word if word in PURPOSES else "marketing"
    status = word if word in STATUSES else "granted"
    row = f"ada@x.example,,,{channel},{purpose},{status},2026-05-01,letter"
    assert landing.read(f"{HEADER}\n{row}\n").rows_accepted == 1


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (f",,,{SAID}", "email", "nobody named"),
        (f"ada at x.example,,,{SAID}", "email", "unreadable value"),
        (f",12 34,,{SAID}", "phone", "unreadable value"),
        (f",,42,{SAID}", "record", "unreadable value"),
        (f"a@x.example,,,{SAID.replace('email', 'fax')}", "channel", "unknown value"),
        (f"a@x.example,,,{SAID.replace('marketing', 'fun')}", "purpose", "unknown value"),
        (f"a@x.example,,,{SAID.replace('granted', 'perhaps')}", "status", "unknown value"),
        (f"a@x.example,,,{SAID.replace('granted', '')}", "status", "value missing"),
        ("a@x.example,,,email,marketing,denied,,letter", "stated_at", "value missing"),
        ("a@x.example,,,email,marketing,denied,01.05.2026,letter", "stated_at", "unreadable value"),
        ("a@x.example,,,email,marketing,denied,2026-05-01,", "evidence", "value missing"),
    ],
)
def test_a_row_that_does_not_is_set_aside_with_its_column(landing, reasons, row, column, reason):
    assert reasons(landing.read(f"{HEADER}\n{row}\n")) == [(1, column, reason)]


def test_the_key_of_a_statement_is_what_it_says_and_shows_nobody(landing):
    row = f"ada@x.example,,,{SAID}"
    reading = landing.read(f"{HEADER}\n{row}\n{row}\n{row.replace('granted', 'denied')}\n")
    (first, _), (again, _), (other, number) = landing.rows(reading, "record_key, _row_number")
    assert first == again != other and number == 3
    assert re.fullmatch("preferences:consents:[0-9a-f]{32}", first)


def test_the_file_that_the_page_shows_is_accepted_whole(landing):
    (shown,) = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    reading = landing.read(shown)
    assert reading.contract.name == "preferences__consents"
    assert reading.rows_quarantined == 0
