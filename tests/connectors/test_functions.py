"""sql/functions.sql: a text, and the value that it becomes."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

CASES = {
    "as_text": [(" a ", "a"), ("\u00a0", None), ("", None), (None, None)],
    "as_unguarded": [
        ("'+49 1", "+49 1"),
        ("'7210", "7210"),
        ("'=cmd", "=cmd"),
        ("'t Hooft", "'t Hooft"),
        ("'", "'"),
        (None, None),
    ],
    "as_integer": [
        ("1000", 1000),
        ("-3", -3),
        ("1,000", 1000),
        ("1000.0", 1000),
        (" 7 ", 7),
        ("1,00", None),
        ("1.5", None),
        ("x", None),
        ("", None),
        (None, None),
    ],
    "as_decimal": [
        ("12.5", Decimal("12.50")),
        ("12.345", Decimal("12.35")),
        ("$1,149.00 ", Decimal("1149.00")),
        ("($33.62)", Decimal("-33.62")),
        ("-$7.00", Decimal("-7.00")),
        ("$-7.00", Decimal("-7.00")),
        ("€8.00", Decimal("8.00")),
        ("5 USD", Decimal("5.00")),
        ("1.5E+3", Decimal("1500.00")),
        ("12,5", None),
        ("1.149,00", None),
        ("($33.62", None),
        ("$", None),
        ("", None),
        (None, None),
    ],
    "as_boolean": [
        ("true", True),
        ("FALSE", False),
        ("1", True),
        ("0", False),
        (" Yes ", True),
        ("no", False),
        ("2", None),
        ("", None),
        (None, None),
    ],
    "as_utc": [
        ("2022-12-21 14:27:52", datetime(2022, 12, 21, 14, 27, 52)),
        ("2006-04-15T03:23:15.000Z", datetime(2006, 4, 15, 3, 23, 15)),
        ("2006-04-15T03:23:15Z", datetime(2006, 4, 15, 3, 23, 15)),
        ("2024-01-23T02:21:49.000+0000", datetime(2024, 1, 23, 2, 21, 49)),
        ("2024-01-23T02:21:49.250+0200", datetime(2024, 1, 23, 0, 21, 49, 250000)),
        ("2025-05-11 09:55:16 -0400", datetime(2025, 5, 11, 13, 55, 16)),
        ("2025-05-11 09:55:16 +0530", datetime(2025, 5, 11, 4, 25, 16)),
        ("2025-05-11T09:55:16-04:00", datetime(2025, 5, 11, 13, 55, 16)),
        ("2025-05-11 09:55:16 UTC", datetime(2025, 5, 11, 9, 55, 16)),
        ("2025-05-11", datetime(2025, 5, 11)),
        ("17/May/2015:10:05:03 +0000", datetime(2015, 5, 17, 10, 5, 3)),
        ("17/May/2015:10:05:03 -0530", datetime(2015, 5, 17, 15, 35, 3)),
        ("02/23/26 08:55 PM", datetime(2026, 2, 23, 20, 55)),
        ("2/3/2026 14:30", datetime(2026, 2, 3, 14, 30)),
        ("02/23/99", datetime(1999, 2, 23)),
        ("23/02/2026 10:00", None),
        ("2022-02-30 00:00:00", None),
        ("1899-12-31 23:00:00", None),
        ("0000-00-00 00:00:00", None),
        ("2025-05-11 09:55:16 America/New_York", None),
        ("17/May/2015:10:05:03", None),
        ("1513299569", None),
        ("epoch", None),
        ("", None),
        (None, None),
    ],
    "as_epoch_utc": [
        ("1513299569", datetime(2017, 12, 15, 0, 59, 29)),
        ("1513299569.5", datetime(2017, 12, 15, 0, 59, 29, 500000)),
        ("1513299569000", None),
        ("soon", None),
        (None, None),
    ],
    "as_date": [
        ("2022-12-21", date(2022, 12, 21)),
        ("2022-12-21 00:00:00", date(2022, 12, 21)),
        ("2022-12-21T23:00:00.000-0800", date(2022, 12, 21)),
        ("02/24/26", date(2026, 2, 24)),
        ("7/4/1955", date(1955, 7, 4)),
        ("07/04/55", date(1955, 7, 4)),
        ("24/02/2026", None),
        ("1899-12-31", None),
        ("2022-02-29", None),
        ("2022-12-21x", None),
        (None, None),
    ],
    "as_time": [
        ("12:59:30", time(12, 59, 30)),
        ("14:00", time(14)),
        ("2:30:00 PM", time(14, 30)),
        ("12:05 am", time(0, 5)),
        ("25:00:00", None),
        ("13:00 PM", None),
        (None, None),
    ],
    "as_json": [('{"a": 1}', '{"a": 1}'), ("{", None), ("", None), (None, None)],
    "salesforce_id": [
        ("001bm00001ZL8U9", "001bm00001ZL8U9AAL"),
        ("001bm00001ZL8U9AAL", "001bm00001ZL8U9AAL"),
        ("000000000000000AAA", None),
        ("000000000000000", None),
        ("001", None),
        (None, None),
    ],
    "salesforce_id_or_empty": [("000000000000000AAA", "000000000000000AAA"), ("001", None)],
    "fold": [(" Müller  STRASSE ", "muller strasse"), ("Ødegård", "odegard"), (None, None)],
    "iana_zone": [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Europe/London", "Europe/London"),
        ("Atlantis", None),
        (None, None),
    ],
    "shape": [("José 12/34 x", "Aaaa 99/99 a"), ("東京", "aa"), (None, None)],
}


@pytest.mark.parametrize(
    ("macro", "text", "value"),
    [(macro, text, value) for macro, cases in CASES.items() for text, value in cases],
)
def test_a_text_becomes_a_value(con, macro, text, value):
    assert con.execute(f"select {macro}(cast(? as varchar))", [text]).fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("local_date", "local_time", "zone", "value"),
    [
        ("2026-08-15", "14:00:00", "Eastern Time (US & Canada)", datetime(2026, 8, 15, 18)),
        ("2026-01-15", "14:00:00", "Eastern Time (US & Canada)", datetime(2026, 1, 15, 19)),
        ("10/05/2026", "2:30:00 PM", "London", datetime(2026, 10, 5, 13, 30)),
        ("2026-08-15", "14:00:00", "Atlantis", None),
        ("2026-08-15", None, "London", None),
    ],
)
def test_square_says_a_local_time_and_its_zone(con, local_date, local_time, zone, value):
    found = con.execute("select square_utc(?, ?, ?)", [local_date, local_time, zone]).fetchall()
    assert found == [(value,)]


def test_no_macro_depends_on_the_time_zone_of_the_session(con):
    texts = ["2025-05-11 09:55:16", "2025-05-11 09:55:16 -0400", "17/May/2015:10:05:03 +0000"]
    query = "select as_utc(unnest(?))"
    here = con.execute(query, [texts]).fetchall()
    con.execute("set timezone = 'Asia/Tokyo'")
    there = con.execute(query, [texts]).fetchall()
    con.execute("reset timezone")
    assert here == there
