"""The published databases: built aside, verified, swapped in together by a link.

Schema `main` holds golden and marts, the other schemas what they were made from. Which tables there
are and what they mean comes from the catalog; what a column means and which database shows it, from
glossary.py and editions.py.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from dagster_project.editions import EDITIONS, FULL, Edition, Shown, define_pseudonym, load_key
from dagster_project.glossary import Glossary, load_glossary
from dagster_project.lake import fingerprint, quoted, sha256_of, sync, write_atomically
from dagster_project.making import Table
from dagster_project.privacy import purging
from dagster_project.quality import judged
from dagster_project.run import Run
from dagster_project.state import keep_newest, swap_link

STORAGE_VERSION = "v1.2.0"
"""A format that every DuckDB from 1.2 on opens, JavaScript's included."""

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
    current = settings.warehouse / "current"
    before = _read_published(current)
    if before.get("made_from") == made_from:
        return Published(settings.database, False, len(tables))
    building = settings.warehouse / f".building.{os.getpid()}"
    for leftover in settings.warehouse.glob(".building.*"):
        shutil.rmtree(leftover)
    building.mkdir(parents=True)
    define_pseudonym(run.con, key)
    files = {}
    for edition in EDITIONS:
        if edition.is_pseudonymised or purging.has_erased(settings):
            # What a block has left over is written with what its memory held before, a name perhaps
            # (DuckDB's issue 23382): memory that is given back is emptied.
            for setting in EMPTYING:
                run.con.execute(f"set {setting} = '0B'")
        database = building / edition.file
        since = _copy_to_update(current, before, made_from, database)
        writer = _Writer(run, edition, tables, load_glossary(settings.sql / "columns.csv"))
        writer.write(database, runs, since=since)
        writer.verify(database)
        sync(database)
        size = before["files"][edition.file]["built_size"] if since else database.stat().st_size
        written = database.stat().st_mtime_ns
        files[edition.file] = {"built_size": size, "sha256": sha256_of(database), "written": written}
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
    swap_link(current, Path(run.run_id))
    keep_newest(settings.warehouse, keep, besides=run.run_id)
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


def _read_published(current: Path) -> dict:
    path = current / "published.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _copy_to_update(current: Path, before: dict, made_from: dict, database: Path) -> dict[str, str]:
    """Copy the published database where bringing it up to date costs less than building it anew.

    Not one that somebody has written to, as its time of change tells: reading all of it for its hash would
    cost more than most nights change. Returns the contents of the tables in it: nothing for a new building.
    """
    served = current / database.name
    if (
        not before
        or any(before["made_from"].get(what) != made_from[what] for what in ANEW)
        or set(before["made_from"]["tables"]) != set(made_from["tables"])
        or served.stat().st_size > GROWTH * before["files"][database.name]["built_size"]
        or served.stat().st_mtime_ns != before["files"][database.name]["written"]
    ):
        return {}
    shutil.copyfile(served, database)
    return before["made_from"]["tables"]


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
            f"select {_listed(shown)} from ({self.run.lake.scan(name)}) order by {order}"
        )
        self._comment(target, table.description, shown)
        if self.edition is FULL and name.startswith("golden.") and target.startswith("main."):
            con.execute(f"create or replace view published.{name} as from {target}")

    def _update(self, name: str, since: str) -> bool:
        """Replace the rows that changed since a version; False if too much or nobody knows what did."""
        run, (target, shown) = self.run, self.shown[name]
        manifest, changes = run.lake.manifest(name), run.lake.changes(name, since)
        key = [column for column in shown if column.name == manifest.partition]
        if changes.everything or not key:
            return False
        touched = " union all ".join(
            f"select {key[0].sql} from ({rows})" for rows in (*changes.before, *changes.after)
        )
        if touched:
            run.con.execute(
                f"delete from published.{target} where {manifest.partition} in ({touched})"
            )
        for rows in changes.after:
            run.con.execute(
                f"insert into published.{target} by name select {_listed(shown)} from ({rows})"
            )
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


def _listed(shown: list[Shown]) -> str:
    return ", ".join(f'{column.sql} as "{column.name}"' for column in shown)


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
