"""How a run ended: its status, what failed and why, what to do, and the exit code.

Here belongs the one place that turns errors into words. Messages of our own hold no values; of others
only the kind and the place are told. Who is told, and how it looks, is for the command line and the
pages to say.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.gate import Held, NotHeld
from dagster_project.identity.replay import ReplayError
from dagster_project.lake import LakeError
from dagster_project.making import KEY_CLAIM, CheckResult, ChecksFailed
from dagster_project.publish import PublishError
from dagster_project.run import Run
from dagster_project.settings import SettingsError

DONE, DATA_FAILED, USAGE, INTERNAL, RESOURCES = 0, 1, 2, 3, 4

PUBLISHED, CURRENT, HELD, FAILED = "published", "nothing new", "held", "failed"
"""How a run can end; with CURRENT what was published before still says all there is to say."""

AGAIN = "cdp run goes on where this run stopped."


@dataclass(frozen=True)
class Failure:
    """What failed, why, and what a person can do about it."""

    what: str
    reason: str
    remedy: str
    code: int = DATA_FAILED
    is_check: bool = False


@dataclass(frozen=True)
class Ending:
    status: str
    failures: tuple[Failure, ...] = ()

    @property
    def code(self) -> int:
        return max((failure.code for failure in self.failures), default=DONE)

    @property
    def is_good(self) -> bool:
        return self.status in (PUBLISHED, CURRENT)


def ending_of(run: Run) -> Ending:
    """What became of a run that is over. One that was stopped from outside failed without an error."""
    failures = tuple(_explain(run, what, error) for what, error in run.failures)
    if any(isinstance(error, Held) for _, error in run.failures):
        return Ending(HELD, failures)
    published = run.done("published")
    if failures or published is None:
        stopped = Failure("the run", "it was stopped before its end.", AGAIN, INTERNAL)
        return Ending(FAILED, failures or (stopped,))
    return Ending(PUBLISHED if published.is_new else CURRENT)


def query_of(check: CheckResult) -> str:
    """Where the query is that returns the rows which fail a check."""
    if check.claim == KEY_CLAIM:
        return f"the rows of {check.table} that share a key or lack a part of it"
    return f"the rows that sql/{check.table.replace('.', '/')}.{check.claim}.check.sql returns"


def _explain(run: Run, what: str, error: Exception) -> Failure:
    if isinstance(error, ChecksFailed):
        failed = [one for one in error.results if one.blocking and not one.passed]
        return Failure(what, str(error), f"What is wrong: {', '.join(map(query_of, failed))}. "
                       "Correct the export, or deliver corrections, and run again.", is_check=True)
    if isinstance(error, Held):
        return Failure(what, str(error), f"If that is as it should be: cdp accept {run.run_id}. If not, "
                       "correct what was delivered, or deliver corrections, and run again.")
    if isinstance(error, SettingsError):
        return Failure(what, str(error), "Correct cdp.toml and run again.", USAGE)
    if isinstance(error, (LakeError, NotHeld, PublishError, ReplayError)):
        return Failure(what, str(error), AGAIN)
    if isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException, OSError)):
        return Failure(
            what,
            f"the disk or the memory did not suffice. Free space in {run.settings.home} (what does not "
            f"fit into memory lies in {run.settings.scratch / 'spill'}) or raise memory_limit in "
            "cdp.toml, then run again: it goes on where it stopped",
            f"Free space below the home, or raise memory_limit in cdp.toml. {AGAIN}",
            RESOURCES,
        )
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return Failure(
        what,
        f"this should not happen: {type(error).__name__} in {where}. Please report it",
        "Please report it, with this line.",
        INTERNAL,
    )
