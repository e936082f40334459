"""What a night costs beside the first run: with nothing new, with 1 % new, and in larger companies.

    python benchmarks/nights.py --people 1000000
    python benchmarks/nights.py --people 20000 100000

Simulates a company of each size. Its first run takes in a year; then come nights with nothing new, of which the
first has to copy the published databases, since none is there yet that is kept no more; then the exports of as
many days as make 1 % of the year's records; then nothing new again. Each is a process of its own, and one publish
is kept. Prints CPU, peak memory and bytes written of each beside the first run's; where a night's CPU goes, by layer; the dearest tables of the
first run beside the time in which DuckDB alone scans what they read and writes what they hold; and, for
several sizes, how much more a larger company costs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from dagster_project.catalog import load_catalog
from dagster_project.lake import Lake, connect, quoted
from dagster_project.nightly import make_all, open_night
from dagster_project.run import Step
from dagster_project.settings import load_settings
from dagster_project.sql_models import LAYERS
from simulator import simulate

FIRST = date(2026, 6, 1)
DELTA = 0.01
MOST_DAYS = 6
"""Of 1 % new: four days are 1 % of a year, a little more in June."""

DEAREST = 3


@dataclass(frozen=True)
class Used:
    """What a run took: CPU seconds in all and by step (a table, or the name of what follows the tables),
    the peak of resident memory, bytes given to the disk, rows written of all tables."""

    cpu: float
    steps: dict[str, float]
    peak: int
    written: int
    rows: int


def run(exports: Path, home: Path, as_of: date) -> Used:
    """One run in this process, which does nothing else."""
    settings = replace(load_settings(environment={}, exports=exports, home=home), kept_publishes=1)
    steps: Counter = Counter()
    rows, began = 0, time.process_time()

    def lap(name: str) -> None:
        nonlocal began
        now = time.process_time()
        steps[name] += now - began
        began = now

    def watch(step: Step) -> None:
        nonlocal rows
        lap(step.table)
        rows += step.rows_written

    with open_night(settings, as_of=as_of, watch=watch) as night:
        make_all(night, load_catalog(settings))
    lap("published")
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = told("io")
    # Not ru_maxrss, which begins with that of the process that started this one.
    peak = int(told("status")["VmHWM"].split()[0]) * 1024
    return Used(used.ru_utime + used.ru_stime, dict(steps), peak, int(said["write_bytes"]), rows)


def told(file: str) -> dict[str, str]:
    """What the system tells of this process, by name."""
    lines = Path("/proc/self", file).read_text().splitlines()
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


def apart(work: Callable, *given: object) -> Used:
    """Do a piece of work in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(work, *given).result()


def nights_of(people: int, seed: int, company: Path) -> dict[str, Used]:
    """The runs of one company, by what they were given; its home stays for a look."""
    simulate(company, people=people, nights=1 + MOST_DAYS, seed=seed)
    first, *days = sorted((company / "exports").iterdir())
    landing, home = company / "landing", company / "home"
    shutil.move(first, landing / first.name)
    found = {"first run": apart(run, landing, home, FIRST)}
    found["a copy"] = apart(run, landing, home, FIRST + timedelta(days=1))
    found["nothing new"] = apart(run, landing, home, FIRST + timedelta(days=2))
    came, aim = 0, DELTA * rows_in(landing)
    for night, day in enumerate(days):
        shutil.move(day, landing / day.name)
        came += rows_in(landing / day.name)
        if came >= aim:
            break
    found["1 % new"] = apart(run, landing, home, FIRST + timedelta(days=night + 3))
    found["and nothing"] = apart(run, landing, home, FIRST + timedelta(days=night + 4))
    return found


def rows_in(place: Path) -> int:
    """Lines of what was exported: of the uncompressed files, which hold nearly all."""
    return sum(
        path.read_bytes().count(b"\n") for path in place.rglob("*") if path.is_file() and path.suffix != ".gz"
    )


def floor_of(lake: Lake, table: str, inputs: tuple[str, ...]) -> float:
    """CPU seconds in which DuckDB scans every column of what a table reads and writes what it holds."""
    with tempfile.TemporaryDirectory() as place, connect(threads=2) as con:
        began = time.process_time()
        for name in inputs:
            counted = ", ".join(f'count("{column}")' for column in lake.manifest(name).columns)
            con.execute(f"select {counted} from ({lake.scan(name)})").fetchall()
        con.execute(f"copy ({lake.scan(table)}) to {quoted(Path(place) / 'rows.parquet')}")
        return time.process_time() - began


def tell(people: int, found: dict[str, Used], home: Path) -> None:
    first = found["first run"]
    print(f"\n{people:,} people; of the first run in brackets")
    print(f"{'':14}{'CPU s':>16}{'written MB':>18}{'rows written':>24}{'peak MB':>10}")
    for name, used in found.items():
        print(
            f"{name:14}{used.cpu:9.1f} ({used.cpu / first.cpu:4.0%})"
            f"{used.written / 1e6:11.0f} ({used.written / first.written:4.0%})"
            f"{used.rows:17,} ({used.rows / first.rows:4.0%}){used.peak / 1e6:10.0f}"
        )
    print(f"\n{'CPU s by layer':14}" + "".join(f"{name:>16}" for name in found))
    for layer in (*LAYERS, "index", "published"):
        spent = [
            sum(cpu for step, cpu in used.steps.items() if step.split(".")[0] == layer)
            for used in found.values()
        ]
        cells = (f"{one:9.1f} ({one / (spent[0] or 1):4.0%})" for one in spent)
        print(f"{layer:14}" + "".join(f"{cell:>16}" for cell in cells))
    lake, catalog = Lake(home / "lake"), load_catalog(load_settings(environment={}, home=home))
    print("\nThe dearest tables of the first run, and DuckDB's own time to scan what they read and write them")
    dearest = Counter({name: spent for name, spent in first.steps.items() if name in catalog})
    for name, spent in dearest.most_common(DEAREST):
        floor = floor_of(lake, name, catalog[name].inputs)
        print(f"{name:40}{spent:8.1f} s, {spent / first.cpu:4.0%} of the run, {spent / floor:5.1f} times")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, nargs="+", default=[20_000])
    arguments.add_argument("--seed", type=int, default=2)
    arguments.add_argument("--keep", type=Path, help="leave the companies and their homes here")
    chosen = arguments.parse_args()
    cost: dict[int, dict[str, Used]] = {}
    for people in sorted(chosen.people):
        with tempfile.TemporaryDirectory() as place:
            company = chosen.keep / str(people) if chosen.keep else Path(place)
            cost[people] = nights_of(people, chosen.seed, company)
            tell(people, cost[people], company / "home")
    smallest = min(cost)
    for people in sorted(cost)[1:]:
        more = {name: used.cpu / cost[smallest][name].cpu for name, used in cost[people].items()}
        said = ", ".join(f"{name} {times:.1f}" for name, times in more.items())
        print(f"\n{people / smallest:g} times the company costs, in CPU: {said} times")


if __name__ == "__main__":
    main()
