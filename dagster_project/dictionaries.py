"""Dictionaries from spellings to values: made in Python, on distinct spellings, each once for ever.

What a spelling means is in normalise.py; which spellings there are is a SQL model beside the
dictionary's place in sql/standard.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project import normalise
from dagster_project.lake import Manifest, fingerprint, write_parquet
from dagster_project.making import Made, Table, described
from dagster_project.privacy.tombstones import filter_of
from dagster_project.run import Run


@dataclass(frozen=True)
class Dictionary:
    """`function` takes the key columns of `source` and returns the value columns' value or values."""

    table: str
    description: str
    source: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    function: Callable

    def make(self, run: Run) -> Made:
        """Add the entries that are missing; a change of code makes the dictionary anew."""
        made_from = {
            "code": fingerprint(self.table, self.values, inspect.getsource(normalise)),
            "inputs": {self.source: run.lake.version(self.source)},
            "erased": filter_of(run).versions,
        }
        before = run.lake.manifest(self.table)
        with run.step(self.table) as report:
            if before and before.made_from == made_from:
                return described(run, self.table, report)
            run.view(self.source)
            known = "select * from wanted"
            if before and before.version == made_from["code"]:
                known = f"from wanted anti join ({run.lake.scan(self.table)}) using ({self.listed})"
            wanted = f"with wanted as (select {self.listed} from {self.source}) {known}"
            rows = run.con.execute(f"{wanted} order by all").fetchall()
            if before and before.made_from.get("erased", {}) != made_from["erased"]:
                return self._renew(run, before, rows, made_from, report)
            if not rows and before:
                run.lake.note_unchanged(self.table, made_from=made_from)
                return described(run, self.table, report)
            with run.lake.staging(self.table) as place:
                staged = place / "entries.parquet"
                pq.write_table(self.entries(rows), staged, compression="zstd")
                kept = before.notes["rows"] if before and before.version == made_from["code"] else 0
                notes = {"rows": kept + len(rows)}
                run.lake.commit_entries(self.table, staged, made_from=made_from, notes=notes)
            return described(run, self.table, report, outcome="part", rows_written=len(rows))

    def _renew(
        self, run: Run, before: Manifest, rows: list[tuple], made_from: dict, report: dict
    ) -> Made:
        """Without the entries that nobody needs any more: only the erased may have spelt them."""
        names = ", ".join((*self.keys, *self.values))
        run.con.register("entries_new", self.entries(rows))
        is_same = before.version == made_from["code"]
        kept = f"select {names} from ({run.lake.scan(self.table)})" if is_same else "from entries_new"
        with run.lake.staging(self.table) as place:
            staged = place / "entries.parquet"
            write_parquet(
                run.con,
                f"from ({kept}) semi join {self.source} using ({self.listed}) union from entries_new",
                staged,
                order=self.keys,
            )
            run.con.unregister("entries_new")
            count = pq.read_metadata(staged).num_rows
            run.lake.commit_entries(
                self.table, staged, made_from=made_from, notes={"rows": count}, anew=True
            )
        return described(run, self.table, report, outcome="whole", rows_written=count)

    @property
    def listed(self) -> str:
        return ", ".join(self.keys)

    def entries(self, rows: list[tuple]) -> pa.Table:
        """The dictionary's rows for these keys."""
        found = [self.function(*row) for row in rows]
        if len(self.values) == 1:
            found = [(value,) for value in found]
        names = (*self.keys, *self.values)
        columns = {
            name: pa.array([(*row, *value)[i] for row, value in zip(rows, found)], pa.string())
            for i, name in enumerate(names)
        }
        return pa.table(columns)


DICTIONARIES = (
    Dictionary(
        "standard.countries",
        "One row per spelling of a country: its ISO 3166 code, null where it is no country's.",
        "standard.country_texts",
        ("country_text",),
        ("country",),
        normalise.country,
    ),
    Dictionary(
        "standard.regions",
        "One row per spelling of a region in a country: its ISO 3166-2 code, else its text.",
        "standard.region_texts",
        ("region_text", "country"),
        ("region",),
        normalise.region,
    ),
    Dictionary(
        "standard.phone_numbers",
        "One row per spelling of a telephone number in a country: E.164, null where it is none.",
        "standard.phone_texts",
        ("phone_text", "country"),
        ("phone",),
        normalise.phone,
    ),
    Dictionary(
        "standard.area_regions",
        "One row per North American area code: its state or province, null where it has none.",
        "standard.area_codes",
        ("area_code",),
        ("region",),
        normalise.area_region,
    ),
    Dictionary(
        "standard.latin_names",
        "One row per name in other letters than Latin ones: the same in the letters a to z.",
        "standard.unfolded_names",
        ("name_text",),
        ("latin_name",),
        normalise.latin,
    ),
    Dictionary(
        "standard.user_agents",
        "One row per user agent: the bot that it is, null for a person's browser or app.",
        "standard.agent_texts",
        ("user_agent",),
        ("bot",),
        normalise.bot,
    ),
    Dictionary(
        "standard.person_names",
        "One row per spelling of a full name of more than two plain words: its parts.",
        "standard.name_texts",
        ("name_text",),
        ("first_name", "middle_name", "last_name", "name_suffix"),
        normalise.person_name,
    ),
)


def tables() -> list[Table]:
    return [
        Table(entry.table, entry.description, entry.keys, (entry.source,), entry.make)
        for entry in DICTIONARIES
    ]
