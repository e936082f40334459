"""The nightly job: every table in its order, what happens once they are made, and how a run ends.

What the tables hold is the catalog's business. Dagster shows, schedules and runs the same steps as assets.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from dagster_project import gate, landing, reporting
from dagster_project.catalog import STATE_TABLES
from dagster_project.ending import PUBLISHED
from dagster_project.glossary import load_glossary
from dagster_project.identity.replay import replay
from dagster_project.identity.tables import LINKED, model_version
from dagster_project.lake import DamagedError, LakeError, write_atomically
from dagster_project.making import Table
from dagster_project.observing import observed
from dagster_project.pages import dictionary, score_report
from dagster_project.pages.page import page
from dagster_project.privacy import purging, records, requests, retention
from dagster_project.publish import Published, publish, published_keys, run_entry
from dagster_project.run import Run, Step, open_run
from dagster_project.scores.tables import read_cards
from dagster_project.settings import Settings

KEPT_RUNS = 400


@contextmanager
def open_night(
    settings: Settings,
    *,
    as_of: date | None = None,
    watch: Callable[[Step], None] | None = None,
    is_erasing: bool = False,
) -> Iterator[Run]:
    """A run of the job from its beginning to its end: however it ends, its report tells.

    Raises what open_run does.
    """
    opened = open_run(settings, as_of=as_of, watch=watch, is_erasing=is_erasing)
    with opened as run, observed(run):
        try:
            yield run
        finally:
            if not run.done("mended"):  # else the run begins anew at once
                run.once("report", lambda: report(run))


def make_all(run: Run, catalog: dict[str, Table]) -> Published:
    """The whole job. Raises what make_tables and finish do."""
    make_tables(run, catalog)
    return finish(run, catalog)


def make_tables(run: Run, catalog: dict[str, Table]) -> None:
    """Every table in the catalog's order. Raises the first failure, once all that does not rest on
    what failed has been made: a person then hears of everything at once, and the next run goes on
    from there. run.failures has them all."""
    failures: dict[str, Exception | None] = {}
    for name, table in catalog.items():
        if failures.keys().isdisjoint(table.inputs):
            try:
                table.make(run)
            except Exception as error:  # noted by the run; one failure is not another table's
                failures[name] = error
        else:
            failures[name] = None
    for error in filter(None, failures.values()):
        raise error


def finish(run: Run, catalog: dict[str, Table]) -> Published:
    """Publish what was made unless it is held, remember the run, and tidy the lake.

    Raises Held, and ReplayError where a part of identity was not made as the whole would be.
    """
    with run.noting("identity"):
        # What was made whole is what its rows give.
        if any(step.table in LINKED and step.outcome == "part" for step in run.steps):
            run.once("replayed", lambda: replay(run, catalog))
    with run.noting("the gate"):
        gate.check(run)
    if purges := purging.is_due(run):
        purging.compact(run, catalog)
    before = read_runs(run)
    entry = run_entry(run, status=PUBLISHED, model_version=model_version(run))
    entries = reporting.remember(before, entry)
    with run.noting("the published database"):
        published = run.once(
            "published",
            lambda: publish(
                run,
                catalog,
                runs=[one for one in entries if one["status"] == PUBLISHED],
                state_tables=STATE_TABLES,
            ),
        )
    gate.release(run)
    if published.is_new or purges:
        write_runs(run, entries)
        requests.record(run)
        write_review_queue(run)
        write_dictionary(run, catalog)
        write_scores(run)
    for name, table in catalog.items():
        if run.lake.is_scattered(name):
            order = table.model.order if table.model else table.grain
            run.lake.compact(run.con, name, order)
    retention.tidy(run, catalog)
    if purges:
        purging.remove_older(run)
    return published


def mend(run: Run, catalog: dict[str, Table]) -> list[str]:
    """Let go of the damaged tables that a run failed on and that can be made anew. Returns their names;
    nothing where the damage is in the state, or the exports that it was read from are gone."""
    mended = []
    for _, error in run.failures:
        if isinstance(error, DamagedError) and error.path.is_relative_to(run.lake.root):
            if error.table.startswith("raw.") and "__" in error.table:
                is_mended = landing.let_go(run, error)
            elif is_mended := error.table in catalog:
                shutil.rmtree(run.lake.directory(error.table))
            mended += [error.table] if is_mended else []
    return mended


def accept(run: Run, run_id: str, catalog: dict[str, Table]) -> Published:
    """Publish the held run that a person accepted: what it made, as it was made, and of a run that was
    held before it linked people all that follows from what it had read. Nothing else is read.

    Raises NotHeld.
    """
    with run.noting("the acceptance"):
        gate.accept(run, run_id)
    for name, table in catalog.items():
        if not name.startswith("raw."):
            table.make(run)
    return finish(run, catalog)


def report(run: Run) -> Path | None:
    """Write the report of a run that is over, and remember its numbers. Returns the report's place; None
    where the disk has no room for it, which then is what failed."""
    try:
        entries = read_runs(run)
        facts = reporting.gather(run, entries)
        entry = entry_of(run, facts.ending.status, entries) | {"numbers": reporting.numbers_of(facts)}
        entries = reporting.remember(entries, entry)
        write_runs(run, entries)
        return reporting.write(run.settings, facts, entries)
    except (OSError, LakeError, duckdb.Error):
        return None


def entry_of(run: Run, status: str, entries: list[dict]) -> dict:
    """What is remembered of a run: as it was published, or as it is now."""
    found = [one for one in entries if (one["run_id"], one["status"]) == (run.run_id, status)]
    return found[-1] if found else run_entry(run, status=status, model_version=model_version(run))


def write_review_queue(run: Run) -> None:
    """The doubtful pairs as a file of corrections to be filled in."""
    path = run.settings.home / "reports" / "review_queue.csv"
    gate.write_csv(run, f"from ({run.lake.scan('marts.review_queue')}) order by rank", path)


def write_dictionary(run: Run, catalog: dict[str, Table]) -> None:
    """What every published table and column means, as a page, and what is processed, as a record."""
    reports, entities = run.settings.home / "reports", read_dictionary(run.settings, catalog)
    write_atomically(reports / "data_dictionary.html", dictionary.to_page(entities))
    processing = _processing(run.settings, catalog, entities)
    write_atomically(reports / "record_of_processing.md", processing)


def read_processing(settings: Settings, catalog: dict[str, Table]) -> str:
    """The record of processing, as things are."""
    return _processing(settings, catalog, read_dictionary(settings, catalog))


def _processing(settings: Settings, catalog: dict[str, Table], entities: list[dictionary.Entity]) -> str:
    segments = [one.model for one in catalog.values() if one.model and one.model.layer == "segments"]
    return records.told(settings, entities, segments)


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
