"""The nightly job in process, and a look at every table it made, for the tests that compare."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.catalog import load_catalog
from dagster_project.editions import FULL, PSEUDONYMISED, define_pseudonym, load_key
from dagster_project.glossary import load_glossary
from dagster_project.lake import Lake
from dagster_project.nightly import make_all, make_tables, open_night
from dagster_project.publish import published_name
from dagster_project.settings import PROJECT, load_settings

SAMPLE = PROJECT / "data" / "sample"
SAMPLE_AS_OF = date(2026, 6, 2)
PUBLISHED = ("standard", "identity", "workings", "golden", "segments", "marts")


def made_once(factory, name: str, make: Callable[[Path], object]) -> Path:
    """A copy, this process's own, of the folder that the first of the tests' processes to need it made:
    `factory` is the fixture tmp_path_factory."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made once"
    place = shared / name
    place.mkdir(parents=True, exist_ok=True)
    with (shared / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.fstat(lock.fileno()).st_size:
            make(place)
            lock.write("made")
    return shutil.copytree(place, factory.mktemp(name) / name, symlinks=True)


def nightly(
    exports: Path, home: Path, as_of: date = SAMPLE_AS_OF, *, is_published: bool = True, **chosen
) -> list:
    """The whole job in this process, or of it the making of tables; returns the steps."""
    settings = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    settings = replace(settings, **chosen)
    with open_night(settings, as_of=as_of) as run:
        (make_all if is_published else make_tables)(run, load_catalog(settings))
        return run.steps


def tables_of(home: Path, *, layers: tuple[str, ...] = ()) -> dict[str, list[tuple]]:
    """Every table's rows, sorted, without what says when or by which run a row came to be."""
    lake = Lake(home / "lake")
    found = {}
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for table in lake.tables():
            if layers and table.split(".")[0] not in layers:
                continue
            columns = [c for c in lake.manifest(table).columns if c not in ("run_id", "change_id")]
            listed = ", ".join(f'"{column}"' for column in columns)
            rows = con.execute(f"select {listed} from ({lake.scan(table)})").fetchall()
            found[table] = sorted(rows, key=repr)
    return found


def published_of(home: Path) -> dict[str, list[tuple]]:
    """The published content, without the times at which the run itself began and ended."""
    found = {}
    path = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        for schema, name in con.execute(
            "select schema_name, table_name from duckdb_tables() order by all"
        ).fetchall():
            rows = con.execute(f"from {schema}.{name}").fetchall()
            if name == "runs":
                rows = [(row[0], row[1], row[4]) for row in rows]
            found[f"{schema}.{name}"] = sorted(rows, key=repr)
    return found


def assert_pseudonymised(home: Path) -> None:
    """The pseudonymised database, built anew or brought up to date, says what the other one says, each
    column in its form, under the home's key."""
    settings = load_settings(directory=PROJECT, environment={}, home=home)
    catalog, glossary = load_catalog(settings), load_glossary(settings.sql / "columns.csv")
    place = settings.database.parent
    with duckdb.connect() as con:
        define_pseudonym(con, load_key(settings.key))
        con.execute(f"attach '{place / FULL.file}' as full_edition (read_only)")
        con.execute(f"attach '{place / PSEUDONYMISED.file}' as pseudonymised (read_only)")
        tables = {name: table for name, table in catalog.items() if name.split(".")[0] in PUBLISHED}
        for name, table in tables.items():
            target = published_name(name, tables)
            columns = [row[0] for row in con.execute(f"describe full_edition.{target}").fetchall()]
            shown = PSEUDONYMISED.columns(target, columns, table.grain, glossary)
            if not PSEUDONYMISED.shows(target) or not shown:
                continue
            expected = f"select {', '.join(one.sql for one in shown)} from full_edition.{target}"
            listed = ", ".join(f'"{one.name}"' for one in shown)
            found = f"select {listed} from pseudonymised.{target}"
            for left, right in ((expected, found), (found, expected)):
                count = f"select count(*) from ({left} except all {right})"
                assert con.execute(count).fetchall() == [(0,)], name


def assert_published(home: Path) -> None:
    """The database, brought up to date night by night, holds what the lake holds."""
    lake, path = Lake(home / "lake"), (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        names = "select schema_name || '.' || table_name from duckdb_tables()"
        served = {name for (name,) in con.execute(names).fetchall()}
        for table, rows in tables_of(home, layers=PUBLISHED).items():
            layer, _, name = table.partition(".")
            place = f"main.{name}" if layer == "marts" or table not in served else table
            columns = [c for c in lake.manifest(table).columns if c not in ("run_id", "change_id")]
            listed = ", ".join(f'"{column}"' for column in columns)
            found = con.execute(f"select {listed} from {place}").fetchall()
            assert sorted(found, key=repr) == rows, table
