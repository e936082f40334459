"""What a night costs, layer by layer, beside how much of the company changed.

    python benchmarks/nights.py --people 20000

Brings in all history, then the exports of one day, then those of a week at once. Prints the CPU
seconds of each layer and what they are of the first night's, beside the share of profiles written.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from dagster_project.catalog import load_catalog
from dagster_project.nightly import make_all
from dagster_project.run import Step, open_run
from dagster_project.settings import load_settings
from dagster_project.sql_models import LAYERS
from simulator import simulate

FIRST = date(2026, 6, 1)
NIGHTS = {"all history": 1, "one day": 1, "a week at once": 7}


def run_night(exports: Path, home: Path, as_of: date) -> tuple[Counter, float]:
    """CPU seconds by layer, publishing as 'published', and the share of profiles that was written."""
    spent: Counter = Counter()
    settings = load_settings(environment={}, exports=exports, home=home)
    began = time.process_time()

    def watch(step: Step) -> None:
        nonlocal began
        now = time.process_time()
        spent[step.table.split(".")[0]] += now - began
        began = now

    with open_run(settings, as_of=as_of, watch=watch) as run:
        make_all(run, load_catalog(settings))
        steps = {step.table: step for step in run.steps}
    spent["published"] = time.process_time() - began
    profiles = steps["golden.profiles"]
    return spent, profiles.rows_written / profiles.rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=2)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        company = Path(place)
        simulate(company, people=chosen.people, nights=sum(NIGHTS.values()), seed=chosen.seed)
        delivered = sorted((company / "exports").iterdir())
        landing, as_of, found = company / "landing", FIRST, {}
        for night, days in NIGHTS.items():
            for _ in range(days):
                folder = delivered.pop(0)
                shutil.move(folder, landing / folder.name)
                as_of += timedelta(days=1)
            found[night] = run_night(landing, company / "home", as_of)
    print(f"simulated company of {chosen.people:,} people, seed {chosen.seed}; CPU seconds")
    print(f"{'':12}" + "".join(f"{night:>22}" for night in found))
    whole = found["all history"][0]
    for layer in (*LAYERS, "published"):
        cells = (f"{spent[layer]:.1f} ({spent[layer] / whole[layer]:.0%})" for spent, _ in found.values())
        print(f"{layer:12}" + "".join(f"{cell:>22}" for cell in cells))
    totals = (f"{spent.total():.1f} ({spent.total() / whole.total():.0%})" for spent, _ in found.values())
    print(f"{'together':12}" + "".join(f"{cell:>22}" for cell in totals))
    print(f"{'profiles':12}" + "".join(f"{share:>22.1%}" for _, share in found.values()))


if __name__ == "__main__":
    main()
