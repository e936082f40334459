"""Serving an earlier published database again, in one step.

Here belongs what is kept and the swap of the link. The state is not touched: a profile id that was once
published stays issued, and the next run publishes anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.editions import EDITIONS
from dagster_project.lake import exclusive
from dagster_project.logs import RunLog
from dagster_project.publish import is_as_published, read_published
from dagster_project.settings import Settings
from dagster_project.state import swap_link


class RollbackError(Exception):
    """There is nothing to go back to, or it is not what was published; the message says which."""


@dataclass(frozen=True)
class Kept:
    """One published database that is still there, and the day it speaks for."""

    run_id: str
    as_of: str
    is_served: bool
    built_ns: int


def kept(settings: Settings) -> list[Kept]:
    """Every published database that can be served, the latest built first."""
    served = (settings.warehouse / "current").resolve()
    found = []
    for path in settings.warehouse.glob("*/published.json"):
        place = path.parent
        if place.is_symlink() or place.name.startswith("."):
            continue
        if all((place / edition.file).exists() for edition in EDITIONS):
            as_of = read_published(place)["made_from"]["as_of"]
            found.append(Kept(place.name, as_of, place == served, path.stat().st_mtime_ns))
    return sorted(found, key=lambda one: one.built_ns, reverse=True)


def roll_back(settings: Settings, run_id: str | None = None) -> tuple[Kept, Kept]:
    """Serve an earlier publish, the one before the served one unless named. Returns what served, and
    what serves now. Raises RollbackError, and LockedError while a run is going on."""
    with exclusive(settings.state / "lock", purpose="cdp rollback"):
        there = kept(settings)
        now = next((one for one in there if one.is_served), None)
        if now is None:
            raise RollbackError(f"nothing is published in {settings.home}; cdp run makes it")
        target = _choose(there, now, run_id)
        place = settings.warehouse / target.run_id
        for edition in EDITIONS:
            if not _is_whole(place / edition.file):
                raise RollbackError(
                    f"{place / edition.file} is damaged, or somebody has written to it since it was "
                    "published. Name another run, or restore a backup"
                )
        os.utime(place)  # what was served last is what is kept longest
        swap_link(settings.warehouse / "current", Path(target.run_id))
        RunLog(settings.logs).add(now.run_id, "rolled back", to=target.run_id)
        return now, target


def _is_whole(database: Path) -> bool:
    """Whether a database is as it was published, to the last value: DuckDB checks every block that it reads."""
    if not is_as_published(database, read_published(database.parent)):
        return False
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                con.execute(f'select bit_xor(hash("{table}")) from "{schema}"."{table}"').fetchall()
    except duckdb.Error:
        return False
    return True


def _choose(there: list[Kept], now: Kept, run_id: str | None) -> Kept:
    others = [one for one in there if one is not now]
    names = ", ".join(one.run_id for one in others) or "none"
    if run_id is None:
        earlier = [one for one in others if one.built_ns < now.built_ns]
        if not earlier:
            raise RollbackError(
                f"no publish before {now.run_id} is kept, so there is nothing to go back to "
                f"(kept besides it: {names}; kept_publishes in cdp.toml says how many are)"
            )
        return earlier[0]
    if run_id == now.run_id:
        raise RollbackError(f"{run_id} is what serves now")
    for one in others:
        if one.run_id == run_id:
            return one
    raise RollbackError(f"{run_id} is not kept; kept are: {names}")
