"""What names a person is found wherever it stands and however it is written; nothing else is."""

from __future__ import annotations

import bz2
import gzip
import json
import sqlite3
import zipfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.privacy.verifying import NothingSought, sought_by, verify
from dagster_project.settings import Settings

WHO = ("Ann.Lee+news@Example.com", "(212) 555-0142", "salesforce:contact:003Hs00002BLnW7IAL")


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "exports").mkdir()
    (tmp_path / "home").mkdir()
    return Settings(exports=tmp_path / "exports", home=tmp_path / "home")


def hits(settings: Settings, *texts: str) -> list[tuple]:
    found = verify(settings, sought_by(texts or WHO, country="US"))
    return [(hit.file, hit.place, hit.kind) for hit in found]


@pytest.mark.parametrize(
    "written",
    [
        "ann.lee+news@example.com", "ANN.LEE+NEWS@EXAMPLE.COM", "ann.lee@example.com",
        "mailto:ann.lee@example.com?subject=x", '{"to": "ann.lee\\u002bnews\\u0040example.com"}',
        "<a>ann.lee&#64;example.com</a>", "ann.lee&commat;example.com",
        "/login?u=ann.lee%2Bnews%40example.com",
    ],
)
def test_an_address_is_found_in_every_spelling(settings, written):
    (settings.home / "note").write_text(f"first\n{written}\n")
    assert hits(settings) == [("note", "line 2", "email")]


@pytest.mark.parametrize(
    "written",
    ["+12125550142", "12125550142", "2125550142", "212-555-0142", "(212) 555-0142", "+1 212 555 0142",
     "1-212-555-0142", "212.555.0142", "tel:+1-212-555-0142;"],
)
def test_a_number_is_found_in_every_spelling(settings, written):
    (settings.home / "note").write_text(written)
    assert hits(settings) == [("note", "line 1", "phone")]


@pytest.mark.parametrize(
    "other",
    ["joann.lee@example.com", "ann.lee@example.community", "ann.lee@example.com.au",
     "x-ann.lee@example.com", "92125550142",
     "+2125550142", "212555014", "003Hs00002BLnW7IALX", "feed2125550142beef"],
)
def test_a_piece_of_something_longer_is_somebody_elses(settings, other):
    (settings.home / "note").write_text(other)
    assert hits(settings) == []


def test_what_is_packed_is_unpacked(settings):
    line = b"ann.lee@example.com\n"
    (settings.home / "a.bin").write_bytes(gzip.compress(line))
    (settings.home / "b").write_bytes(bz2.compress(line))
    (settings.home / "c").write_bytes(pa.compress(line, codec="zstd", asbytes=True))
    with zipfile.ZipFile(settings.home / "d.zip", "w") as archive:
        archive.writestr("inner.csv", b"id,email\n1," + line)
        archive.writestr("inner.gz", gzip.compress(line))
    (settings.home / "e.txt").write_bytes(line.decode().encode("utf-16"))
    assert hits(settings) == [
        ("a.bin", "line 1", "email"), ("b", "line 1", "email"), ("c", "line 1", "email"),
        ("d.zip!inner.csv", "line 2", "email"), ("d.zip!inner.gz", "line 1", "email"),
        ("e.txt", "line 1", "email"),
    ]


def test_every_column_of_every_table_is_read(settings):
    table = pa.table({
        "plain": ["x", "Ann.Lee@example.com"],
        "number": [1, 12125550142],
        "nested": [[{"who": "ann.lee@example.com"}], None],
        "escaped": ["u=ann.lee%40example.com", None],
        "bytes": [b"ann.lee@example.com", b""],
    })
    pq.write_table(table, settings.home / "t.parquet")
    with duckdb.connect(str(settings.home / "d.duckdb")) as con:
        con.execute("create schema s; create table s.t as select 'ann.lee@example.com' as who, 1 as n")
        con.execute("create view v as select 'ann.lee@example.com' as who")
    with sqlite3.connect(settings.home / "s.db") as con:
        con.execute("create table events (body text)")
        con.execute("insert into events values (?)", [json.dumps({"to": "ann.lee@example.com"})])
    assert set(hits(settings)) == {
        *(("t.parquet", column, "email") for column in ("plain", "nested", "escaped", "bytes")),
        ("t.parquet", "number", "phone"),
        ("d.duckdb", "s.t.who", "email"),
        ("d.duckdb", "the definitions", "email"),
        ("s.db", "events.body", "email"),
    }


def test_what_a_database_has_deleted_and_still_holds_is_found(settings):
    with sqlite3.connect(settings.home / "s.db") as con:
        con.execute("pragma secure_delete = off")
        con.execute("create table events (body text)")
        texts = [("ann.lee@example.com",), ("joann.lee@example.com",)]
        con.executemany("insert into events values (?)", texts)
        con.commit()
        con.execute("delete from events where rowid = 1")
    assert ("s.db", "bytes that are no value", "email") not in hits(settings)  # Joann accounts for them
    with sqlite3.connect(settings.home / "s.db") as con:
        con.execute("pragma secure_delete = off")
        con.execute("delete from events where rowid = 2")
    assert hits(settings) == [("s.db", "bytes that are no value", "email")]


def test_names_of_files_count_and_values_are_never_told(settings):
    (settings.home / "ann.lee@example.com.txt").write_text("")
    (settings.home / "by").mkdir()
    (settings.home / "by" / "003Hs00002BLnW7IAL.json").write_text("{}")
    found = {(place, kind) for _, place, kind in hits(settings)}
    assert found == {("its name", "email"), ("its name", "record")}


def test_exports_and_the_orchestrator_are_told_apart(settings, monkeypatch, tmp_path):
    inner = settings.home / "landing"
    inner.mkdir()
    inside = Settings(exports=inner, home=settings.home)
    (inner / "a.csv").write_text("ann.lee@example.com")
    (settings.home / "b.csv").write_text("ann.lee@example.com")
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "c.log").write_text("ann.lee@example.com")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    found = verify(inside, sought_by(["ann.lee@example.com"], country="US"))
    assert [(hit.area, hit.file) for hit in found] == [
        ("home", "b.csv"), ("exports", "a.csv"), ("orchestrator", "c.log"),
    ]


def test_a_long_line_is_read_to_its_end(settings, monkeypatch):
    monkeypatch.setattr("dagster_project.privacy.verifying._PIECE", 4096)
    text = "\n".join("x" * 700 for _ in range(40)) + " ann.lee@example.com" + "y" * 9000
    (settings.home / "long").write_text(text.replace("yy", " y", 1) + "\nann.lee@example.com\n")
    assert hits(settings) == [("long", "line 40", "email"), ("long", "line 41", "email")]


@pytest.mark.parametrize("text", ["Ann", "p0123456789abcdef", ""])
def test_what_names_nobody_is_refused(text):
    with pytest.raises(NothingSought):
        sought_by([text], country="US")
