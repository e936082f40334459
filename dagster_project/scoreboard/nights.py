"""A simulated company's nights through the pipeline: each measured, and scored against the truth.

Here belongs what happens in a night, to the files and to those who ask to be erased, and the comparing with
one run over everything. What is asked of a night is in measures.py, how it looks in pages/scoreboard_page.py.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster_project import dictionaries
from dagster_project.lake import Lake, connect, quoted
from dagster_project.privacy.keys import private_place
from dagster_project.scoreboard.measures import FLOORS, Measure, take, take_links
from dagster_project.scoreboard.processes import Used, measured
from dagster_project.settings import load_settings
from dagster_project.state import State

LAYERS = ("staging", "standard", "identity", "workings", "golden")
"""What must come out the same, whether night by night or at once."""

POPULATION = ("identity.name_uses", "identity.population")
"""What linkage knows of everybody together; it stays as the first night found it until it is learnt anew."""

REMEMBERED = frozenset(
    f"identity.{name}" for name in (
        "accuracy_reference", "issued_company_ids", "issued_profile_ids", "profile_changes",
        "profile_redirects",
    )
)
"""Tables that tell when something came to be: they may remember the nights."""

DICTIONARIES = frozenset(one.table for one in dictionaries.DICTIONARIES)
"""What was ever spelt stays in them, and is for nobody who does not ask for it."""


MINTED = {"profile_id": "identity.profile_records", "company_id": "identity.company_members"}
"""Ids that are minted, and the table that says what they stand for."""


@dataclass(frozen=True)
class Night:
    """One night: what was delivered, what it took, what it wrote, and how right what it published is."""

    on: date
    is_held: bool
    erased: int
    used: Used
    bytes_delivered: int
    bytes_written: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Scoreboard:
    """`differing` are the tables, with their rows, that night by night came out otherwise than at once;
    `whole` is what that one run over everything took."""

    people: int
    seed: int
    nights: tuple[Night, ...]
    whole: Used
    differing: dict[str, int]

    @property
    def missed(self) -> list[str]:
        """The floors that were not reached, in words."""
        found = []
        for floor in FLOORS:
            for night in self.nights:
                if not floor.holds(night.measures):
                    found.append(f"{floor.name} on {night.on}: {floor.told(night.measures)}; floor: {floor.words}")
        found += [f"{table}: {rows} rows are not those of one run over everything"
                  for table, rows in self.differing.items()]
        return found

    def to_json(self) -> str:
        said = asdict(self) | {"missed": self.missed}
        return json.dumps(said, indent=1, default=str) + "\n"


def run_nights(
    place: Path,
    *,
    people: int,
    seed: int,
    deliver: Callable[[Path, Path], None],
    say: Callable[[str], None],
) -> Scoreboard:
    """Take the company that was simulated below `place` through the pipeline; `deliver` lays a night's files
    where exports land. Raises RuntimeError for a night that fails otherwise than by being held for a
    person; a held one is accepted, and who asks to be erased is, after the night."""
    place = place.resolve()  # commands run in it
    home, landing = place / "home", place / "landing"
    memory = place / "memory.duckdb"
    found = []
    for folder in sorted((place / "exports").iterdir()):
        on, truth = date.fromisoformat(folder.name), place / "truth" / folder.name
        deliver(folder, landing)
        began = time.time_ns()
        used, is_held = _one_night(landing, home, on)
        written = _bytes(home, since=began)
        erased = _erase(truth, landing, home, on)
        measures = take(_database(home), truth, memory, on=on, is_held=is_held)
        found.append(
            Night(on, is_held, erased, used, _bytes(folder), written, tuple(measures))
        )
        say(f"{on}: {used.seconds:.0f} s{', held and accepted' * is_held}"
            f"{f', {erased} erased' * bool(erased)}")
    at_once = place / "at_once"
    remember_population(home, at_once)
    homes = [load_settings(directory=place, environment={}, home=one) for one in (home, at_once)]
    shutil.copytree(*map(private_place, homes), dirs_exist_ok=True)  # who is erased is so everywhere
    whole = _run(landing, at_once, found[-1].on)
    if whole.code:
        raise RuntimeError(f"the run over everything ended with {whole.code}: see {at_once / 'reports'}")
    return Scoreboard(people, seed, tuple(found), whole, differing(Lake(home / "lake"),
                                                                   Lake(at_once / "lake")))


def score_links(place: Path, links: Path) -> Iterator[tuple[date, list[Measure]]]:
    """The nights of the company below `place` as another system linked them."""
    with TemporaryDirectory() as folder:
        for truth in sorted((place / "truth").glob("*-*-*")):
            on = date.fromisoformat(truth.name)
            yield on, take_links(links, truth, Path(folder) / "memory.duckdb", on=on)


def _run(landing: Path, home: Path, on: date) -> Used:
    """The night after a day, under the simulated company's settings, which lie beside its home."""
    given = ("--exports", str(landing), "--home", str(home), "--as-of", (on + timedelta(days=1)).isoformat())
    return measured("run", *given, directory=home.parent)


def _one_night(landing: Path, home: Path, on: date) -> tuple[Used, bool]:
    used = _run(landing, home, on)
    held, is_held = home / "state" / "held.json", False
    for _ in range(2):  # it may be held before people are linked, and before publishing
        if used.code and held.exists():
            is_held = True
            run_id = json.loads(held.read_text(encoding="utf-8"))["run_id"]
            used = used.and_then(measured("accept", run_id, "--home", str(home), directory=home.parent))
    if used.code:
        raise RuntimeError(f"the night of {on} ended with {used.code}: see {home / 'reports'}")
    return used, is_held


def _erase(truth: Path, landing: Path, home: Path, on: date) -> int:
    """Erase who asked for it on this day, by all of her records that are known; how many did."""
    requests = home.parent / "erasures.csv"
    with connect() as con:
        con.execute(f"attach {quoted(_database(home))} as published (read_only)")
        con.execute(
            f"""create temp table asked as
            select person_id, record from (
                select person_id, unnest(identifiers) as record
                from read_parquet({quoted(truth / "erasures.parquet")}) where asked_on = $on
            ) where record in (select record_key from published.profile_records)""",
            {"on": on},
        )
        [(people,)] = con.execute("select count(distinct person_id) from asked").fetchall()
        con.execute(f"copy (select record from asked order by record) to {quoted(requests)} (header)")
    if people:
        given = ("--file", str(requests), "--exports", str(landing), "--home", str(home))
        used = measured("privacy", "erase", *given, directory=home.parent)
        if used.code:
            raise RuntimeError(f"erasing on {on} ended with {used.code}: see {home / 'reports'}")
    return people


def _database(home: Path) -> Path:
    return (home / "warehouse" / "current" / "customers.duckdb").resolve()


def _bytes(place: Path, *, since: int = 0) -> int:
    """The bytes of the files below a place that were written since a moment; what is there under two names
    counts once."""
    found = {}
    for path in place.rglob("*"):
        if path.is_file() and not path.is_symlink() and (seen := path.stat()).st_mtime_ns >= since:
            found[seen.st_ino] = seen.st_size
    return sum(found.values())


def remember_population(home: Path, other: Path) -> None:
    """Give another home what linkage knows of the population as a whole, and nothing else."""
    State(other / "state").promote(Lake(home / "lake"), POPULATION, run_id="facts", inputs="")


def differing(by_night: Lake, at_once: Lake) -> dict[str, int]:
    """Rows by table that are not in both. The id of a profile or a company is minted when it first appears,
    so ids are compared by the records that they stand for."""
    found = {}
    with connect() as con:
        for name, lake in (("by_night", by_night), ("at_once", at_once)):
            ids = " union all ".join(
                f"select {column} as id, min(record_key) as record_key from ({lake.scan(table)}) group by all"
                for column, table in MINTED.items()
            )
            con.execute(f"create table {name} as {ids}")
        for table in by_night.tables():
            if table.split(".")[0] not in LAYERS or table in REMEMBERED | DICTIONARIES:
                continue
            if table.endswith("_sources"):  # in which file a row lay is no matter of its value
                continue
            rows = [_rows(lake, table, ids) for lake, ids in ((by_night, "by_night"), (at_once, "at_once"))]
            [(count,)] = con.execute(
                f"select count(*) from ((({rows[0]}) except all ({rows[1]})) "
                f"union all (({rows[1]}) except all ({rows[0]})))"
            ).fetchall()
            if count:
                found[table] = count
    return found


def _rows(lake: Lake, table: str, ids: str) -> str:
    """A table's rows with the least record of who has an id in its place, without what tells of the run and
    what only follows from the id."""
    columns = [name for name in lake.manifest(table).columns if name not in ("run_id", "change_id", "fold")]
    named = [name for name in columns if name.endswith(tuple(MINTED))]
    listed = ", ".join(
        f'coalesce("{name}_of".record_key, its."{name}") as "{name}"' if name in named else f'its."{name}"'
        for name in columns
    )
    joins = " ".join(f'left join {ids} as "{name}_of" on "{name}_of".id = its."{name}"' for name in named)
    return f"select {listed} from ({lake.scan(table)}) as its {joins}"
