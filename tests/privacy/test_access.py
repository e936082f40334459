"""What is handed over: all of one person's rows, each once, what they mean, and nothing of others."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from support import SAMPLE

import connectors
from dagster_project.cli import main
from dagster_project.lake import DamagedError, Lake, connect
from dagster_project.privacy import access, delivered, readings, requests
from dagster_project.privacy.access import ACCESS, PORTABILITY, AccessError, Package, Part
from dagster_project.privacy.subjects import Subject, find_subjects
from dagster_project.settings import PROJECT, Settings, load_settings

AT = datetime(2026, 6, 2, 12, tzinfo=UTC)
PACKAGES = int(os.environ.get("CDP_PACKAGES", "5"))
"""For how many people of the sample every delivered row is looked at; more take longer."""


@pytest.fixture(scope="module")
def settings(sample_home, tmp_path_factory) -> Settings:
    """The sample's home, copied: what is read of it is noted in it."""
    home = tmp_path_factory.mktemp("access") / "home"
    before = load_settings(directory=PROJECT, environment={}, home=sample_home)
    copied = load_settings(directory=PROJECT, environment={}, home=home)
    shutil.copytree(before.home, copied.home, symlinks=True)
    shutil.copytree(before.privacy, copied.privacy)  # the key of the subject index
    return copied


@pytest.fixture(scope="module")
def con(settings):
    with access.opened(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def people(settings) -> list[Subject]:
    """Everybody of the sample, those of most records first."""
    with duckdb.connect(str(settings.database.resolve()), read_only=True) as published:
        ids = published.execute("select profile_id from profiles order by 1").fetchall()
    found = find_subjects(settings, [list(one) for one in ids])
    return sorted(found, key=lambda one: (-len(one.records), one.profile_ids))


@pytest.fixture(scope="module")
def package(con, settings, people) -> Package:
    return access.gather(con, settings, people[0], kind=ACCESS, at=AT)


def truth(table: str) -> pl.DataFrame:
    return pl.read_parquet(SAMPLE / "truth" / f"{table}.parquet")


@pytest.fixture(scope="module")
def owner():
    """Whose a delivered row is by the simulator, of exports of which it tells; None for nobody's."""
    records = dict(truth("records").select("record_key", "person_id").rows())
    sales = truth("orders").filter("is_named")  # of the others nobody says who bought
    orders = dict(sales.select("order_id", "person_id").rows())
    events = {(system, key): who for who, system, key in
              truth("events").select("person_id", "system", "record_id").rows()}

    def told(export: str, row: dict) -> str | None:
        system = export.partition("__")[0]
        match export:
            case "salesforce__contact" | "salesforce__lead":
                return records.get(f"{export.replace('__', ':')}:{row['id']}")
            case "mailchimp__members":
                return records.get(f"mailchimp:members:{row['euid']}")
            case "shopify__customers":
                return records.get(f"shopify:customers:{row['customer_id']}")
            case "shopify__orders":
                return orders.get(f"shopify:{row['id']}")
            case "square__items" | "square__transactions":
                return orders.get(f"square:{row['transaction_id']}")
            case "sendgrid__events":
                return events.get((system, row["sg_event_id"]))
            case "typeform__responses":
                return events.get((system, row["response_id"]))
            case "salesforce__case" | "salesforce__task" | "salesforce__campaign_member":
                return events.get((system, row["id"]))
        return None

    return told


def rows_of(con, settings, subject: Subject) -> dict[str, tuple[dict, ...]]:
    access.define_mine(con, subject)
    found = delivered.delivered_rows(con, settings, keys="subject_keys", days="subject_days")
    return {one.contract.name: one.rows for one in found}


def test_each_planted_row_of_a_person_is_there_once_and_no_other_persons(con, settings, people, owner):
    """By the simulator's truth, for people whom linkage found whole."""
    lake, planted = Lake(settings.lake), {}
    for table in (name for name in lake.tables() if name.startswith("raw.")):
        export = table.removeprefix("raw.")
        if export in ("as_of", "settings", "source_files", "deliveries", "quarantine"):
            continue
        for row in con.sql(lake.scan(table)).to_arrow_table().to_pylist():
            if who := owner(export, row):
                planted.setdefault(who, Counter())[export] += 1
    whose = dict(truth("records").select("record_key", "person_id").rows())
    known: dict[str, set] = {}
    for record, person in whose.items():
        known.setdefault(person, set()).add(record)
    whole = [one for one in people if known[whose[one.records[0]]] == set(one.records)]
    for subject in whole[:: max(len(whole) // PACKAGES, 1)][:PACKAGES]:
        person = whose[subject.records[0]]
        counted: Counter = Counter()
        for export, rows in rows_of(con, settings, subject).items():
            placed = [(row["delivered_file"], row["delivered_row"]) for row in rows]
            assert None in placed[0] or len(set(placed)) == len(placed)
            owners = [owner(export, row) for row in rows]
            assert set(owners) <= {person, None}
            counted[export] += owners.count(person)
        assert +counted == planted[person]


def test_every_hit_of_a_persons_visits_is_handed_over(con, settings, people, package):
    logs = [part for part in package.parts if part.name.startswith("source/weblogs")]
    access.define_mine(con, people[0])
    [(lines,)] = con.execute("select count(*) from subject_lines").fetchall()
    # a line that was delivered twice is there twice
    assert sum(len(part.rows) for part in logs) >= lines > 0


def test_what_is_published_of_a_profile_is_handed_over_or_said_why_not(settings, people, package):
    """So a table that is new tomorrow is in it too."""
    profile = people[0].profile_ids[0]
    handed = {part.name: len(part.rows) for part in package.parts}
    with duckdb.connect(str(settings.database.resolve()), read_only=True) as published:
        tables = published.execute("""
            select table_name from duckdb_columns()
            where schema_name = 'main' and column_name = 'profile_id'
        """).fetchall()
        for (table,) in tables:
            count = f"select count(*) from {table} where profile_id = ?"
            [(rows,)] = published.execute(count, [profile]).fetchall()
            assert table in access.LEFT_OUT or handed.get(table, 0) == rows, table
    assert len(handed) > 25


def test_every_score_is_told_with_its_meaning(con):
    scores = con.execute("select distinct score from published.main.scores").fetchall()
    assert {score for (score,) in scores} <= set(access.SCORES)


def test_nothing_of_others_is_told_with_a_household_or_a_link(package, people):
    parts = {part.name: part for part in package.parts}
    assert not set(access.OF_OTHERS) & {name for part in package.parts for name in part.columns}
    ends = {row[end] for row in parts["links"].rows for end in ("left_record", "right_record")}
    assert ends <= set(people[0].records)


@pytest.fixture(scope="module")
def doubted(settings, people) -> Subject:
    """Somebody whose scored links are held to be too weak, so that some records are in doubt."""
    strict = find_subjects(settings, [one.profile_ids[:1] for one in people], confidence=1.0)
    return next(one for one in strict if one.doubtful and len(one.records) > 1)


def test_a_doubtful_record_is_told_to_the_reviewer_and_not_to_the_person(
    con, settings, doubted, tmp_path
):
    place = tmp_path / "package"
    written = access.write_package(settings, doubted, place, at=AT)
    told = b"".join(path.read_bytes() for path in place.rglob("*.*")).decode()
    for doubt in doubted.doubtful:
        assert doubt.record_key not in told
        assert doubt.record_key.rpartition(":")[2] not in told
    with access.review_file(place).open(encoding="utf-8", newline="") as review:
        assert [row["record_key"] for row in csv.DictReader(review)] == [
            doubt.record_key for doubt in doubted.doubtful
        ]
    assert written.doubtful == len(doubted.doubtful)
    assert "You in figures" in written.withheld
    assert {"customer_facts", "scores", "segments"}.isdisjoint(part.name for part in written.parts)
    orders = {row["order_id"] for part in written.parts if part.name == "orders" for row in part.rows}
    assert orders <= set(doubted.orders)


def test_of_whom_only_an_address_is_known_all_that_is_known_of_it_is_handed_over(
    con, settings, people
):
    carried = [one for person in people for one in person.identifiers if one.is_own]
    mine = next(one for one in carried if one.kind == "email")
    stranger = Subject((), (), (), (), (), (mine,), ())
    found = access.gather(con, settings, stranger, kind=ACCESS, at=AT)
    parts = {part.name: part.rows for part in found.parts}
    assert {row["actor_key"] for row in parts["events"]} == {f"email:{mine.value}"}
    assert {row["email"].lower() for row in parts["source/sendgrid__events"]} == {mine.value}
    assert "details" not in parts and "source/shopify__customers" not in parts
    assert not found.withheld


def test_a_damaged_file_is_not_handed_over(settings, people, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(settings.home, home, symlinks=True)
    lake = Lake(home / "lake")
    for part in lake.manifest("raw.shopify__orders").parts:
        (lake.directory("raw.shopify__orders") / part.file).write_bytes(b"PAR1")
    buyer = next(one for one in people if any(order.startswith("shopify") for order in one.orders))
    with pytest.raises(DamagedError):
        access.write_package(replace(settings, home=home), buyer, tmp_path / "package", at=AT)
    assert not list(tmp_path.glob("package*"))


def test_what_is_taken_along_is_what_the_person_gave_or_did(con, settings, people, package):
    portable = access.gather(con, settings, people[0], kind=PORTABILITY, at=AT)
    names = {part.name for part in portable.parts}
    assert {"details", "orders", "events", "consent_ledger"} <= names
    concluded = {part.name for part in package.parts if part.origin not in access.PORTABLE}
    assert not names & concluded
    assert not {name for name in names if name.startswith("source/")}
    did = {row["event_type"] for part in portable.parts if part.name == "events" for row in part.rows}
    assert did and not did & set(access.DONE_BY_US)


def test_a_package_is_for_its_owners_eyes_and_its_files_say_the_same(settings, people, tmp_path):
    place, packed = tmp_path / "package", tmp_path / "package.zip"
    for one in (place, packed):
        access.write_package(settings, people[0], one, kind=PORTABILITY, at=AT)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [*place.rglob("*.*"), packed]}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, place / "csv")} == {0o700}
    with zipfile.ZipFile(packed) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*.*")}
    assert inside == files
    data = json.loads(files["data.json"])
    for name, part in data["parts"].items():
        rows = list(csv.DictReader(io.StringIO(files[f"csv/{name}.csv"].decode())))
        assert len(rows) == len(part["rows"])


def test_no_package_is_written_into_the_home_or_over_anything(settings, people, tmp_path):
    (tmp_path / "there").mkdir()
    for place in (settings.home / "package", tmp_path / "there"):
        with pytest.raises(AccessError):
            access.write_package(settings, people[0], place)
    assert not (settings.home / "package").exists()


def test_hostile_values_are_neither_run_nor_taken_for_formulas():
    value = "=1+1<script>alert(1)</script>"
    part = Part("orders", value, value, access.SEEN, {"note": None}, ({"note": value, "tel": "+1 212"},))
    files = dict(access.files_of(Package(ACCESS, AT, None, ("p1",), (part,), (), 0)))
    assert b"<script" not in files["index.html"]
    assert list(csv.reader(io.StringIO(files["csv/orders.csv"].decode())))[1] == ["'" + value, "+1 212"]
    assert json.loads(files["data.json"])["parts"]["orders"]["rows"][0]["note"] == value


# Whose a row is ------------------------------------------------------------------------------------

CONTACT, LEAD, CASE = "003000000000001AAA", "00Q000000000001AAA", "500000000000001AAA"

MINE = [
    ("record", f"salesforce:contact:{CONTACT}"),
    ("record", f"salesforce:lead:{LEAD}"),
    ("email", "me@home.net"),
    ("order", "shopify:#1@2026-01-01 00:00:00"),
]


@pytest.fixture(scope="module")
def whose():
    """Raw rows of one export in, by row number those that are mine. Known are also record 2 of contacts
    and leads, order #2, and she@home.net."""

    def find(place: Path, export: str, rows: list[dict], aside: dict | None = None) -> list[int]:
        contract = connectors.contract(export)
        columns = [*contract.column_names, "_extra", "_file", "record_key", "order_key"]
        table = pl.DataFrame(
            [dict.fromkeys(columns) | row | {"_row_number": at} for at, row in enumerate(rows, start=1)],
            schema=dict.fromkeys(columns, pl.String) | {"_row_number": pl.Int64},
        ).with_columns(pl.lit(datetime(2026, 6, 1)).alias("_delivered_at"))
        lake = Lake(place / "lake")
        lake.directory(f"raw.{export}").mkdir(parents=True)
        with lake.staging(f"raw.{export}") as staging:
            table.write_parquet(staging / "part.parquet")
            beside = None
            if aside:
                beside = staging / "aside.parquet"
                pl.DataFrame({"row_number": list(aside), "column_name": ["id"] * len(aside),
                              "raw_text": list(aside.values())}).write_parquet(beside)
            part = (staging / "part.parquet", beside, None, {"sha256": "0" * 64})
            lake.commit_added(f"raw.{export}", [part], made_from={})
        settings = Settings(exports=place, home=place)
        with connect() as con:
            con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
            for schema in ("identity", "standard", "workings"):
                con.execute(f"create schema {schema}")
            con.execute("""
                create table keys as select unnest($1::varchar[]) as kind, unnest($2::varchar[]) as value
            """, [list(column) for column in zip(*MINE, strict=True)])
            con.execute("create table days as select date '2026-06-01' as occurred_on")
            con.execute("""
                create table identity.profile_records as
                select value as record_key from keys where kind = 'record'
                union all select replace(value, '1AAA', '2AAA') from keys where kind = 'record'
            """)
            con.execute("create table identity.visitors as select 'weblogs:1' as visitor_id")
            con.execute("create table standard.delivered_orders as select 'square:1' as order_id")
            con.execute("""
                create table standard.identifiers as
                select 'email' as kind, unnest(['me@home.net', 'she@home.net']) as value
            """)
            con.execute("create table standard.phone_numbers as select '1' as phone_text, '+1' as phone")
            con.execute("create table standard.web_requests as select 'x' as line_key")
            con.execute("""
                create table workings.order_sources as
                select unnest(['#1@2026-01-01 00:00:00', '#2@2026-01-01 00:00:00']) as order_key
            """)
            found = delivered.delivered_rows(con, settings, keys="keys", days="days")
            return [row["delivered_row"] for one in found for row in one.rows]

    return find


@pytest.mark.parametrize(
    ("row", "is_mine"),
    [
        ({"contact_id": CONTACT}, True),
        ({"contact_id": CONTACT[:15]}, True),
        ({"contact_id": CONTACT, "supplied_email": "she@home.net"}, True),
        ({"contact_id": CONTACT.replace("1AAA", "2AAA"), "supplied_email": "me@home.net"}, False),
        ({"supplied_email": " Me@Home.net "}, True),
        ({"supplied_email": "she@home.net"}, False),
        ({"supplied_email": "me@home.net", "contact_email": "she@home.net"}, False),
        ({"contact_id": CONTACT.replace("1AAA", "9AAA"), "supplied_email": "me@home.net"}, True),
        ({"supplied_name": "Me"}, False),
    ],
)
def test_a_row_is_whose_record_it_refers_to_then_whose_address_it_has(tmp_path, whose, row, is_mine):
    given = {"id": CASE, "record_key": f"salesforce:case:{CASE}"} | row
    assert whose(tmp_path, "salesforce__case", [given]) == ([1] if is_mine else [])


def test_all_lines_of_an_order_are_whose_order_it_is(tmp_path, whose):
    mine, other = ("#1@2026-01-01 00:00:00", "#2@2026-01-01 00:00:00")
    rows = [
        {"order_key": mine, "email": "she@home.net"},
        {"order_key": mine},
        {"order_key": other, "email": "me@home.net"},
        {"order_key": "#3@2026-01-01 00:00:00", "email": "me@home.net"},
    ]
    assert whose(tmp_path, "shopify__orders", rows) == [1, 2, 4]


def test_a_judgement_of_two_records_is_told_when_both_are_the_persons(tmp_path, whose):
    mine, also, other = (f"salesforce:{one}" for one in (
        f"contact:{CONTACT}", f"lead:{LEAD}", f"contact:{CONTACT.replace('1AAA', '2AAA')}"))
    rows = [
        {"left_record": mine, "right_record": also},
        {"left_record": mine, "right_record": other},
    ]
    assert whose(tmp_path, "corrections__pair_decisions", rows) == [1]


def test_rows_that_were_set_aside_are_held_and_so_handed_over(tmp_path, whose):
    rows = [{"response_id": "a", "email": "me@home.net"}, {}, {}, {}]
    aside = {
        1: None,
        2: "a line with me@home.net in it",
        3: "me@home.net and she@home.net",
        4: "nobody",
    }
    assert whose(tmp_path, "typeform__responses", rows, aside) == [1, 2]


# Who read -----------------------------------------------------------------------------------------


def test_reading_a_profile_is_noted_by_user_id_and_moment_only(settings, people, tmp_path):
    subject = people[0]
    before = len(readings.readings_of(settings, subject.profile_ids))
    email = next(one.value for one in subject.identifiers if one.kind == "email" and one.is_own)
    home = ["--home", str(settings.home)]
    for command in (
        ["profile", email, *home, "--json"],
        ["explain", *subject.records[:2], *home, "--json"],
        ["privacy", "portability", email, *home, "--out", str(tmp_path / "package")],
    ):
        done = CliRunner().invoke(main, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    found = readings.readings_of(settings, subject.profile_ids)[before:]
    assert [one["command"] for one in found] == ["profile", "explain", "privacy portability"]
    assert {frozenset(one) for one in found} == {frozenset(("at", "user", "command", "profile_id"))}
    noted = readings.readings_files(settings)
    assert noted and not any(email in path.read_text(encoding="utf-8") for path in noted)


def test_a_request_is_done_once_its_package_is_written_and_in_review_while_in_doubt(
    settings, doubted, tmp_path
):
    for request_id, confidence in (("sure", "0.5"), ("doubted", "1")):
        command = ["privacy", "portability", doubted.profile_ids[0], "--home", str(settings.home)]
        chosen = ["--request", request_id, "--confidence", confidence]
        out = ["--out", str(tmp_path / request_id)]
        done = CliRunner().invoke(main, [*command, *chosen, *out])
        assert done.exit_code == 0, done.output
    found = {one.request_id: one.state for one in requests.read_requests(settings)}
    assert found["sure"] == requests.DONE
    assert found["doubted"] == requests.IN_REVIEW


def test_what_cannot_be_noted_is_not_shown(people, settings, tmp_path):
    nowhere = replace(settings, home=tmp_path / "gone")
    with pytest.raises(OSError):
        readings.note_reading(nowhere, "profile", people[0].profile_ids)
