"""The published databases: built aside, verified, swapped in together by a link.

Schema `main` holds golden and marts, the other schemas what they were made from. Which tables there
are and what they mean comes from the catalog; what a column means and which database shows it, from
glossary.py and editions.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.editions import EDITIONS, FULL, Edition, Shown, define_pseudonym, load_key, selected
from dagster_project.glossary import Glossary, load_glossary
from dagster_project.lake import fingerprint, quoted, sync, write_atomically
from dagster_project.making import Table
from dagster_project.privacy import purging
from dagster_project.quality import judged
from dagster_project.run import Run
from dagster_project.state import beyond, swap_link

STORAGE_VERSION = "v1.3.0"
"""A format that every DuckDB from 1.3 on opens, JavaScript's included. 1.2's takes a fifth more room, and
more than a quarter more time to write."""

LAYERS = ("standard", "identity", "workings", "golden", "segments", "marts")
"""What is published; raw and staging hold the vendors' own texts and stay in the lake."""

ROW_GROUP = 30720
"""Rows that are read together: a quarter of the usual, so that one person is found in three quarters of
the time. Reading whole tables costs the same, the file is a tenth larger."""

ANEW = ("comments", "key", "erasures")
"""Where one of these changed, a database is built anew. An erasure is one of them: a database that is
brought up to date keeps what was deleted from it until it needs the room."""

EMPTYING = ("allocator_flush_threshold", "allocator_bulk_deallocation_flush_threshold")
"""Settings of the engine by which memory is emptied as soon as it is given back, which is slower."""

GROWTH = 1.3
"""A database that was brought up to date until it has this multiple of its first size is built anew."""

COPYING = 0.05
"""What copying a database costs, as a share of writing all of its rows."""

HEADERS = 3 * 4096
"""Bytes at the beginning of a database of which each checkpoint changes some."""


class PublishError(Exception):
    """The database that was built is not what it should be; the old one still serves."""


@dataclass(frozen=True)
class Published:
    """The outcome: the database, and whether it is a new one."""

    path: Path
    is_new: bool
    tables: int


def publish(run: Run, catalog: dict[str, Table], *, runs: list[dict], state_tables) -> Published:
    """Build, verify, promote the state, swap the link; nothing is touched when nothing changed."""
    settings = run.settings
    tables = {name: table for name, table in catalog.items() if table.name.split(".")[0] in LAYERS}
    key = load_key(settings.key)
    made_from = {
        "tables": {name: run.lake.content(name) for name in sorted(tables)},
        "comments": fingerprint(
            (settings.sql / "columns.csv").read_text(encoding="utf-8"),
            {name: table.description for name, table in sorted(tables.items())},
            _functions(run),
        ),
        "key": fingerprint(key),
        "erasures": purging.erasures(settings),
        "as_of": run.as_of.isoformat(),
    }
    served = settings.warehouse / "current"
    if read_published(served).get("made_from") == made_from:
        return Published(settings.database, False, len(tables))
    building = settings.warehouse / f".building.{os.getpid()}"
    for leftover in settings.warehouse.glob(".building.*"):
        shutil.rmtree(leftover)
    before = _begin(run, made_from, building)
    since = before["made_from"]["tables"] if before else {}
    define_pseudonym(run.con, key)
    files = {}
    for edition in EDITIONS:
        if edition.is_pseudonymised or purging.has_erased(settings):
            # What a block has left over is written with what its memory held before, a name perhaps
            # (DuckDB's issue 23382): memory that is given back is emptied.
            for setting in EMPTYING:
                run.con.execute(f"set {setting} = '0B'")
        database = building / edition.file
        writer = _Writer(run, edition, tables, load_glossary(settings.sql / "columns.csv"))
        writer.write(database, runs, since=since)
        writer.verify(database)
        sync(database)
        size = before["files"][edition.file]["built_size"] if before else database.stat().st_size
        files[edition.file] = {"built_size": size, "headers": _headers(database)}
    for setting in EMPTYING:
        run.con.execute(f"reset {setting}")
    said = {"run_id": run.run_id, "made_from": made_from, "files": files}
    write_atomically(building / "published.json", json.dumps(said, indent=1, sort_keys=True) + "\n")
    place = settings.warehouse / run.run_id
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)
    sync(settings.warehouse)
    keep = settings.kept_publishes
    run.state.promote(run.lake, state_tables, run_id=run.run_id, inputs=run.inputs, keep=keep)
    swap_link(served, Path(run.run_id))
    for number, place in enumerate(beyond(settings.warehouse, keep, besides=run.run_id)):
        if number == 0:
            shutil.rmtree(settings.spare, ignore_errors=True)
            place.rename(settings.spare)
        else:
            shutil.rmtree(place)
    run.tell("published", run_id=run.run_id, tables=len(tables))
    return Published(settings.database, True, len(tables))


def _functions(run: Run) -> str:
    return (run.settings.sql / "published.sql").read_text(encoding="utf-8")


def published_name(name: str, tables: dict[str, Table]) -> str:
    """Where a lake table lies in the database: golden and marts are `main`, marts first."""
    layer, _, model = name.partition(".")
    if layer == "marts" or (layer == "golden" and f"marts.{model}" not in tables):
        return f"main.{model}"
    return name


def published_keys(catalog: dict[str, Table]) -> dict[str, tuple[str, ...]]:
    """The unique columns of every table of the contract, by its name in schema `main`."""
    named = {published_name(name, catalog): table.grain for name, table in catalog.items()}
    return RUN_KEYS | {
        name.removeprefix("main."): grain for name, grain in named.items() if name.startswith("main.")
    }


def read_published(place: Path) -> dict:
    """What a publish says of itself: its run, what it was made from, its files. Nothing where none is."""
    path = place / "published.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def is_as_published(database: Path, said: dict) -> bool:
    """Whether nobody has written to a database since: each checkpoint changes its headers, and what was
    not yet checkpointed lies beside it. Damage within is found by DuckDB, which checks what it reads."""
    log = database.with_name(f"{database.name}.wal")
    there = database.exists() and not log.exists()
    return there and _headers(database) == said["files"][database.name]["headers"]


def _headers(database: Path) -> str:
    with database.open("rb") as handle:
        return fingerprint(handle.read(HEADERS).hex(), database.stat().st_size)


def _begin(run: Run, made_from: dict, building: Path) -> dict:
    """Make the folder in which to build. Where it costs less than building anew, it has databases to be
    brought up to date: the spare ones, or copies of those that serve if the spare ones lack much more.
    Returns what these say of themselves."""
    served, spare = run.settings.warehouse / "current", run.settings.spare
    lacking = {place: _lacking(run, place, made_from) for place in (spare, served)}
    if lacking[spare] <= min(lacking[served] + COPYING, 1) and not _is_read(spare):
        spare.rename(building)
        return read_published(building)
    building.mkdir(parents=True)
    if lacking[served] > 1:
        return {}
    for edition in EDITIONS:
        shutil.copyfile(served / edition.file, building / edition.file)
    return read_published(served)


def _lacking(run: Run, place: Path, made_from: dict) -> float:
    """The share of all rows that are in tables to be written whole, to bring a publish up to date; more
    than 1 for one that is to be built anew."""
    said = read_published(place)
    if (
        not said
        or any(said["made_from"].get(what) != made_from[what] for what in ANEW)
        or set(said["made_from"]["tables"]) != set(made_from["tables"])
    ):
        return 2
    for edition in EDITIONS:
        database = place / edition.file
        most = GROWTH * said["files"][edition.file]["built_size"]
        if not is_as_published(database, said) or database.stat().st_size > most:
            return 2
    rows = {name: run.lake.manifest(name).notes.get("rows", 0) for name in made_from["tables"]}
    whole = [
        rows[name]
        for name, since in said["made_from"]["tables"].items()
        if since != made_from["tables"][name] and not run.lake.replaced(name, since)
    ]
    return sum(whole) / max(sum(rows.values()), 1)


def _is_read(place: Path) -> bool:
    """Whether somebody has a database open who began to read it when it still served."""
    for edition in EDITIONS:
        with (place / edition.file).open("rb+") as handle:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
    return False


@dataclass(frozen=True)
class _Writer:
    """Writes one edition out of the lake, and reads it again as a reader would."""

    run: Run
    edition: Edition
    tables: dict[str, Table]
    glossary: Glossary

    def write(self, path: Path, runs: list[dict], *, since: dict[str, str]) -> None:
        """Bring every table to what the lake holds; those whose content is `since`'s already are."""
        run, con = self.run, self.run.con
        con.execute(
            f"attach {quoted(path)} as published "
            f"(storage_version {quoted(STORAGE_VERSION)}, row_group_size {ROW_GROUP})"
        )
        try:
            if self.edition is FULL:
                for layer in LAYERS[:-1]:
                    con.execute(f"create schema if not exists published.{layer}")
            for name in self.shown:
                if since.get(name) == run.lake.content(name):
                    continue
                if not (since and self._update(name, since[name])):
                    self._copy(name)
            self._build_run_tables(runs)
            if self.edition is FULL:
                with con.cursor() as inside:
                    inside.execute("use published.main")
                    inside.execute(_functions(run))
            con.execute("checkpoint published")
        finally:
            con.execute("detach published")

    def verify(self, path: Path) -> None:
        """Open the file as a reader would and count every table against the lake."""
        reader = duckdb.connect(str(path), read_only=True)
        try:
            for name, (target, _) in self.shown.items():
                found = reader.execute(f"select count(*) from {target}").fetchall()[0][0]
                rows = self.run.lake.manifest(name).notes.get("rows", 0)
                if found != rows:
                    raise PublishError(f"{target} has {found} rows, the lake has {rows} in {name}")
        finally:
            reader.close()

    @cached_property
    def shown(self) -> dict[str, tuple[str, list[Shown]]]:
        """Of each table of the lake that the edition shows: its name there and its columns."""
        found = {}
        for name, table in self.tables.items():
            target = published_name(name, self.tables)
            if self.edition.shows(target):
                columns = list(self.run.lake.manifest(name).columns)
                shown = self.edition.columns(target, columns, table.grain, self.glossary)
                if shown:
                    found[name] = (target, shown)
        return found

    def _copy(self, name: str) -> None:
        """Write a table whole, sorted so that what belongs to a profile lies together."""
        con, (target, shown), table = self.run.con, self.shown[name], self.tables[name]
        names = [column.name for column in shown]
        lead = [column for column in ("profile_id",) if column in names]
        order = ", ".join((*lead, *(c for c in table.grain if c not in lead)))
        con.execute(
            f"create or replace table published.{target} as "
            f"{selected(self.run.lake.scan(name), shown, grain=table.grain)} order by {order}"
        )
        self._comment(target, table.description, shown)
        if self.edition is FULL and name.startswith("golden.") and target.startswith("main."):
            con.execute(f"create or replace view published.{name} as from {target}")

    def _update(self, name: str, since: str) -> bool:
        """Replace the rows that changed since a version; False if too much or nobody knows what did."""
        con, (target, shown) = self.run.con, self.shown[name]
        replaced, partition = self.run.lake.replaced(name, since), self.run.lake.manifest(name).partition
        key = [column.sql for column in shown if column.name == partition]
        if not replaced or not key:
            return False
        keys, rows = replaced
        con.execute(
            f"delete from published.{target} where {partition} in (select {key[0]} from ({keys}))"
        )
        con.execute(f"insert into published.{target} by name {selected(rows, shown)}")
        return True

    def _build_run_tables(self, runs: list[dict]) -> None:
        """`runs` and `quality_results`: about the runs themselves, so not of the lake."""
        self._build(
            """runs (run_id varchar, as_of date, started_at timestamp, finished_at timestamp,
            status varchar, code_version varchar, model_version varchar)""",
            [[entry[key] for key in RUN_COLUMNS] for entry in runs],
        )
        notes = {name: self.run.lake.manifest(name).notes for name in self.tables}
        self._build(
            """quality_results (run_id varchar, table_name varchar, check_name varchar,
            severity varchar, passed boolean, failing_rows bigint, observed varchar)""",
            [
                [
                    self.run.run_id,
                    name,
                    check["claim"],
                    "error" if check["blocking"] else "warning",
                    check["failing_rows"] == 0,
                    check["failing_rows"],
                    f"{noted['rows']} rows" if check["failing_rows"] is not None else "could not be run",
                ]
                for name, noted in notes.items()
                for check in noted.get("checks", ())
            ]
            + [
                [
                    self.run.run_id,
                    one.table,
                    one.claim,
                    one.severity,
                    one.passed,
                    one.failing_rows,
                    one.observed,
                ]
                for one in judged(self.run)
            ],
        )
        for name, description in RUN_TABLES.items():
            rows = self.run.con.execute(f"describe published.main.{name}").fetchall()
            shown = [Shown(row[0], "", self.glossary.of(name, row[0])) for row in rows]
            self._comment(f"main.{name}", description, shown)

    def _comment(self, target: str, description: str, shown: list[Shown]) -> None:
        said = [f"comment on table published.{target} is {quoted(description)}"]
        for column in shown:
            if column.meaning is None:
                raise PublishError(
                    f"sql/columns.csv does not say what {target}.{column.name} means"
                )
            meaning = quoted(column.meaning.description)
            said.append(f'comment on column published.{target}."{column.name}" is {meaning}')
        # Together: each comment on its own would wait for the disk.
        self.run.con.execute("begin; " + "; ".join(said) + "; commit")

    def _build(self, table: str, rows: list[list]) -> None:
        """Make a table anew; row by row, each would wait for the disk."""
        con, name = self.run.con, table.split()[0]
        con.execute(f"create or replace table published.main.{table}")
        con.register("rows_given", pl.DataFrame(rows, orient="row"))
        con.execute(f"insert into published.main.{name} from rows_given")
        con.unregister("rows_given")


RUN_KEYS = {"runs": ("run_id",), "quality_results": ("run_id", "table_name", "check_name")}
RUN_TABLES = {
    "runs": "One row per run that published, the latest last.",
    "quality_results": "One row per check or expectation, as last made on what is published.",
}

RUN_COLUMNS = (
    *("run_id", "as_of", "started_at", "finished_at", "status", "code_version", "model_version"),
)


def run_entry(run: Run, *, status: str, model_version: str) -> dict:
    """What is remembered of a run."""
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "started_at": run.started_at.replace(tzinfo=None).isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "status": status,
        "code_version": run.code,
        "model_version": model_version,
    }
