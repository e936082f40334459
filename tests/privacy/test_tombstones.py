"""Whoever was erased stays erased, whatever is delivered in whatever order, and nobody else goes."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from faults.deliveries import contact, contacts, events
from support import PROJECT, SAMPLE_AS_OF, tables_of

from connectors.reading import ERASED
from dagster_project import landing
from dagster_project.catalog import load_catalog
from dagster_project.gate import check
from dagster_project.lake import Lake, connect
from dagster_project.privacy import index, ledger
from dagster_project.privacy.keys import add_key, load_keys
from dagster_project.privacy.subjects import Identifier, Subject, find_subject
from dagster_project.privacy.tombstones import (
    READS,
    KeyLost,
    StillPublished,
    Tombstone,
    erasure,
    left_over,
    lift,
    live,
    tombstones_of,
)
from dagster_project.run import open_run
from dagster_project.settings import Settings, load_settings

AT = datetime(2026, 6, 1, 12)
ADA = "salesforce:contact:003000000000001AAA"
CASES = b"""Id,CaseNumber,Status,ContactId,SuppliedEmail,SuppliedPhone,SuppliedName
500000000000001AAA,1,New,003000000000001AAA,,,
500000000000002AAA,2,New,003000000000002AAA,,,
500000000000003AAA,3,New,,ada@lovelace.net,,
500000000000004AAA,4,New,,,(212) 555-0147,
500000000000005AAA,5,New,,g@hopper.net,(212) 555-0147,
500000000000006AAA,6,New,,home@byron.net,,Ada Lovelace
500000000000007AAA,7,New,,home@byron.net,,Anne Byron
500000000000008AAA,8,New,,home@byron.net,,
"""
TASKS = b"""Id,Subject,ActivityDate,Status,WhoId,WhatId
00T000000000001AAA,Call,2026-05-01,Done,003000000000001AAA,
00T000000000002AAA,Call,2026-05-01,Done,003000000000002AAA,500000000000003AAA
00T000000000003AAA,Call,2026-05-01,Done,,500000000000003AAA
00T000000000004AAA,Call,2026-05-01,Done,,500000000000005AAA
"""
ITEMS = b"""Date,Time,Time Zone,Item,Qty,Gross Sales,Net Sales,Transaction ID,Payment ID,Customer ID,Customer Reference ID
2026-05-01,10:00:00,UTC,Tea,1,$4.00,$4.00,sale1,pay1,ADA,
2026-05-01,10:00:00,UTC,Cake,1,$3.00,$3.00,sale1,pay1,,
2026-05-01,11:00:00,UTC,Tea,1,$4.00,$4.00,sale2,pay2,GRACE,7210448300002
2026-05-01,12:00:00,UTC,Tea,1,$4.00,$4.00,sale3,pay3,ADA2,7210448300001
"""
LOG = b"""203.0.113.7 - - [31/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "Firefox" "vid=adas"
203.0.113.7 - - [31/May/2026:10:05:04 +0000] "GET / HTTP/1.1" 200 5 "-" "Firefox" "vid=graces"
203.0.113.7 - ada@lovelace.net [31/May/2026:10:05:05 +0000] "GET / HTTP/1.1" 200 5 "-" "Firefox" "-"
203.0.113.7 - - [31/May/2026:10:05:06 +0000] "GET /?mc_eid=abc HTTP/1.1" 200 5 "-" "Firefox" "-"
203.0.113.7 - - [31/May/2026:10:05:07 +0000] "GET / HTTP/1.1" 200 5 "https://a.shop/?mc_eid=abc" "Firefox" "vid=graces"
"""
CALLS = b"""{"messageId": "c1", "type": "page", "userId": "7210448300001", "anonymousId": "x", "timestamp": "2026-05-01T10:00:00Z"}
{"messageId": "c2", "type": "page", "userId": "7210448300002", "anonymousId": "x", "timestamp": "2026-05-01T10:00:01Z"}
"""
FILES = {
    "Contact.csv": contacts(
        contact(1),
        contact(2, last="Hopper", first="Grace", email="g@hopper.net"),
        contact(3, email="Ada@Lovelace.net"),
        contact(4, email="ada+news@lovelace.net"),
    ),
    "Case.csv": CASES,
    "Task.csv": TASKS,
    "items.csv": ITEMS,
    "access.log": LOG,
    "calls.json": CALLS,
    "mails.json": events(
        {}, {"email": "g@hopper.net"}, {"email": "no@mail.example", "url": "https://a.shop/?mc_eid=abc"}
    ),
}
WHOSE = (
    ("record", ADA), ("record", "square:customers:ADA"), ("record", "mailchimp:members:abc"),
    ("email", "ada@lovelace.net"), ("phone", "+12125550147"), ("visitor", "weblogs:adas"),
    ("email_name", "home@byron.net|ada lovelace"), ("record", "shopify:customers:7210448300001"),
    ("reference", "shopify:customers:7210448300001"),
)
LEFT = {
    "salesforce__contact": ["003000000000002AAA"],
    "salesforce__case": [f"50000000000000{n}AAA" for n in (2, 5, 7, 8)],
    "salesforce__task": ["00T000000000002AAA", "00T000000000004AAA"],
    "square__items": ["sale2"],
    "weblogs__access": ["vid=graces"],
    "segment__events": ["c2"],
    "sendgrid__events": ["a1"],
}
"""What is left of the files when Ada is gone, by a column that tells rows apart."""

KEY_COLUMNS = {
    "square__items": "transaction_id", "weblogs__access": "cookie", "sendgrid__events": "sg_event_id",
    "segment__events": "message_id",
}


def settings_of(place: Path) -> Settings:
    return Settings(exports=place / "exports", home=place / "home")


def land(place: Path, files: dict[str, bytes], day: str = "2026-06-01") -> None:
    for name, content in files.items():
        path = place / "exports" / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def grave(settings: Settings, kind: str, value: str) -> Tombstone:
    key = load_keys(settings).current
    return Tombstone(kind, key.hash("record" if kind == "member" else kind, value), key.id, "")


def erase(place: Path, *whose: tuple[str, str], request: str = "dsr-1", at: datetime = AT) -> None:
    settings = settings_of(place)
    ledger.append(settings, erasure(request, [grave(settings, *one) for one in whose], at=at))


def night(place: Path) -> dict[str, list[tuple]]:
    """The raw layer and the subject index; returns the rows of every table."""
    with open_run(settings_of(place), as_of=SAMPLE_AS_OF) as run:
        for table in (*landing.tables(), *index.tables()):
            table.make(run)
        return {
            table: sorted(run.con.execute(run.lake.scan(table)).fetchall(), key=repr)
            for table in run.lake.tables()
        }


def keys_left(place: Path) -> dict[str, list[str]]:
    lake, found = Lake(place / "home" / "lake"), {}
    with connect() as con:
        for name in LEFT:
            column = KEY_COLUMNS.get(name, "id")
            rows = con.execute(f"select {column} from ({lake.scan(f'raw.{name}')}) order by 1").fetchall()
            found[name] = [row[0] for row in rows]
    return found


def bytes_below(home: Path) -> bytes:
    """All that Parquet files hold, as text, dropped rows' files included."""
    with connect() as con:
        found = [
            repr(con.execute(f"from read_parquet('{path}')").fetchall())
            for path in home.rglob("*.parquet")
        ]
    return "\n".join(found).encode()


@pytest.fixture
def place(tmp_path) -> Path:
    land(tmp_path, FILES)
    return tmp_path


@pytest.fixture(scope="module")
def read_once(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("read")
    land(place, FILES)
    night(place)
    return place


@pytest.fixture
def read(read_once, tmp_path) -> Path:
    """The same, after a night that read it."""
    return shutil.copytree(read_once, tmp_path / "read", symlinks=True)


@pytest.mark.fault(42)
@pytest.mark.parametrize("order", ["erased before", "erased after", "erased in two steps"])
def test_only_the_erased_persons_rows_go_and_are_counted(request, order):
    place = request.getfixturevalue("read" if order == "erased after" else "place")
    if order == "erased in two steps":
        erase(place, *WHOSE[:3])
        night(place)
        erase(place, *WHOSE[3:], request="dsr-2")
    else:
        erase(place, *WHOSE)
    found = night(place)
    assert keys_left(place) == LEFT
    files = {row[0].rpartition("/")[2]: row[9:14] for row in found["raw.source_files"]}
    # rows read, accepted, set aside, erased
    assert {name: row[:4] for name, row in files.items()} == {
        "Contact.csv": (4, 1, 3, 3), "Case.csv": (8, 4, 4, 4), "Task.csv": (4, 2, 2, 2),
        "items.csv": (4, 1, 3, 3), "access.log": (5, 1, 4, 4), "calls.json": (2, 1, 1, 1),
        "mails.json": (3, 1, 2, 2),
    }
    said = [row for row in found["raw.quarantine"] if row[5] == ERASED]
    assert len(said) == 7 and all(row[2] is None for row in said)


def test_erasing_before_or_after_a_delivery_gives_the_same_tables(place, read):
    erase(place, *WHOSE)
    before = night(place)
    shutil.copytree(settings_of(place).privacy, settings_of(read).privacy, dirs_exist_ok=True)
    (settings_of(read).privacy / "ledger.jsonl").unlink()
    erase(read, *WHOSE)
    assert night(read) == before


def test_nothing_of_the_dropped_rows_is_left_once_readers_let_go(read):
    erase(read, *WHOSE)
    night(read)
    with open_run(settings_of(read)) as run:
        gone = "raw.salesforce__contact"
        since = run.lake.manifest(gone).history[-2].version
        [before] = run.lake.changes(gone, since).before
        assert run.con.execute(f"select distinct last_name from ({before})").fetchall() == [("Lovelace",)]
        for contract in LEFT:
            run.lake.forget_gone(f"raw.{contract}")
    assert b"lovelace" not in bytes_below(read / "home").lower()


def test_the_same_exports_delivered_again_change_nothing(read):
    erase(read, *WHOSE)
    night(read)
    before = keys_left(read)
    # other bytes, so that they are read again
    land(read, {name: content + b"\n" for name, content in FILES.items()}, day="2026-06-03")
    found = night(read)
    after = keys_left(read)
    assert {name: sorted(set(keys)) for name, keys in after.items()} == before
    again = [row for row in found["raw.source_files"] if row[0].startswith("2026-06-03")]
    assert [sum(row[at] for row in again) for at in (9, 10, 12)] == [31, 11, 19]


def test_a_shared_mailbox_erases_nobody_else(place):
    erase(place, ("email_name", "home@byron.net|ada lovelace"))
    night(place)
    assert keys_left(place)["salesforce__case"] == [f"50000000000000{n}AAA" for n in (1, 2, 3, 4, 5, 7, 8)]


def test_what_could_not_be_cut_goes_by_its_text(tmp_path):
    broken = contacts(contact(1), "003000000000002AAA,false,Broken, ada@lovelace.net")
    land(tmp_path, {"Contact.csv": broken})
    night(tmp_path)
    assert b"ada@lovelace.net" in bytes_below(tmp_path / "home")
    erase(tmp_path, ("email", "ada@lovelace.net"))
    found = night(tmp_path)
    with open_run(settings_of(tmp_path)) as run:
        run.lake.forget_gone("raw.salesforce__contact")
    assert b"ada@lovelace.net" not in bytes_below(tmp_path / "home")
    assert [row[9:13] for row in found["raw.source_files"]] == [(2, 0, 2, 2)]


def test_a_lift_lets_new_deliveries_in_and_not_the_old_records(place):
    settings = settings_of(place)
    erase(place, *WHOSE)
    night(place)
    hashes = [grave(settings, "email", "ada@lovelace.net").hash]
    ledger.append(settings, lift("dsr-9", hashes, begins="2026-07-01", at=AT.replace(day=20)))
    news = contacts(contact(1), contact(9))
    land(place, {"Contact.csv": news}, day="2026-06-30")
    night(place)
    assert keys_left(place)["salesforce__contact"] == ["003000000000002AAA"]
    land(place, {"Contact.csv": news + b"\n"}, day="2026-07-01")
    night(place)
    assert keys_left(place)["salesforce__contact"] == ["003000000000002AAA", "003000000000009AAA"]
    # erased once more, she is gone once more
    erase(place, ("email", "ada@lovelace.net"), request="dsr-10", at=AT.replace(month=8))
    night(place)
    assert keys_left(place)["salesforce__contact"] == ["003000000000002AAA"]


def test_tombstones_under_an_older_key_still_hold(place):
    settings = settings_of(place)
    erase(place, *WHOSE[:4])
    before = night(place)
    add_key(settings)
    assert {t: rows for t, rows in night(place).items() if t != index.INDEX} == {
        t: rows for t, rows in before.items() if t != index.INDEX
    }
    land(place, {"Contact.csv": FILES["Contact.csv"] + b"\n"}, day="2026-06-03")
    night(place)
    assert keys_left(place)["salesforce__contact"] == ["003000000000002AAA"] * 2
    erase(place, *WHOSE[4:], request="dsr-2")
    night(place)
    assert keys_left(place)["salesforce__case"] == LEFT["salesforce__case"]


def test_without_their_key_nothing_is_read(place):
    settings = settings_of(place)
    erase(place, *WHOSE)
    shutil.rmtree(settings.privacy)
    night_before = ledger.read_ledger(settings)
    with pytest.raises(KeyLost):
        night(place)
    assert ledger.read_ledger(settings) == night_before
    assert not Lake(settings.lake).manifest("raw.salesforce__contact")


@pytest.mark.parametrize("copy", [0, 1])
def test_either_copy_of_the_ledger_is_enough(place, copy):
    settings = settings_of(place)
    erase(place, *WHOSE)
    copies = [settings.privacy / "ledger.jsonl", settings.state / "privacy" / "ledger.jsonl"]
    copies[copy].unlink()
    night(place)
    assert keys_left(place) == LEFT
    assert copies[0].read_text() == copies[1].read_text()


def test_a_torn_line_of_the_ledger_is_written_again(tmp_path):
    settings = settings_of(tmp_path)
    erase(tmp_path, WHOSE[0])
    path = settings.privacy / "ledger.jsonl"
    path.write_text(path.read_text()[:40])
    erase(tmp_path, WHOSE[1], request="dsr-2", at=AT.replace(day=2))
    assert [one.request_id for one in ledger.read_ledger(settings)] == ["dsr-1", "dsr-2"]
    erase(tmp_path, WHOSE[1], request="dsr-2", at=AT.replace(day=2))
    assert len(path.read_text().splitlines()) == 3  # the torn one, and each once
    assert path.stat().st_mode & 0o077 == 0


def test_a_restored_backup_is_cleaned_by_the_next_run(read):
    settings = settings_of(read)
    shutil.copytree(settings.home, read / "backup")
    erase(read, *WHOSE)
    cleaned = night(read)
    shutil.rmtree(settings.home)
    (read / "backup").rename(settings.home)
    assert night(read) == cleaned


def test_a_night_without_erasures_looks_at_nothing(read, monkeypatch):
    monkeypatch.setattr("dagster_project.privacy.tombstones.name_cells", None)
    land(read, {"Contact.csv": FILES["Contact.csv"] + b"\n"}, day="2026-06-03")
    with open_run(settings_of(read)) as run:
        for table in landing.tables():
            table.make(run)


def test_the_last_look_before_publishing_counts_who_is_still_there(place):
    erase(place, ("record", ADA), ("email", "ada@lovelace.net"))
    with open_run(settings_of(place)) as run:
        records = f"select unnest(['{ADA}', 'salesforce:contact:x']) as record_key"
        assert left_over(run, records) == 1
        with run.lake.staging("identity.profile_records") as staged:
            file = staged / "rows.parquet"
            run.con.execute(f"copy ({records}) to '{file}' (format parquet)")
            run.lake.commit_whole("identity.profile_records", file, made_from={})
        with pytest.raises(StillPublished, match="^1 records"):
            check(run)


# Whose identifiers they are ------------------------------------------------------------------------


def subject(**known) -> Subject:
    nothing = dict.fromkeys(("profile_ids", "records", "doubtful", "visitors", "orders", "identifiers",
                             "names"), ())
    return Subject(**nothing | known)


def test_tombstones_are_of_what_is_nobody_elses():
    key = load_keys
    asked = subject(
        records=("salesforce:contact:1", "mailchimp:members:abc"),
        visitors=("weblogs:cookie", "weblogs:session"),
        orders=("square:s1", "shopify:77"),
        identifiers=(
            Identifier("email", "ada+shop@lovelace.net", True, ()),
            Identifier("email", "home@byron.net", False, ()),
            Identifier("phone", "+12125550147", True, ()),
            Identifier("phone", "+12125550000", False, ()),
        ),
        names=("ada lovelace", "a lovelace"),
    )
    key = type("Plain", (), {"id": "k", "hash": staticmethod(lambda kind, value: f"{kind}={value}")})
    con = connect()
    con.execute((PROJECT / "sql" / "functions.sql").read_text(encoding="utf-8"))
    con.execute("""
        create schema identity; create schema standard; create schema staging;
        create table standard.identifiers as from (values
            ('salesforce:contact:1', 'email', 'ada+shop@lovelace.net'),
            ('salesforce:contact:1', 'email', 'home@byron.net'),
            ('salesforce:contact:2', 'email', 'home@byron.net')) as t(record_key, kind, value);
        create table standard.record_links as
            select 'square:customers:2' as record_key, 'salesforce:contact:1' as linked_record;
        create table standard.web_requests as from (values
            ('l1', date '2026-05-01', 'weblogs:session', false),
            ('l2', date '2026-05-02', 'weblogs:session', false),
            ('l3', date '2026-05-02', 'weblogs:graces', false),
            ('l4', date '2026-05-01', 'weblogs:nobodys', false)
        ) as t(line_key, occurred_on, visitor_id, has_cookie);
        create table identity.visitors as from (values
            ('weblogs:session', 'p1'), ('weblogs:graces', 'p2'), ('weblogs:nobodys', null)
        ) as t(visitor_id, profile_id);
        create table staging.weblogs__access as
            select line_key, occurred_on, '203.0.113.7' as address, 'Firefox' as user_agent
            from standard.web_requests;
        create table staging.weblogs__cloudfront as from staging.weblogs__access where false;
        create macro agent() as agent_key('203.0.113.7', 'Firefox');
    """)
    [found] = tombstones_of(con, [asked], key, at=AT)
    [(agent,)] = con.execute("select agent()").fetchall()
    assert {(one.kind, one.hash) for one in found} == {
        ("record", "record=salesforce:contact:1"), ("member", "record=mailchimp:members:abc"),
        # what somebody else's till record noted, the contact, names nobody
        ("reference", "reference=mailchimp:members:abc"),
        ("visitor", "visitor=weblogs:cookie"), ("visitor", "visitor=weblogs:session"),
        # on the second of May somebody else is known by that address and agent
        ("visitor", f"visitor=weblogs:{agent}@2026-05-01"),
        ("order", "order=square:s1"), ("order", "order=shopify:77"),
        ("record", "record=shopify:orders:77"),
        ("email", "email=ada+shop@lovelace.net"), ("email", "email=ada@lovelace.net"),
        ("email_name", "email_name=home@byron.net|ada lovelace"),
        ("email_name", "email_name=home@byron.net|a lovelace"),
        ("phone", "phone=+12125550147"),
    }
    # whose address is shared with nobody but who is erased in the same job has it alone
    other = subject(
        records=("salesforce:contact:2",), identifiers=(Identifier("email", "home@byron.net", True, ()),)
    )
    for one in tombstones_of(con, [asked, other], key, at=AT):
        assert [grave.hash for grave in one if "byron" in grave.hash] == ["email=home@byron.net"]
    con.close()


def test_a_lift_ends_what_follows_and_keeps_records_and_orders(tmp_path):
    settings = settings_of(tmp_path)
    graves = [grave(settings, *one) for one in (*WHOSE, ("member", "mailchimp:members:x"))]
    entry = erasure("dsr-1", graves, at=AT)
    following = ledger.Entry("follow-1", "2026-06-02", ledger.FOLLOW, None, {
        "of": entry.entry_id, "tombstones": [{"key": "k", "kind": "order", "hash": "h"}]})
    lifted = lift("dsr-2", [graves[3].hash], begins="2026-07-01", at=AT.replace(day=9))
    found = live([entry, following, lifted])
    assert {one.kind for one in found if one.until is None} == {"record"}
    assert {one.kind for one in found if one.until} == {
        "email", "email_name", "phone", "visitor", "member", "order", "reference"}


# The whole job -------------------------------------------------------------------------------------

OF_THE_RUN_BEFORE = {"identity.accuracy_reference"}
LAYERS = ("raw", "index", "staging", "standard", "identity", "golden", "workings")


def made(settings: Settings) -> tuple[dict[str, str], dict[str, list[tuple]]]:
    """What follows from what was delivered, up to who is who and what each did: outcomes and rows."""
    with open_run(settings, as_of=SAMPLE_AS_OF) as run:
        outcomes = {}
        for name, table in load_catalog(settings).items():
            is_wanted = name.split(".")[0] in LAYERS and not name.startswith("workings.score")
            if is_wanted and outcomes.keys() >= set(table.inputs):
                outcomes[name] = table.make(run).outcome
    return outcomes, {
        table: rows
        for table, rows in tables_of(settings.home, layers=LAYERS[2:]).items()
        if table in outcomes
    }


def test_after_an_erasure_a_part_of_the_tables_made_again_is_as_all_of_them(
    company, company_home, tmp_path
):
    home = shutil.copytree(company_home.parent, tmp_path / "all", symlinks=True) / "home"
    settings = load_settings(directory=PROJECT, environment={}, exports=company, home=home)
    with open_run(settings) as run:
        for table in (*READS, "golden.profiles"):
            run.view(table)
        [(profile,)] = run.con.execute("""select profile_id from golden.profiles
            order by source_record_count desc, profile_id limit 1""").fetchall()
        [graves] = tombstones_of(
            run.con, [find_subject(run, [profile])], load_keys(settings).current, at=AT
        )
    ledger.append(settings, erasure("dsr-1", graves, at=AT))
    outcomes, parts = made(settings)
    assert outcomes["staging.weblogs__access"] == outcomes["golden.events"] == "part"
    assert [row[2] for row in parts["identity.profile_changes"] if row[1] == "erased"] == [profile]
    assert {table for table, rows in parts.items() if any(profile in row for row in rows)} == {
        "identity.profile_changes", "identity.issued_profile_ids"}
    shutil.rmtree(settings.lake)
    _, whole = made(settings)
    assert [t for t in whole.keys() - OF_THE_RUN_BEFORE if whole[t] != parts[t]] == []
