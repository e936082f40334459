"""A simulated company through the whole job: who was recognised, what a night costs, what Dagster costs.

    python benchmarks/company.py --people 100000

Prints pairwise precision and recall against the simulator's truth, and CPU ratios measured in this
one run: the job as Dagster runs it beside `cdp run`, and a night with nothing new.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb

from dagster_project.identity.accuracy import score
from simulator import simulate

FIRST_NIGHT = date(2026, 6, 1)

COMMAND = "from dagster_project.cli import main; main()"

WITH_ENGINE = """
import sys
from pathlib import Path
from dagster_project.definitions import JOB, build_defs
from dagster_project.settings import load_settings
settings = load_settings(exports=Path(sys.argv[1]), home=Path(sys.argv[2]))
build_defs(settings).resolve_job_def(JOB).execute_in_process(run_config={
    "resources": {"run": {"config": {"as_of": sys.argv[3]}}},
    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
})
"""


def cpu_seconds(*command: str) -> float:
    """Run a command to its end and return the CPU seconds that it and its children used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=2)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        company = Path(place)
        simulate(company, people=chosen.people, seed=chosen.seed)
        exports = str(company / "exports")
        as_of = (FIRST_NIGHT + timedelta(days=1)).isoformat()

        def job(home: str) -> float:
            given = ("run", "--exports", exports, "--home", str(company / home), "--as-of", as_of)
            return cpu_seconds(sys.executable, "-c", COMMAND, *given)

        engine = cpu_seconds(
            sys.executable, "-c", WITH_ENGINE, exports, str(company / "dagster"), as_of
        )
        full = job("home")
        again = job("home")
        database = (company / "home/warehouse/current/customers.duckdb").resolve()
        with duckdb.connect() as con:
            con.execute(f"attach '{database}' as published (read_only)")
            con.execute(
                "create table found as select record_key, profile_id as cluster "
                "from published.profile_records"
            )
            con.execute(
                f"create table truth as from read_parquet('{company}/truth/records.parquet')"
            )
            said = score(con, "found", "truth")
        print(f"simulated company of {chosen.people:,} people, seed {chosen.seed}")
        print(f"  pairwise precision        {said.precision:.4f}")
        print(f"  pairwise recall           {said.recall:.4f}")
        print(f"  largest cluster / person  {said.largest_cluster} / {said.largest_person}")
        print(f"  full job                  {full:.1f} CPU s")
        print(f"  the same by Dagster's job {engine / full:.2f} times its CPU")
        print(f"  a night with nothing new  {again / full:.1%} of the full job ({again:.1f} CPU s)")


if __name__ == "__main__":
    main()
