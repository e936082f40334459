"""What erasing 200 people costs beside the run that made everything, step by step.

    python benchmarks/erasure.py --people 20000

Prints the CPU seconds of every step of the erasure, what they are of the full run's, and how much of the
tables was written again. The proof is told apart: it reads everything, so it grows with the home and not
with who is erased. Beside it stands what DuckDB alone takes to read and write again every table and both
databases: less it cannot cost to build them anew.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb

from dagster_project import gate, nightly
from dagster_project.catalog import load_catalog
from dagster_project.lake import Lake, connect, quoted
from dagster_project.nightly import make_all
from dagster_project.privacy import erasing, purging, tombstones
from dagster_project.privacy.subjects import find_subjects
from dagster_project.publish import STORAGE_VERSION
from dagster_project.run import Step, open_run
from dagster_project.settings import Settings, load_settings
from simulator import simulate

AS_OF = date(2026, 6, 1)

PROOF = "the proof"

STEPS = {
    "writing down who": (erasing, "_order"),
    "out of raw": (tombstones, "drop_erased"),
    "expectations": (gate, "check"),
    "replay": (nightly, "replay"),
    "older rows": (purging, "compact"),
    "publishing": (nightly, "publish"),
    PROOF: (erasing, "verify"),
}
"""What is timed besides the tables: functions by their place."""


class Clock:
    """CPU seconds by step; a step within another counts for itself."""

    def __init__(self) -> None:
        self.spent: Counter = Counter()
        self._began = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.spent[name] += now - self._began
        self._began = now

    def timed(self, name: str, work: Callable) -> Callable:
        def timing(*given, **named):
            self.lap("the rest")
            try:
                return work(*given, **named)
            finally:
                self.lap(name)

        return timing

    def watch(self, step: Step) -> None:
        self.lap(f"tables: {step.table.partition('.')[0]}")


def run_all(settings: Settings) -> float:
    began = time.process_time()
    with open_run(settings, as_of=AS_OF) as run:
        make_all(run, load_catalog(settings))
    return time.process_time() - began


def chosen_people(settings: Settings, count: int) -> list[str]:
    """Profiles with an address, drawn by a hash."""
    with duckdb.connect(str(settings.database), read_only=True) as con:
        rows = con.execute(
            """select profile_id from profiles where email is not null
            order by md5(profile_id) limit ?""",
            [count],
        ).fetchall()
    return [profile_id for (profile_id,) in rows]


def written_again(settings: Settings, place: Path) -> Iterator[tuple[str, float]]:
    """CPU seconds in which DuckDB alone reads all that a home serves and writes it again."""
    began, lake = time.process_time(), Lake(settings.lake)
    with connect(threads=settings.threads, memory=settings.memory_limit) as con:
        for table in lake.tables():
            into = quoted(place / "rows.parquet")
            con.execute(f"copy ({lake.scan(table)}) to {into} (format parquet, compression zstd)")
        yield "all tables", time.process_time() - began
        for database in sorted(settings.database.parent.glob("*.duckdb")):
            began = time.process_time()
            con.execute(f"attach {quoted(database.resolve())} as was (read_only)")
            con.execute(f"attach {quoted(place / database.name)} as now (storage_version '{STORAGE_VERSION}')")
            con.execute("copy from database was to now")
            con.execute("detach was; detach now")
            yield database.name, time.process_time() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=20_000)
    arguments.add_argument("--erased", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=2)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        company = Path(place)
        simulate(company, people=chosen.people, nights=1, seed=chosen.seed)
        settings = load_settings(environment={}, exports=company / "exports", home=company / "home")
        full = run_all(settings)
        clock = Clock()
        for name, (module, function) in STEPS.items():
            setattr(module, function, clock.timed(name, getattr(module, function)))
        people = chosen_people(settings, chosen.erased)
        subjects = find_subjects(settings, [[one] for one in people], is_one_job=True)
        clock.lap("finding who")
        requests = [(f"request-{number}", subject) for number, subject in enumerate(subjects)]
        written = Counter()

        def watch(step: Step) -> None:
            clock.watch(step)
            written[step.outcome] += step.rows_written

        done = erasing.erase(settings, requests, watch=watch)
        clock.lap("the rest")
        floor = list(written_again(settings, company))
    total = clock.spent.total()
    print(f"simulated company of {chosen.people:,} people, seed {chosen.seed}; CPU seconds")
    print(f"{len(done)} people erased, of whom every byte was searched")
    print(f"{'the full run':32}{full:10.1f}")
    for name, seconds in clock.spent.most_common():
        print(f"{name:32}{seconds:10.1f}{seconds / full:8.1%}")
    for name, seconds in (("without the proof", total - clock.spent[PROOF]), ("together", total)):
        print(f"{name:32}{seconds:10.1f}{seconds / full:8.1%}")
    print("DuckDB alone, to read and write again")
    for name, seconds in floor:
        print(f"{name:32}{seconds:10.1f}{seconds / full:8.1%}")
    print(f"rows written again: {written['whole']:,} of tables made whole, {written['part']:,} of parts")


if __name__ == "__main__":
    main()
