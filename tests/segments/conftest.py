"""Nights of segments alone: their members as a test says them, membership and history as they are made.

The inputs are committed to a lake as the job commits them, and a night that ends is promoted.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from dagster_project.making import make_table
from dagster_project.run import open_run
from dagster_project.segments import bridges, membership
from dagster_project.segments.guards import parse_guards
from dagster_project.settings import Settings
from dagster_project.sql_models import SqlModel

STATE_TABLES = tuple(dict.fromkeys((*membership.STATE_TABLES, *bridges.STATE_TABLES)))
MADE = (*membership.MADE, bridges.TABLE)
CHANGES = "run_id varchar, kind varchar, profile_id varchar, into_profile_id varchar"
CONSENTS = "profile_id varchar, channel varchar, purpose varchar, status varchar"
KEYS = {
    "identity.profile_changes": ("kind", "profile_id"),
    "golden.consents": ("profile_id", "channel", "purpose"),
    "golden.restrictions": ("profile_id", "scope"),
}


@dataclass(frozen=True)
class Said:
    """A segment of a test: who is in it, and what its file says."""

    members: Sequence[str]
    query: str = "1"
    guards: str = ""
    reads: Sequence[str] = ("golden.customer_facts",)


@dataclass
class Nights:
    """A home whose nights a test tells one by one; everybody named lives until told otherwise."""

    home: Path
    profiles: Sequence[str] = "abcdefgh"

    def run(
        self,
        day: int,
        segments: Mapping[str, Sequence[str] | dict],
        *,
        profiles: Sequence[str] | None = None,
        changes: Sequence[tuple[str, str, str | None]] = (),
        redirects: Mapping[str, str] | None = None,
        granted: Sequence[str] = (),
        restricted: Sequence[str] = (),
        orders: Mapping[str, int] | None = None,
        publishes: bool = True,
    ) -> list[str]:
        """One night; returns what became of each table. `granted` may be written to by e-mail, the
        data of `restricted` must not be used, and an order costs ten."""
        said = {n: Said(**s) if isinstance(s, dict) else Said(s) for n, s in segments.items()}
        models = {f"segments.{name}": _model(name, one) for name, one in said.items()}
        settings = Settings(exports=self.home / "exports", home=self.home)
        with open_run(settings, as_of=date(2026, 6, day)) as run:

            def given(table: str, columns: str, rows: Sequence[Sequence]) -> None:
                def compute() -> str:
                    run.con.execute(f"create or replace temp table given ({columns})")
                    if rows:
                        marks = ", ".join("?" for _ in rows[0])
                        run.con.executemany(f"insert into given values ({marks})", rows)
                    return "from given"

                key = KEYS.get(table, (columns.split()[0],))
                make_table(run, table, code=repr(rows), inputs=(), grain=key, compute=compute)

            for name, one in said.items():
                given(f"segments.{name}", "profile_id varchar", [(p,) for p in sorted(one.members)])
            alive = self.profiles if profiles is None else profiles
            given("identity.profile_records", "record_key varchar, profile_id varchar",
                  [(f"r:{p}", p) for p in alive])
            given("identity.profile_redirects", "profile_id varchar, current_profile_id varchar",
                  sorted((redirects or {}).items()))
            given("identity.profile_changes", CHANGES, [(run.run_id, *one) for one in changes])
            given("golden.consents", CONSENTS, [(p, "email", "marketing", "granted") for p in granted])
            given("golden.restrictions", "profile_id varchar, scope varchar",
                  [(p, "all") for p in restricted])
            given("golden.customer_facts",
                  "profile_id varchar, order_count bigint, spend_converted decimal(18, 2)",
                  [(p, n, 10 * n) for p, n in (orders or {}).items() if p in alive])
            told = [*membership.tables(models), *bridges.tables()]
            outcomes = [table.make(run).outcome for table in told]
            if publishes:
                run.state.promote(
                    run.lake, STATE_TABLES, run_id=run.run_id, inputs=run.inputs
                )
            self.lake, self.run_id = run.lake, run.run_id
            self._rows = {
                name: run.con.execute(f"from ({run.lake.scan(name)})").fetchall()
                for name in MADE
            }
            self._columns = {name: list(run.lake.manifest(name).columns) for name in MADE}
        return outcomes

    def copy(self, home: Path) -> Nights:
        """The same nights so far, in a home of their own."""
        shutil.copytree(self.home, home, symlinks=True)
        return Nights(home, self.profiles)

    def everything(self) -> dict[str, list[tuple]]:
        """All rows of all tables, by the names of their columns."""
        return {
            name: self.rows(name.partition(".")[2], *sorted(columns))
            for name, columns in self._columns.items()
        }

    def rows(self, table: str, *columns: str) -> list[tuple]:
        names = self._columns[f"marts.{table}"]
        found = [tuple(row[names.index(c)] for c in columns) for row in self._rows[f"marts.{table}"]]
        return sorted(found, key=repr)

    def members(self, segment: str) -> list[str]:
        return [p for s, p in self.rows("segment_members", "segment", "profile_id") if s == segment]

    def moves(self, day: int) -> set[tuple[str, str, str]]:
        """(profile, entered or left, reason) of a night."""
        told = self.rows("segment_history", "profile_id", "change", "reason", "as_of")
        return {row[:3] for row in told if row[3] == date(2026, 6, day)}

    def bridged(self, day: int) -> dict[tuple[str, str], int]:
        """(number, reason) -> by how much a night changed it."""
        told = self.rows("number_changes", "number", "reason", "amount", "as_of")
        return {row[:2]: int(row[2]) for row in told if row[3] == date(2026, 6, day)}


def _model(name: str, said: Said) -> SqlModel:
    return SqlModel(
        layer="segments",
        name=name,
        path=Path(f"{name}.sql"),
        sql=f"select profile_id from golden.customer_facts where {said.query}",
        description=name,
        grain=("profile_id",),
        partition=None,
        dependencies=frozenset(said.reads),
        checks=(),
        fields={
            **{"title": name, "owner": "marketing", "purpose": "marketing"},
            "guards": said.guards,
        },
        guards=parse_guards(said.guards),
    )


@pytest.fixture
def nights(tmp_path) -> Nights:
    return Nights(tmp_path / "home")


@pytest.fixture(scope="session")
def first(tmp_path_factory) -> Nights:
    """A first night, on which a had two orders and b one; a test goes on from a copy of it."""
    nights = Nights(tmp_path_factory.mktemp("first") / "home")
    nights.run(1, {"vips": "ab"}, orders={"a": 2, "b": 1})
    return nights
