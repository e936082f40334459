"""Nothing stays on the disk of what an erasure took out of the tables.

Here belong older versions of rows, states, publishes and reports: what no reader sees any more, but
whoever looks at the disk does. Which rows go is decided by the tombstones; the tables that follow from
the rest are made by the ordinary job. """

from __future__ import annotations

import shutil

from dagster_project.lake import fingerprint
from dagster_project.making import Table
from dagster_project.privacy import ledger
from dagster_project.privacy.tombstones import forget_dropped
from dagster_project.run import Run
from dagster_project.settings import Settings
from dagster_project.state import beyond

WITH_RECORDS = ("identity_diff.*", "identity_compare.*")
"""Reports that name records. All others hold counts; the queue of doubtful pairs is written anew."""


def erasures(settings: Settings) -> str:
    """Changes with every erasure: what was made before the last one may hold what it took out."""
    entries = ledger.read_ledger(settings)
    kinds = (ledger.ERASE, ledger.FOLLOW)
    return fingerprint(sorted(one.entry_id for one in entries if one.kind in kinds))


def has_erased(settings: Settings) -> bool:
    """Whether anybody was ever erased, who may be delivered again and then is in memory for a while."""
    return any(one.kind == ledger.ERASE for one in ledger.read_ledger(settings))


def is_due(run: Run) -> bool:
    """Whether rows of erased people were taken out of what earlier runs had written: by an erasing run,
    or by one that found some in a backup that was restored, or by what was delivered since."""
    tables = [name for name in run.lake.tables() if name.startswith("raw.")]
    steps = (step for name in tables for step in run.lake.manifest(name).history)
    return run.is_erasing or any(step.gone for step in steps)


def compact(run: Run, catalog: dict[str, Table]) -> int:
    """Leave out of the tables' files what later parts replaced, and the tables that nothing makes any
    more. Returns how many tables were rewritten. To be done before the state and the publish are made
    of them: these share their files."""
    rewritten = 0
    for name in run.lake.tables():
        if name not in catalog:
            shutil.rmtree(run.lake.directory(name))
        elif any(part.keys for part in run.lake.manifest(name).parts):
            table = catalog[name]
            run.lake.compact(run.con, name, table.model.order if table.model else table.grain)
            rewritten += 1
    return rewritten


def remove_older(run: Run) -> None:
    """Only the state and the publish that were just made stay, and no report that names a record. The
    rows that were taken out go last: as long as they are there, the next run does this again."""
    settings = run.settings
    for current in (settings.warehouse / "current", settings.state / "current"):
        kept = current.resolve()
        for older in beyond(kept.parent, 1, besides=kept.name):
            shutil.rmtree(older)
    shutil.rmtree(settings.spare, ignore_errors=True)
    for leftover in settings.warehouse.glob(".building.*"):
        shutil.rmtree(leftover)
    for pattern in WITH_RECORDS:
        for path in (settings.home / "reports").glob(pattern):
            path.unlink()
    forget_dropped(run)
