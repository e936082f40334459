"""A simulated company's nights through the pipeline: each in a process of its own, measured and scored.

Here belongs the running and the comparing. What is asked of a night is in measures.py, how it looks in
pages/scoreboard_page.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from dagster_project import dictionaries
from dagster_project.lake import Lake, connect
from dagster_project.scoreboard.measures import FLOORS, Measure, take
from dagster_project.state import State

CDP = (sys.executable, "-c", "from dagster_project.cli import main; main()")

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


@dataclass(frozen=True)
class Used:
    """What a command took: its exit code, CPU and wall seconds, and the peak of its memory in bytes."""

    code: int
    cpu_seconds: float
    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Night:
    """One night: what was delivered, what it took, what it wrote, and how right what it published is."""

    on: date
    is_held: bool
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
                if not floor.holds([one for one in night.measures if one.name == floor.name]):
                    found.append(f"{floor.name} on {night.on}: {floor.words} is not reached")
        found += [f"{table}: {rows} rows are not those of one run over everything"
                  for table, rows in self.differing.items()]
        return found

    def to_json(self) -> str:
        said = asdict(self) | {"missed": self.missed}
        return json.dumps(said, indent=1, default=str) + "\n"


def measured(*arguments: str, environment: dict[str, str] | None = None) -> Used:
    """Run a command of cdp in a process of its own."""
    began = time.monotonic()
    with subprocess.Popen(
        [*CDP, *arguments],
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Used(process.returncode, used.ru_utime + used.ru_stime, time.monotonic() - began,
                used.ru_maxrss * 1024)


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
    person; a held one is accepted."""
    home, landing = place / "home", place / "landing"
    found, before = [], None
    for folder in sorted((place / "exports").iterdir()):
        on = date.fromisoformat(folder.name)
        deliver(folder, landing)
        began = time.time_ns()
        used, is_held = _one_night(landing, home, on)
        database = (home / "warehouse" / "current" / "customers.duckdb").resolve()
        found.append(
            Night(on, is_held, used, _bytes(folder), _bytes(home, since=began),
                  tuple(take(database, place / "truth" / folder.name, before)))
        )
        before = database
        say(f"{on}: {used.seconds:.0f} s" + (", held and accepted" if is_held else ""))
    at_once = place / "at_once"
    remember_population(home, at_once)
    whole = measured("run", "--exports", str(landing), "--home", str(at_once), "--as-of",
                     _day_after(found[-1].on))
    if whole.code:
        raise RuntimeError(f"the run over everything ended with {whole.code}: see {at_once / 'reports'}")
    return Scoreboard(people, seed, tuple(found), whole, differing(Lake(home / "lake"),
                                                                   Lake(at_once / "lake")))


def _one_night(landing: Path, home: Path, on: date) -> tuple[Used, bool]:
    given = ("run", "--exports", str(landing), "--home", str(home), "--as-of", _day_after(on))
    used = measured(*given)
    if used.code == 0:
        return used, False
    held = home / "state" / "held.json"
    if not held.exists():
        raise RuntimeError(f"the night of {on} ended with {used.code}: see {home / 'reports'}")
    run_id = json.loads(held.read_text(encoding="utf-8"))["run_id"]
    accepted = measured("accept", run_id, "--home", str(home))
    if accepted.code:
        raise RuntimeError(f"the night of {on} was held and could not be accepted: see {home / 'reports'}")
    return Used(0, used.cpu_seconds + accepted.cpu_seconds, used.seconds + accepted.seconds,
                max(used.peak_bytes, accepted.peak_bytes)), True


def _day_after(on: date) -> str:
    return (on + timedelta(days=1)).isoformat()


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
    """Rows by table that are not in both. A profile's id is minted when a person first appears, so ids are
    compared by the records that they stand for."""
    found = {}
    with connect() as con:
        people = "select {0} as id, min(record_key) as record_key from ({1}) group by all"
        for name, lake in (("by_night", by_night), ("at_once", at_once)):
            records = lake.scan("identity.profile_records")
            con.execute(f"create table {name} as {people.format('profile_id', records)}")
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
    """A table's rows with the least record of a profile for its id, without what tells of the run."""
    columns = [name for name in lake.manifest(table).columns if name not in ("run_id", "change_id")]
    named = [name for name in columns if name.endswith("profile_id")]
    listed = ", ".join(
        f'coalesce("{name}_of".record_key, its."{name}") as "{name}"' if name in named else f'its."{name}"'
        for name in columns
    )
    joins = " ".join(f'left join {ids} as "{name}_of" on "{name}_of".id = its."{name}"' for name in named)
    return f"select {listed} from ({lake.scan(table)}) as its {joins}"
