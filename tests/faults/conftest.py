"""The real pipeline at its smallest: exports landed, some tables made, or a whole home that is copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from faults import hostile
from faults.deliveries import THREE
from support import SAMPLE_AS_OF, made_once, nightly

from dagster_project.catalog import load_catalog
from dagster_project.run import Run, open_run
from dagster_project.settings import PROJECT, load_settings


@dataclass(frozen=True)
class Landed:
    """What became of the exports below a folder: the account of files and of rows, and the tables."""

    home: Path
    exports: Path
    files: dict[str, dict]
    aside: list[tuple]
    arriving: list[str]
    failed: list[str]
    """Checks that failed without blocking."""

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        with open_run(_settings(self.exports, self.home)) as run:
            return run.con.execute(f"select {columns} from ({run.lake.scan(table)}) order by all").fetchall()


def _settings(exports: Path, home: Path, **chosen):
    settings = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    return replace(settings, **chosen)


def make(exports: Path, home: Path, *wanted: str, as_of: date = SAMPLE_AS_OF, **chosen) -> Landed:
    """Make the raw layer, and of the others the tables that are wanted with all that they need."""
    settings = _settings(exports, home, **chosen)
    catalog = load_catalog(settings)
    needed, waiting = set(), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += catalog[name].inputs
    with open_run(settings, as_of=as_of) as run:
        made = [table.make(run) for name, table in catalog.items()
                if name.startswith("raw.") or name in needed]
        failed = [check.claim for one in made for check in one.checks if not check.passed]
        return Landed(home, exports, _files(run), _aside(run), list(run.arriving), failed)


def _files(run: Run) -> dict[str, dict]:
    found = run.con.execute(run.lake.scan("raw.source_files"))
    names = [column[0] for column in found.description]
    return {row[0]: dict(zip(names, row)) for row in found.fetchall()}


def _aside(run: Run) -> list[tuple]:
    columns = "path, row_number, column_name, reason"
    return run.con.execute(
        f"select {columns} from ({run.lake.scan('raw.quarantine')}) order by all"
    ).fetchall()


@pytest.fixture
def land(tmp_path) -> Callable[..., Landed]:
    """land({"name": bytes, …}) delivers files below one folder and takes them as far as raw, again and
    again."""

    def deliver(files: dict[str, bytes], *wanted: str, **chosen) -> Landed:
        for name, content in files.items():
            path = tmp_path / "exports" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return make(tmp_path / "exports", tmp_path / "home", *wanted, **chosen)

    return deliver


@pytest.fixture(scope="session")
def first_night(tmp_path_factory) -> Path:
    """`home` and `exports` after one whole run over three contacts and every hostile delivery."""

    def make(place: Path) -> None:
        for name, content in {"2026-06-01/Contact.csv": THREE, **hostile.deliveries()}.items():
            path = place / "exports" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        nightly(place / "exports", place / "home")

    return made_once(tmp_path_factory, "first night", make)


@pytest.fixture
def night(first_night, tmp_path) -> Path:
    """A copy of it for one test."""
    return shutil.copytree(first_night, tmp_path / "night", symlinks=True)


def query(home: Path, sql: str) -> list[tuple]:
    path = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()
