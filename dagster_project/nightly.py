"""The nightly job without its engine: what happens after every table is made, and how a run ends.

The tables' order is the engine's business (Dagster's); their content is the catalog's.
"""

from __future__ import annotations

import json

from dagster_project.catalog import STATE_TABLES
from dagster_project.identity.tables import model_version
from dagster_project.lake import write_atomically
from dagster_project.making import Table
from dagster_project.publish import Published, publish, run_entry
from dagster_project.run import Run

KEPT_RUNS = 400


def make_all(run: Run, catalog: dict[str, Table]) -> Published:
    """The whole job in the catalog's order, for whoever needs no engine. Raises ChecksFailed."""
    for table in catalog.values():
        table.make(run)
    return finish(run, catalog)


def finish(run: Run, catalog: dict[str, Table]) -> Published:
    """Publish what was made, remember the run, and tidy the lake."""
    earlier = [entry for entry in read_runs(run) if entry["run_id"] != run.run_id]
    entry = run_entry(run, status="published", model_version=model_version())
    with run.noting("the published database"):
        published = run.once(
            "published",
            lambda: publish(run, catalog, runs=[*earlier, entry], state_tables=STATE_TABLES),
        )
    if published.is_new:
        write_runs(run, [*earlier, entry])
    for name, table in catalog.items():
        if run.lake.is_scattered(name):
            order = table.model.order if table.model else table.grain
            run.lake.compact(run.con, name, order)
    return published


def read_runs(run: Run) -> list[dict]:
    path = run.settings.state / "runs.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write_runs(run: Run, runs: list[dict]) -> None:
    text = json.dumps(runs[-KEPT_RUNS:], indent=1) + "\n"
    write_atomically(run.settings.state / "runs.json", text)
