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
import tempfile
from datetime import date, timedelta
from pathlib import Path

from dagster_project.lake import Lake, connect
from dagster_project.scoreboard.processes import measured
from simulator import simulate

FIRST = date(2026, 6, 1)
NIGHTS = 6


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
        limit = {"CDP_MEMORY_LIMIT": chosen.memory_limit}
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
            found.append(measured("run", *given, environment=limit))
        held = json.loads((home / "state" / "held.json").read_text(encoding="utf-8"))
        accepted = measured("accept", held["run_id"], "--home", str(home), environment=limit)
        rows = rows_by_day(home)
    usual = sorted(rows[1:-1])[len(rows[1:-1]) // 2]
    print(f"simulated company of {chosen.people:,} people, seed {chosen.seed}; limit {chosen.memory_limit}")
    print(f"  rows of a usual night {usual:,}; of the last one {rows[-1]:,}: {rows[-1] / usual:.0f} times")
    for what, used in (
        ("a usual night", found[-2]),
        ("the great night, until it is held", found[-1]),
        ("its acceptance", accepted),
    ):
        share = used.cpu_seconds / accepted.cpu_seconds
        print(f"  {what:36} exit {used.code}  {share:7.1%} of the acceptance's CPU  "
              f"{used.peak_bytes / 1e9:5.2f} GB")


if __name__ == "__main__":
    main()
