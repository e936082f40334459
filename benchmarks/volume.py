"""A night of a hundred times the usual volume: where it is stopped, and what memory it and its acceptance take.

    python benchmarks/volume.py --people 20000 --memory-limit 2GB

Six usual nights of a simulated company, then at once all that it had delivered in the year before. Each command is a process of its own under the memory limit; its peak of resident memory is printed
beside the limit, which bounds DuckDB's part of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from dagster_project.lake import Lake, connect
from simulator import simulate

FIRST = date(2026, 6, 1)
NIGHTS = 6
CDP = (sys.executable, "-c", "from dagster_project.cli import main; main()")


def measured(*arguments: str, limit: str) -> tuple[int, float, float]:
    """A command's exit code, CPU seconds and peak of resident memory in GB."""
    with subprocess.Popen(
        [*CDP, *arguments],
        env=os.environ | {"CDP_MEMORY_LIMIT": limit},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e9


def rows_by_day(home: Path) -> list[int]:
    """Rows delivered, by day, the first day first."""
    lake = Lake(home / "lake")
    with connect() as con:
        return [row[0] for row in con.execute(
            f"select sum(rows_read)::bigint from ({lake.scan('raw.source_files')}) "
            "group by delivered_at::date order by delivered_at::date"
        ).fetchall()]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=2)
    arguments.add_argument("--memory-limit", default="2GB")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        company, home = Path(place), Path(place) / "home"
        landing = company / "landing"
        simulate(company, people=chosen.people, nights=NIGHTS + 1, seed=chosen.seed)
        year, *delivered = sorted((company / "exports").iterdir())
        delivered.append(year)
        found = []
        for night, folder in enumerate(delivered):
            as_of = FIRST + timedelta(days=night + 1)
            target = landing / f"{night}-{folder.name}"
            shutil.move(folder, target)
            at = (as_of - date(1970, 1, 1)).total_seconds()
            for path in target.rglob("*"):
                os.utime(path, (at, at))
            given = ("--exports", str(landing), "--home", str(home), "--as-of", as_of.isoformat())
            found.append(measured("run", *given, limit=chosen.memory_limit))
        held = json.loads((home / "state" / "held.json").read_text(encoding="utf-8"))
        accepted = measured("accept", held["run_id"], "--home", str(home), limit=chosen.memory_limit)
        rows = rows_by_day(home)
    usual = sorted(rows[1:-1])[len(rows[1:-1]) // 2]
    print(f"simulated company of {chosen.people:,} people, seed {chosen.seed}; limit {chosen.memory_limit}")
    print(f"  rows of a usual night {usual:,}; of the last one {rows[-1]:,}: {rows[-1] / usual:.0f} times")
    for what, (code, cpu, memory) in (
        ("a usual night", found[-2]),
        ("the great night, until it is held", found[-1]),
        ("its acceptance", accepted),
    ):
        print(f"  {what:36} exit {code}  {cpu / accepted[1]:7.1%} of the acceptance's CPU  {memory:5.2f} GB")


if __name__ == "__main__":
    main()
