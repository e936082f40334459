"""The nightly job without its engine: what happens after every table is made, and how a run ends.

The tables' order is the engine's business (Dagster's); their content is the catalog's.
"""

from __future__ import annotations

import json

import duckdb

from dagster_project import gate
from dagster_project.catalog import STATE_TABLES
from dagster_project.glossary import load_glossary
from dagster_project.identity.replay import replay
from dagster_project.identity.tables import LINKED, model_version
from dagster_project.lake import write_atomically
from dagster_project.making import Table
from dagster_project.pages import dictionary, score_report
from dagster_project.pages.page import page
from dagster_project.publish import Published, publish, published_keys, run_entry
from dagster_project.run import Run
from dagster_project.scores.tables import read_cards
from dagster_project.settings import Settings

KEPT_RUNS = 400


def make_all(run: Run, catalog: dict[str, Table]) -> Published:
    """The whole job in the catalog's order, for whoever needs no engine. Raises ChecksFailed, Held."""
    for table in catalog.values():
        table.make(run)
    return finish(run, catalog)


def finish(run: Run, catalog: dict[str, Table]) -> Published:
    """Publish what was made unless it is held, remember the run, and tidy the lake.

    Raises Held, and ReplayError where a part of identity was not made as the whole would be.
    """
    with run.noting("identity"):
        if any(step.table in LINKED and step.outcome != "unchanged" for step in run.steps):
            run.once("replayed", lambda: replay(run, catalog))
        gate.check(run)
    earlier = [entry for entry in read_runs(run) if entry["run_id"] != run.run_id]
    entry = run_entry(run, status="published", model_version=model_version(run))
    with run.noting("the published database"):
        published = run.once(
            "published",
            lambda: publish(run, catalog, runs=[*earlier, entry], state_tables=STATE_TABLES),
        )
    gate.release(run)
    if published.is_new:
        write_runs(run, [*earlier, entry])
        write_review_queue(run)
        write_dictionary(run, catalog)
        write_scores(run)
    for name, table in catalog.items():
        if run.lake.is_scattered(name):
            order = table.model.order if table.model else table.grain
            run.lake.compact(run.con, name, order)
    return published


def accept(run: Run, run_id: str, catalog: dict[str, Table]) -> Published:
    """Publish the held run that a person accepted, as it was made; nothing is read or made again.

    Raises NotHeld.
    """
    gate.accept(run, run_id)
    return finish(run, catalog)


def write_review_queue(run: Run) -> None:
    """The doubtful pairs as a file of corrections to be filled in."""
    path = run.settings.home / "reports" / "review_queue.csv"
    gate.write_csv(run, f"from ({run.lake.scan('marts.review_queue')}) order by rank", path)


def write_dictionary(run: Run, catalog: dict[str, Table]) -> None:
    """What every published table and column means, as a page."""
    path = run.settings.home / "reports" / "data_dictionary.html"
    write_atomically(path, dictionary.to_page(read_dictionary(run.settings, catalog)))


def write_scores(run: Run) -> None:
    """The night's models of scores, a card for each, as a page."""
    models, bins, lookalikes = read_cards(run)
    told = score_report.tell(models, lookalikes, as_of=run.as_of.isoformat())
    text = page(told, pictures=score_report.pictures(models, bins))
    write_atomically(run.settings.home / "reports" / "scores.html", text)


def read_dictionary(settings: Settings, catalog: dict[str, Table]) -> list[dictionary.Entity]:
    """The published tables and their columns, from the database and its comments."""
    glossary = load_glossary(settings.sql / "columns.csv")
    with duckdb.connect(str(settings.database), read_only=True) as con:
        return dictionary.read_entities(con, published_keys(catalog), glossary)


def read_runs(run: Run) -> list[dict]:
    path = run.settings.state / "runs.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write_runs(run: Run, runs: list[dict]) -> None:
    text = json.dumps(runs[-KEPT_RUNS:], indent=1) + "\n"
    write_atomically(run.settings.state / "runs.json", text)
