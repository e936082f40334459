"""Which files are requests about personal data, and which of their rows can be understood."""

import pytest

from connectors.privacy import KINDS

HEADER = "request_id,kind,email,phone,record,visitor,channel,purpose,received_on"


def test_the_header_says_what_it_is(landing):
    detection = landing.detect(HEADER + "\n")
    assert detection.contract.name == "privacy__requests"
    assert not [one for one in detection.findings if one.severity == "error"]


@pytest.mark.parametrize("name", ["note", "Comments", "message"])
def test_free_text_is_not_taken_in(landing, name):
    detection = landing.detect(f"{HEADER},{name}\n")
    assert not detection.is_accepted


@pytest.mark.parametrize("kind", KINDS)
def test_every_right_is_understood(landing, kind):
    reading = landing.read(f"{HEADER}\nT1,{kind},ada@x.example,,,,,,2026-05-20\n")
    assert (reading.rows_accepted, reading.rows_quarantined) == (1, 0)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("T1,restrict,,,,,,,2026-05-20", "email", "nobody named"),
        ("T1,forget,ada@x.example,,,,,,2026-05-20", "kind", "unknown value"),
        ("T1,restrict,ada,,,,,,2026-05-20", "email", "unreadable value"),
        ("T1,restrict,,12,,,,,2026-05-20", "phone", "unreadable value"),
        ("T1,restrict,,,contact 1,,,,2026-05-20", "record", "unreadable value"),
        ("T1,object,ada@x.example,,,,fax,,2026-05-20", "channel", "unknown value"),
        ("T1,object,ada@x.example,,,,,fun,2026-05-20", "purpose", "unknown value"),
    ],
)
def test_what_cannot_be_served_is_set_aside_and_says_why(landing, row, column, reason):
    reading = landing.read(f"{HEADER}\n{row}\n")
    found = reading.quarantine.to_pylist()
    assert [(one["column_name"], one["reason"]) for one in found] == [(column, reason)]
