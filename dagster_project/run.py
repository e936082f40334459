"""One run: what all its tables share (lake, engine, as-of, state, progress), under the lock.

What a run makes is said by catalog.py; this module only opens and closes the room it works in.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

import duckdb

from dagster_project.lake import Lake, connect, exclusive, fingerprint, keep_private, sha256_of
from dagster_project.settings import PROJECT, Settings
from dagster_project.state import State


@dataclass(frozen=True)
class Step:
    """What became of one table: outcome is 'unchanged', 'whole', 'part' or 'failed'."""

    table: str
    outcome: str
    rows: int
    rows_written: int
    seconds: float


@dataclass
class Run:
    """One run in memory. `as_of` is the UTC day whose midnight the run speaks for; `tell` takes events
    for the log: a name, and facts that hold no personal data; `alerts` says, once the run is over, on
    which ways people were told, and why not on others. A run that `is_erasing` does what erasures ask
    for and nothing else: it reads nothing that was delivered since, and is not held."""

    settings: Settings
    as_of: date
    started_at: datetime
    lake: Lake
    state: State
    con: duckdb.DuckDBPyConnection
    functions: str
    watch: Callable[[Step], None]
    is_erasing: bool = False
    steps: list[Step] = field(default_factory=list)
    failed_checks: list = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)
    members: dict[str, tuple] = field(default_factory=dict)
    arriving: list[str] = field(default_factory=list)
    began_cpu: float = field(default_factory=time.process_time)
    alerts: dict[str, str | None] = field(default_factory=dict)
    tell: Callable[..., None] = lambda event, **facts: None
    _once: dict[str, object] = field(default_factory=dict)
    _shown: dict[str, str] = field(default_factory=dict)

    def view(self, table: str, *, only: str = "") -> None:
        """Let the name of a table stand for its current rows in the connection; `only` is a WHERE
        condition on them."""
        self.show(table, f"select * from ({self.lake.scan(table)}) {only}")

    def show(self, table: str, rows: str) -> None:
        """Let the name of a table stand for rows (a query) in the connection. A view that is there is not
        made again: binding it opens every file, and a table has several readers."""
        if self._shown.get(table) != rows:
            self.con.execute(f"create schema if not exists {table.partition('.')[0]}")
            self.con.execute(f"create or replace view {table} as {rows}")
            self._shown[table] = rows

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Remember what failed and why, for whoever must tell a person; the error goes on."""
        try:
            yield
        except Exception as error:
            self.failures.append((what, error))
            self.tell("failed", what=what, error=type(error).__name__)
            raise

    @contextmanager
    def step(self, table: str) -> Iterator[dict]:
        """Time one table's making; the body fills in outcome, rows and rows_written."""
        began = time.monotonic()
        report: dict = {"outcome": "failed", "rows": 0, "rows_written": 0}
        try:
            with self.noting(table):
                yield report
        finally:
            done = Step(table=table, seconds=time.monotonic() - began, **report)
            self.steps.append(done)
            self.tell("step done", **asdict(done) | {"seconds": round(done.seconds, 3)})
            self.watch(done)

    def once(self, name: str, work: Callable[[], object]) -> object:
        """Do a piece of work that several tables share the first time one of them needs it."""
        if name not in self._once:
            self._once[name] = work()
        return self._once[name]

    def done(self, name: str) -> object | None:
        """What such a piece of work came to; None if nobody needed it, or it failed."""
        return self._once.get(name)

    @cached_property
    def code(self) -> str:
        """A fingerprint of every line and parameter that decides what a run makes."""
        folders = (self.settings.sql, PROJECT / "connectors", PROJECT / "dagster_project")
        found = [path for folder in folders for path in sorted(folder.rglob("*.*"))]
        found += [self.settings.model] if self.settings.model.exists() else []
        return fingerprint(*(sha256_of(p) for p in found if p.suffix in (".sql", ".py", ".json")))

    @cached_property
    def inputs(self) -> str:
        """A fingerprint of everything this run starts from; asked for once the raw layer is made."""
        raw = [table for table in self.lake.tables() if table.startswith("raw.")]
        versions = {table: self.lake.version(table) for table in raw}
        return fingerprint(self.as_of.isoformat(), self.code, versions)

    @cached_property
    def run_id(self) -> str:
        """The same for a run that was killed and started again; new for every other."""
        origin = self.state.origin
        if origin.get("inputs") == self.inputs:
            return origin["run_id"]
        return f"{self.as_of.isoformat()}-{fingerprint(self.inputs, origin.get('run_id'))[:8]}"


@contextmanager
def open_run(
    settings: Settings,
    *,
    as_of: date | None = None,
    watch: Callable[[Step], None] | None = None,
    is_erasing: bool = False,
) -> Iterator[Run]:
    """Take the lock, sweep what a killed run left, and open an engine.

    Raises LockedError at once when another run holds the home.
    """
    keep_private()
    settings.home.mkdir(parents=True, exist_ok=True)
    with exclusive(settings.state / "lock", purpose="cdp run"):
        lake = Lake(settings.lake)
        lake.sweep()
        shutil.rmtree(settings.scratch, ignore_errors=True)
        settings.scratch.mkdir(parents=True)
        functions = (settings.sql / "functions.sql").read_text(encoding="utf-8")
        con = connect(
            threads=settings.threads,
            memory=settings.memory_limit,
            spill=settings.scratch / "spill",
        )
        con.execute(functions)
        try:
            yield Run(
                settings=settings,
                as_of=as_of or datetime.now(UTC).date(),
                started_at=datetime.now(UTC),
                lake=lake,
                state=State(settings.state),
                con=con,
                functions=functions,
                watch=watch or (lambda step: None),
                is_erasing=is_erasing,
            )
        finally:
            con.close()
            # By what is on disk: this run may have ended between a file and its manifest.
            Lake(settings.lake).sweep()
            shutil.rmtree(settings.scratch, ignore_errors=True)
