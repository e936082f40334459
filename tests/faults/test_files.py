"""Deliveries as they go wrong (faults 13 to 36 and 41), each landed as the nightly job lands it."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date

import pytest
from faults.deliveries import CALL, HEADER, LOG, THREE, contact, contacts, events, zipped

CONTACTS = "raw.salesforce__contact"


def fault(number: int, name: str, *given, **named):
    """One row of the table: what is delivered, then (status, read, set aside), and reasons."""
    return pytest.param(name, *given, *named.values(), marks=pytest.mark.fault(number), id=f"{number} {name}")


ACCEPTED, ASIDE = "accepted", "quarantined"
LINES = [contact(number) for number in range(1, 6)]


@pytest.mark.parametrize(
    ("what", "content", "status", "read", "aside", "reason"),
    [
        fault(20, "empty", b"", ASIDE, 0, 0, "empty file"),
        fault(20, "an empty array", b"[\n]\n", ASIDE, 0, 0, "empty file"),
        fault(20, "header alone", contacts(), ACCEPTED, 0, 0, "no records"),
        fault(21, "cut in a row", contacts(*LINES[:3]) + b"003000000000009AAA,false,,L", ACCEPTED, 4, 1,
              "wrong number of fields"),
        fault(23, "cut gzip", gzip.compress(THREE)[:-6], ASIDE, 0, 0, "archive is damaged or cut off"),
        fault(23, "cut zip", zipped(a=THREE)[:-10], ASIDE, 0, 0, "archive is damaged or cut off"),
        fault(24, "HTML", b"<html><body>503</body></html>", ASIDE, 0, 0, "a web page or XML"),
        fault(24, "JSON", b'{"error": "no", "code": 500}', ASIDE, 0, 0, "an error message"),
        fault(25, "added", contacts(contact(1) + ',"gold"', header=HEADER + ",Tier"), ACCEPTED, 1, 0,
              "columns that the contract does not know"),
        fault(26, "renamed", THREE.replace(b"LastName,", b"Surname,"), ASIDE, 0, 0,
              "required columns missing"),
        fault(26, "optional renamed", THREE.replace(b"Birthdate", b"Birthdates"), ASIDE, 0, 0,
              "column renamed"),
        fault(27, "optional removed", THREE.replace(b",Birthdate", b"", 1).replace(b',"1985-12-10"', b""),
              ACCEPTED, 3, 0, "optional columns missing"),
        fault(29, "a header twice", THREE.replace(b"Phone", b"Email", 1), ASIDE, 0, 0, "duplicate header"),
        fault(30, "a date of another form", contacts(contact(1), contact(2, created="1.2.2026")), ACCEPTED,
              2, 1, "unreadable value"),
        fault(31, "semicolons", THREE.replace(b",", b";"), ACCEPTED, 3, 0, ""),
        fault(31, "tildes", THREE.replace(b",", b"~"), ASIDE, 0, 0, "no known export"),
        fault(32, "latin-1", contacts(contact(1, last="Zoë")).decode().encode("latin-1"), ACCEPTED, 1, 0, ""),
        fault(32, "mixed", contacts(contact(1, last="Zoë"), contact(2, last="Ångström"))
              + contact(3, last="José").encode("latin-1"), ACCEPTED, 3, 1, "undecodable bytes"),
        fault(33, "UTF-16", THREE.decode().encode("utf-16"), ACCEPTED, 3, 0, ""),
        fault(33, "BOM", b"\xef\xbb\xbf" + THREE, ACCEPTED, 3, 0, ""),
        fault(33, "NUL", contacts(contact(1), contact(2, last="a\0b")), ACCEPTED, 2, 1, "NUL bytes"),
        fault(33, "line ends", THREE.replace(b"\n", b"\r\n", 2), ACCEPTED, 3, 0, ""),
        fault(34, "log lines", f"{LOG}\nno line\n{LOG}\n{LOG[:50]}\n{LOG}\n".encode(), ACCEPTED, 5, 2,
              "not a log line"),
        fault(35, "40 MB", lambda: contacts(contact(1), contact(2, street="x" * 40_000_000), contact(3)),
              ACCEPTED, 3, 1, "broken quoting"),
        fault(36, "a quote left open", contacts(*LINES[:2], LINES[2].replace('"Ada"', '"Ada'), *LINES[3:]),
              ACCEPTED, 5, 1, "broken quoting"),
    ],
)
def test_a_bad_file_is_accounted_for_to_the_row(land, what, content, status, read, aside, reason):
    delivered = content() if callable(content) else content
    found = land({"2026-06-01/export.csv": delivered})
    ((path, file),) = found.files.items()
    path = path.partition("!")[0]
    assert path == "2026-06-01/export.csv"
    assert (file["status"], file["rows_read"], file["rows_quarantined"]) == (status, read, aside)
    assert file["rows_read"] == file["rows_accepted"] + file["rows_quarantined"]
    told = [file["detail"] or "", *(why for *_, why in found.aside)]
    assert any(reason in text for text in told), told
    assert len({row for _, row, *_ in found.aside if row}) == aside
    for row in found.rows(CONTACTS):
        assert not any("\ufffd" in str(cell) for cell in row)


@pytest.mark.fault(20)
@pytest.mark.parametrize("nothing", [b"", contacts()])
def test_an_empty_delivery_never_means_that_there_are_no_customers(land, nothing):
    land({"2026-06-01/Contact.csv": THREE})
    found = land({"2026-06-02/Contact.csv": nothing}, "staging.salesforce__contact")
    assert len(found.rows("staging.salesforce__contact")) == 3


@pytest.mark.fault(27)
def test_a_required_column_removed_sets_the_file_aside_and_keeps_what_was_there(land):
    land({"2026-06-01/Contact.csv": THREE})
    without = b"Id,FirstName,Email,AccountId,MailingStreet\n003000000000001AAA,Ada,a@b.net,,x\n"
    found = land({"2026-06-02/Contact.csv": without}, "staging.salesforce__contact")
    assert found.files["2026-06-02/Contact.csv"]["status"] == ASIDE
    assert found.rows("staging.salesforce__contact", "last_name") == [
        ("Hopper",), ("Lovelace",), ("Lovelace",)]


@pytest.mark.fault(27)
def test_an_optional_column_removed_is_a_warning_until_it_is_back(land):
    without = THREE.replace(b",Birthdate", b"", 1).replace(b',"1985-12-10"', b"")
    land({"2026-06-01/Contact.csv": THREE})
    found = land({"2026-06-02/Contact.csv": without}, "marts.source_files")
    assert found.files["2026-06-02/Contact.csv"]["detail"].endswith("columns gone: Birthdate")
    assert found.failed == ["no_export_lost_a_column"]
    found = land({"2026-06-03/Contact.csv": THREE + b"\n"}, "marts.source_files")
    assert found.failed == []


@pytest.mark.fault(14)
def test_of_a_restated_file_the_newer_content_holds_and_both_are_recorded(land):
    path = "2026-06-01/Contact.csv"
    assert land({path: contacts(contact(1, last="Byron"))}, "marts.source_files").failed == []
    again = contact(1, changed="2026-03-01T00:00:00.000Z")
    found = land({path: contacts(again)}, "staging.salesforce__contact", "marts.source_files")
    assert found.rows("staging.salesforce__contact", "last_name") == [("Lovelace",)]
    assert len(found.rows("raw.source_files", "sha256")) == 2
    assert found.files[path]["detail"].startswith("restated")
    assert found.failed == ["no_file_was_replaced"]


@pytest.mark.fault(16)
def test_a_later_record_s_spellings_are_as_known_as_the_first_s(land):
    """The state that a telephone is of, for who gives no address, is read from a dictionary of codes."""
    without = b"Id,LastName,FirstName,Email,Phone,AccountId\n"
    land({"2026-06-01/Contact.csv": without + b"003000000000001AAA,Ng,Ann,a@ng.net,(212) 555-0147,\n"},
         "identity.folded_records")
    found = land({"2026-06-02/Contact.csv": without + b"003000000000002AAA,Li,Bo,b@li.net,(808) 555-0148,\n"},
                 "identity.folded_records")
    assert found.rows("identity.folded_records", "region") == [("US-HI",), ("US-NY",)]


DAYS = {
    "2026-06-01/Contact.csv": contacts(contact(1, last="Byron"), contact(2)),
    "2026-06-02/Contact.csv": contacts(contact(1, changed="2026-02-03T00:00:00.000Z")),
    "2026-06-01/calls.json": events({}, {}, base=CALL),
    "2026-06-02/calls.json": events({}, {"name": "Later"}, {}, base=CALL),
    "2026-06-01/access.log": f"{LOG}\n{LOG.replace('GET /', 'GET /p/rug')}\n".encode(),
    "2026-06-02/access.log": f"{LOG.replace('GET /', 'GET /p/rug')}\n{LOG.replace(':03 ', ':09 ')}\n".encode(),
}
WANTED = ("staging.salesforce__contact", "standard.web_events", "standard.app_events")


@pytest.mark.fault(15, 16, 17)
@pytest.mark.parametrize("order", ["by day", "late", "shuffled"])
def test_the_tables_are_the_same_in_whatever_order_days_come_and_overlap(land, tmp_path, order):
    names = sorted(DAYS, reverse=order == "late")
    if order == "shuffled":
        names = names[1::2] + names[::2]
    for name in names:
        found = land({name: DAYS[name]}, *WANTED)
    (tmp_path / "home").rename(tmp_path / "night by night")
    found = replace(found, home=tmp_path / "night by night")
    at_once = land({}, *WANTED)
    for table in WANTED:
        assert at_once.rows(table) == found.rows(table)
    assert [len(at_once.rows(table)) for table in WANTED] == [2, 3, 3]


# Still being written ---------------------------------------------------------------------------


@pytest.mark.fault(18)
def test_a_file_that_a_transfer_names_as_unfinished_is_left(land):
    found = land({"Contact.csv.part": THREE, ".Contact.csv.x7": THREE})
    assert found.files == {}


@pytest.mark.fault(18)
def test_a_file_changed_lately_is_left_until_it_has_settled(land, tmp_path):
    found = land({"Contact.csv": THREE}, settle_seconds=3600)
    assert (found.files, found.arriving) == ({}, ["Contact.csv"])
    hour_ago = time.time() - 4000
    os.utime(tmp_path / "exports" / "Contact.csv", (hour_ago, hour_ago))
    assert land({}, settle_seconds=3600).files["Contact.csv"]["rows_accepted"] == 3


WRITER = """
import sys; from pathlib import Path
with open(sys.argv[1], "ab", buffering=0) as file:
    print("begun", flush=True)
    while True:
        file.write(sys.argv[2].encode())
"""


@pytest.mark.fault(18)
def test_a_file_that_grows_while_it_is_looked_at_is_left_and_then_read_whole(land, tmp_path):
    (tmp_path / "exports").mkdir()
    path = tmp_path / "exports" / "access.log"
    path.write_text(f"{LOG}\n" * 2000)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), f"{LOG}\n"], stdout=subprocess.PIPE, text=True
    )
    try:
        writer.stdout.readline()
        found = land({"Contact.csv": THREE})
    finally:
        writer.kill()
        writer.communicate()
    assert (list(found.files), set(found.arriving)) == (["Contact.csv"], {"access.log"})
    lines = len(path.read_text().splitlines())
    assert land({}).files["access.log"]["rows_read"] == lines


@pytest.mark.fault(18)
def test_a_file_written_to_between_its_hash_and_its_reading_is_left(land, tmp_path, monkeypatch):
    from dagster_project import landing

    read = landing.read

    def written_to(member, *given, **named):
        with (tmp_path / "exports" / "Contact.csv").open("ab") as file:
            file.write(contact(4).encode())
        return read(member, *given, **named)

    monkeypatch.setattr(landing, "read", written_to)
    found = land({"Contact.csv": THREE})
    assert (found.files, found.arriving) == ({}, ["Contact.csv"])
    monkeypatch.undo()
    assert land({}).files["Contact.csv"]["rows_accepted"] == 4


# Clocks ----------------------------------------------------------------------------------------


@pytest.mark.fault(41)
def test_events_of_the_future_are_set_aside_and_skew_within_a_day_is_not(land):
    soon = time.time() + 3600
    later = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(soon + 3 * 86400))
    found = land(
        {
            "mail.json": events({}, {"timestamp": int(soon)}, {"timestamp": 4_000_000_000}),
            "calls.json": events({}, {"timestamp": "2199-01-01T00:00:00Z"}, base=CALL),
            "access.log": f"{LOG}\n{LOG.replace('31/May/2026:10:05:03 +0000', later)}\n{LOG}\n".encode(),
        }
    )
    assert found.aside == [
        ("access.log", 2, "time_text", "time in the future"),
        ("calls.json", 2, "timestamp", "time in the future"),
        ("mail.json", 3, "timestamp", "time in the future"),
    ]
    assert [file["rows_accepted"] for file in found.files.values()] == [2, 1, 2]


@pytest.mark.fault(41)
def test_a_run_speaks_for_the_day_that_it_is_told(land):
    found = land({"Contact.csv": THREE}, as_of=date(2026, 6, 7))
    ((as_of,),) = found.rows("raw.as_of")
    assert f"{as_of:%F}" == "2026-06-07"


@pytest.mark.fault(41)
def test_local_times_around_a_change_to_daylight_saving_are_told_apart(land):
    offsets = ("25/Oct/2026:02:30:00 +0200", "25/Oct/2026:02:30:00 +0100", "25/Oct/2026:01:30:00 +0000")
    lines = [LOG.replace("31/May/2026:10:05:03 +0000", one) for one in offsets]
    found = land({"access.log": "\n".join(lines).encode()}, "staging.weblogs__access")
    times = [f"{one:%H:%M}" for (one,) in found.rows("staging.weblogs__access", "occurred_at")]
    assert times == ["00:30", "01:30", "01:30"]
