"""`cdp validate` for CI: thirty damaged deliveries, a home, a published file; what is said and the exit code."""

from __future__ import annotations

import gzip
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as xml

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from faults.deliveries import CALL, HEADER, LOG, THREE, contact, contacts, events, zipped
from support import SAMPLE

from dagster_project.cli import main
from dagster_project.settings import PROJECT


def validate(*given: object):
    return CliRunner().invoke(main, ["validate", *map(str, given)], catch_exceptions=False)


def said_of(*given: object) -> list[dict]:
    return json.loads(validate(*given, "--json").stdout)


LINES = [contact(number) for number in range(1, 41)]
ORDER = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name," \
        "Lineitem price,Lineitem compare at price,Billing Zip,Cancelled at,Id\n" \
        "#1,a@b.net,paid,USD,{},9.00,2026-05-01 10:00:00 +0000,1,Rug,9.00,,10001,,7\n" \
        "#2,a@b.net,paid,USD,9.00,9.00,2026-05-01 10:00:00 +0000,1,Rug,9.00,,10001,,8\n"

ASIDE, ROW = "error", "warning"
"""What is set aside whole does not pass; a row of many is a warning, which passes if it is not strict."""

DAMAGES = {
    "cut in a row": (contacts(LINES[0]) + b"003000000000002AAA,false,,Love", ROW, 2, None, "wrong number of fields"),
    "cut gzip": (gzip.compress(THREE)[:-9], ASIDE, None, None, "archive is damaged or cut off"),
    "cut zip": (zipped(a=THREE)[:-30], ASIDE, None, None, "archive is damaged or cut off"),
    "empty": (b"", ASIDE, None, None, "empty file"),
    "header alone": (contacts(), ROW, None, None, "no records"),
    "error page": (b"<!DOCTYPE html><html>502</html>", ASIDE, None, None, "a web page or XML"),
    "error as JSON": (b'{"error": "rate limit"}', ASIDE, None, None, "an error message"),
    "required column renamed": (
        THREE.replace(b"LastName,", b"Surname,"), ASIDE, None, "last_name", "required columns missing"),
    "optional column renamed": (
        THREE.replace(b"MailingStreet", b"MailingStreets"), ASIDE, None, "mailing_street",
        "column renamed"),
    "required column removed": (
        b"Id,FirstName,Email,AccountId,MailingStreet\n003000000000001AAA,Ada,a@b.net,,x\n", ASIDE, None,
        "last_name", "required columns missing"),
    "a header twice": (
        THREE.replace(b"Phone", b"Email", 1), ASIDE, None, "email", "duplicate header"),
    "a column nobody knows": (
        contacts(contact(1) + ",x", header=HEADER + ",Loyalty Tier"), ROW, None, None,
        "columns that the contract does not know"),
    "another form of date": (
        contacts(contact(1), contact(2, created="23.01.2024")), ROW, 2, "created_date",
        "unreadable value"),
    "another form of date throughout": (
        contacts(*(contact(n, created="23.01.2024") for n in range(1, 41))), ASIDE, None, None,
        "few of its rows are set aside"),
    "another type": (
        contacts(contact(1), contact(2, deleted="perhaps")), ROW, 2, "is_deleted", "unreadable value"),
    "a key missing": (
        contacts(contact(1), contact(2).replace('"003000000000002AAA"', "")), ROW, 2, "id",
        "key missing"),
    "another object's ids": (
        THREE.replace(b"003000", b"00Q000"), ASIDE, None, "id", "ids of another object"),
    "a quote left open": (
        contacts(contact(1), contact(2).replace('"Ada"', '"Ada'), contact(3)), ROW, 2, None,
        "broken quoting"),
    "NUL bytes": (contacts(contact(1), contact(2, last="L\0v")), ROW, 2, None, "NUL bytes"),
    "two encodings": (
        contacts(contact(1, last="Zoë"), contact(2, last="José"))
        + contact(3, last="José").encode("latin-1") + b"\n", ROW, 3, None, "undecodable bytes"),
    "a log line that is none": (f"{LOG}\n{LOG}\ngarbage\n{LOG}\n".encode(), ROW, 3, None, "not a log line"),
    "a line without end": (
        lambda: f"{LOG}\n{LOG}\n{'x' * 8_000_001}\n".encode(), ROW, 3, None, "not a log line"),
    "a PDF": (b"%PDF-1.7 ...", ASIDE, None, None, "not a text file"),
    "a Parquet file": (b"PAR1....PAR1", ASIDE, None, None, "not a text file"),
    "a workbook": (
        zipped(**{"[Content_Types].xml": "<x/>"}), ASIDE, None, None, "not a text file"),
    "an archive in an archive": (
        zipped(a=zipped(b=THREE)), ASIDE, None, None, "archive within an archive"),
    "a bomb": (lambda: gzip.compress(bytes(80 << 20)), ASIDE, None, None, "unpacks to too much"),
    "an event without a time": (
        events({}, {"timestamp": None}, base=CALL), ROW, 2, "timestamp", "value missing"),
    "an event of the future": (
        events({}, {"timestamp": 4_000_000_000}), ROW, 2, "timestamp", "time in the future"),
    "an event cut off": (
        events({}, {})[:-20] + b"\n" + events({}), ROW, 2, None, "not a JSON object"),
    "an amount that is none": (
        ORDER.format("nine").encode(), ROW, 1, "subtotal", "unreadable value"),
    "no export at all": (b"just some words, and others\nmore words\n", ASIDE, None, None,
                         "no known export"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_delivery_is_named_with_row_column_and_remedy(tmp_path, damage):
    content, severity, row, column, reason = DAMAGES[damage]
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "whole.csv").write_bytes(contacts(*(contact(n) for n in range(100, 400))))
    (exports / "damaged").write_bytes(content() if callable(content) else content)
    before = sorted(tmp_path.rglob("*"))
    done = validate(exports, "--json")
    (found,) = [
        one for one in json.loads(done.stdout)
        if one.get("reason", one.get("check_name")).startswith(reason) and not one["passed"]
    ]
    assert done.exit_code == (1 if severity == ASIDE else 0)
    assert validate(exports, "--strict").exit_code == 1
    assert (found["severity"], found["row_number"], found["column_name"]) == (severity, row, column)
    assert found.get("path", "damaged") in ("damaged", "damaged!a")
    assert found["remedy"]
    assert sorted(tmp_path.rglob("*")) == before


def test_there_are_thirty_damages():
    assert len(DAMAGES) >= 30


def test_every_damage_is_told_at_once(tmp_path):
    for number, (content, *_) in enumerate(DAMAGES.values()):
        if not callable(content):
            (tmp_path / f"{number}.csv").write_bytes(content)
    done = validate(tmp_path)
    assert done.exit_code == 1
    for name in tmp_path.iterdir():
        assert f"{name.name}" in done.stdout


def test_no_value_of_a_cell_is_repeated(tmp_path):
    secret = "Rumpelstiltskin"
    lines = [contact(n, last=secret, created=secret, email=f"{secret}@x.net") for n in range(1, 30)]
    (tmp_path / "Contact.csv").write_bytes(contacts(*lines) + f"{secret},cut\n".encode())
    done = validate(tmp_path, "--junit", tmp_path / "j.xml", "--html", tmp_path / "v.html")
    told = done.output + (tmp_path / "j.xml").read_text() + (tmp_path / "v.html").read_text()
    assert done.exit_code == 1 and secret not in told


def test_a_night_of_the_sample_passes():
    done = validate(SAMPLE / "exports" / "2026-06-02", "--strict")
    assert done.exit_code == 0
    assert "0 failed, 0 warnings" in done.stdout


def test_an_empty_folder_does_not_pass(tmp_path):
    assert validate(tmp_path).exit_code == 1
    assert validate(tmp_path / "nowhere").exit_code == 2


# What is published -----------------------------------------------------------------------------


@pytest.fixture
def served(sample_home, tmp_path) -> Path:
    return Path(shutil.copy(sample_home / "warehouse/current/customers.duckdb", tmp_path / "c.duckdb"))


def test_a_home_and_both_published_files_pass(sample_home):
    place = sample_home / "warehouse" / "current"
    for path in (sample_home, place / "customers.duckdb", place / "customers_pseudonymised.duckdb"):
        done = validate(path)
        assert (done.exit_code, " 0 failed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("damage", "table", "claim"),
    [
        ("insert into profiles from profiles limit 1", "marts.profiles", "key_is_unique_and_complete"),
        ("update orders set profile_id = 'p0' where order_id = (select min(order_id) from orders)",
         "orders", "every profile_id is one of profiles"),
        ("update orders set total = total + 1 where total > 0", "golden.orders", "totals_in_are_totals_out"),
        ("drop table segments", "segment_members", None),
    ],
)
def test_a_damaged_published_file_does_not_pass(served, damage, table, claim):
    with duckdb.connect(str(served)) as con:
        con.execute(damage)
    failed = [one for one in said_of(served) if not one["passed"]]
    assert claim is None or (table, claim) in [(one["table_name"], one["check_name"]) for one in failed]
    assert claim is None or validate(served).exit_code == 1


def test_a_torn_database_does_not_pass(served):
    served.write_bytes(served.read_bytes()[:5000])
    done = validate(served)
    assert done.exit_code == 1 and "cdp run" in done.stdout


# What CI reads ---------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]


def test_the_page_and_the_xml_escape_whatever_a_file_is_called(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    for name in ("<script>alert(1)<!--.csv", "a\x1b[31m\x07.csv", "&amp;'\"].csv", "=cmd|' !A0.csv"):
        (exports / name).write_bytes(b"<html>")
    done = validate(exports, "--junit", tmp_path / "j.xml", "--html", tmp_path / "v.html")
    assert done.exit_code == 1
    suite = xml.parse(tmp_path / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))) == (
        "4", "4", 4)
    tags = Tags((tmp_path / "v.html").read_text(encoding="utf-8")).found
    assert "table" in tags and not tags & {"script", "link", "img", "iframe"}


def test_a_warning_is_a_failure_for_ci_only_where_it_is_strict(tmp_path):
    (tmp_path / "Contact.csv").write_bytes(contacts())
    for strict, failures in ((), "0"), (("--strict",), "1"):
        validate(tmp_path / "Contact.csv", *strict, "--junit", tmp_path / "j.xml")
        assert xml.parse(tmp_path / "j.xml").getroot()[0].get("failures") == failures


def test_the_workflows_of_the_docs_are_yaml_and_call_what_is_there():
    text = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
    blocks = [part.partition("\n```")[0] for part in text.split("```yaml\n")[1:]]
    assert len(blocks) == 4
    for block in blocks:
        assert yaml.safe_load(block)
        for line in block.splitlines():
            if "cdp " in line and "cdp.toml" not in line:
                command = line.partition("cdp ")[2].split()
                options = {word for word in command if word.startswith("--")}
                said = CliRunner().invoke(main, [command[0], "--help"]).output
                assert all(option in said for option in options), line
            if "run: make " in line:
                assert f"\n{line.partition('make ')[2]}:" in (PROJECT / "Makefile").read_text(encoding="utf-8")

