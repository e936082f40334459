"""The published database: built aside, verified, swapped in by a link.

Schema `main` holds golden and marts, the other schemas what they were made from. Which tables there
are and what they mean comes from the catalog; what a column means from sql/columns.csv.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dagster_project.lake import fingerprint, quoted, sha256_of, sync, write_atomically
from dagster_project.making import Table
from dagster_project.run import Run
from dagster_project.state import keep_newest, swap_link

STORAGE_VERSION = "v1.2.0"
"""A format that every DuckDB from 1.2 on opens, JavaScript's included."""

LAYERS = ("standard", "identity", "golden", "segments", "marts")
"""What is published; raw and staging hold the vendors' own texts and stay in the lake."""

KEPT_DATABASES = 3

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
    made_from = {
        "tables": {name: run.lake.content(name) for name in sorted(tables)},
        "comments": fingerprint(
            (settings.sql / "columns.csv").read_text(encoding="utf-8"),
            {name: table.description for name, table in sorted(tables.items())},
            _functions(run),
        ),
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
    database = building / "customers.duckdb"
    since = _copy_to_update(current, before, made_from, database)
    _write(run, tables, database, runs, since=since)
    _verify(run, tables, database)
    sync(database)
    size = before["built_size"] if since else database.stat().st_size
    said = {
        "run_id": run.run_id,
        "made_from": made_from,
        "built_size": size,
        "sha256": sha256_of(database),
    }
    write_atomically(building / "published.json", json.dumps(said, indent=1, sort_keys=True) + "\n")
    place = settings.warehouse / run.run_id
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)
    sync(settings.warehouse)
    run.state.promote(run.lake, state_tables, run_id=run.run_id, inputs=run.inputs)
    swap_link(current, Path(run.run_id))
    keep_newest(settings.warehouse, KEPT_DATABASES, besides=run.run_id)
    return Published(settings.database, True, len(tables))


def _functions(run: Run) -> str:
    return (run.settings.sql / "published.sql").read_text(encoding="utf-8")


def load_glossary(path: Path) -> dict[str, str]:
    """Column (or 'table.column') -> what it means."""
    with path.open(encoding="utf-8", newline="") as handle:
        return {row["column"]: row["description"] for row in csv.DictReader(handle)}


def published_name(name: str, tables: dict[str, Table]) -> str:
    """Where a lake table lies in the database: golden and marts are `main`, marts first."""
    layer, _, model = name.partition(".")
    if layer == "marts" or (layer == "golden" and f"marts.{model}" not in tables):
        return f"main.{model}"
    return name


def _read_published(current: Path) -> dict:
    path = current / "published.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _copy_to_update(current: Path, before: dict, made_from: dict, database: Path) -> dict[str, str]:
    """Copy the published database where bringing it up to date costs less than building it anew.

    Not one that somebody has written to: its hash tells. Returns the contents of the tables in it:
    nothing for a new building.
    """
    served = current / database.name
    if (
        not before
        or before["made_from"]["comments"] != made_from["comments"]
        or set(before["made_from"]["tables"]) != set(made_from["tables"])
        or served.stat().st_size > GROWTH * before["built_size"]
        or sha256_of(served) != before["sha256"]
    ):
        return {}
    shutil.copyfile(served, database)
    return before["made_from"]["tables"]


def _write(
    run: Run, tables: dict[str, Table], path: Path, runs: list[dict], *, since: dict[str, str]
) -> None:
    """Bring every table to what the lake holds; those whose content is `since`'s already are."""
    con = run.con
    glossary = load_glossary(run.settings.sql / "columns.csv")
    con.execute(f"attach {quoted(path)} as published (storage_version {quoted(STORAGE_VERSION)})")
    try:
        for layer in LAYERS[:-1]:
            con.execute(f"create schema if not exists published.{layer}")
        for name, table in tables.items():
            if since.get(name) == run.lake.content(name):
                continue
            target = published_name(name, tables)
            if since and _update(run, name, target, since[name]):
                continue
            columns = list(run.lake.manifest(name).columns)
            lead = [column for column in ("profile_id",) if column in columns]
            order = ", ".join((*lead, *(c for c in table.grain if c not in lead)))
            con.execute(
                f"create or replace table published.{target} as "
                f"select * from ({run.lake.scan(name)}) order by {order}"
            )
            _comment(con, target, table.description, columns, glossary)
            if name.startswith("golden.") and target.startswith("main."):
                con.execute(f"create or replace view published.{name} as from {target}")
        _build_run_tables(run, tables, runs, glossary)
        with con.cursor() as inside:
            inside.execute("use published.main")
            inside.execute(_functions(run))
        con.execute("checkpoint published")
    finally:
        con.execute("detach published")


def _update(run: Run, name: str, target: str, since: str) -> bool:
    """Replace the rows that changed since a version; False if too much or nobody knows what did."""
    manifest, changes = run.lake.manifest(name), run.lake.changes(name, since)
    if changes.everything or not manifest.partition:
        return False
    key = manifest.partition
    touched = " union all ".join(
        f"select {key} from ({rows})" for rows in (*changes.before, *changes.after)
    )
    if touched:
        run.con.execute(f"delete from published.{target} where {key} in ({touched})")
    for rows in changes.after:
        run.con.execute(f"insert into published.{target} by name {rows}")
    return True


def _build_run_tables(run: Run, tables: dict[str, Table], runs: list[dict], glossary: dict) -> None:
    """`runs` and `quality_results`: about the runs themselves, so not of the lake."""
    con = run.con
    con.execute(
        """create or replace table published.main.runs (run_id varchar, as_of date, started_at timestamp,
        finished_at timestamp, status varchar, code_version varchar, model_version varchar)"""
    )
    for entry in runs:
        con.execute(
            "insert into published.main.runs values (?, ?, ?, ?, ?, ?, ?)",
            [entry[key] for key in RUN_COLUMNS],
        )
    con.execute(
        """create or replace table published.main.quality_results (run_id varchar, table_name varchar,
        check_name varchar, severity varchar, passed boolean, failing_rows bigint,
        observed varchar)"""
    )
    for name in tables:
        for check in run.lake.manifest(name).notes.get("checks", ()):
            con.execute(
                "insert into published.main.quality_results values (?, ?, ?, ?, ?, ?, ?)",
                [
                    run.run_id,
                    name,
                    check["claim"],
                    "error" if check["blocking"] else "warning",
                    check["failing_rows"] == 0,
                    check["failing_rows"],
                    f"{run.lake.manifest(name).notes['rows']} rows",
                ],
            )
    about = {
        "runs": "One row per run that published, the latest last.",
        "quality_results": "One row per check, as last made on what is published.",
    }
    for name, description in about.items():
        described = con.execute(f"describe published.main.{name}").fetchall()
        _comment(con, f"main.{name}", description, [row[0] for row in described], glossary)


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


def _comment(con, target: str, description: str, columns: list[str], glossary: dict) -> None:
    schema, _, name = target.partition(".")
    con.execute(f"comment on table published.{target} is {quoted(description)}")
    for column in columns:
        meaning = glossary.get(f"{name}.{column}") or glossary.get(column) or _weight(column)
        if not meaning:
            raise PublishError(f"sql/columns.csv does not say what {target}.{column} means")
        con.execute(f'comment on column published.{target}."{column}" is {quoted(meaning)}')


def _weight(column: str) -> str | None:
    """Links have two columns per comparison of the model, so their meaning is made, not listed."""
    if column.startswith("mw_"):
        return f"Match weight (log2 Bayes factor) of the comparison {column[3:]}"
    if column.startswith("level_"):
        return f"Level of the comparison {column[6:]} that agreed (see comparison_levels)"
    return None


def _verify(run: Run, tables: dict[str, Table], path: Path) -> None:
    """Open the file as a reader would and count every table against the lake."""
    reader = duckdb.connect(str(path), read_only=True)
    try:
        for name in tables:
            target = published_name(name, tables)
            found = reader.execute(f"select count(*) from {target}").fetchall()[0][0]
            rows = run.lake.manifest(name).notes.get("rows", 0)
            if found != rows:
                raise PublishError(f"{target} has {found} rows, the lake has {rows} in {name}")
    finally:
        reader.close()
