"""A run as seen from outside: its log from beginning to end, and an alert when it does not end well.

Here belongs what is told of a run and when. How a log is kept is in logs.py, how an alert goes in
alerts.py, what an ending is in ending.py, what has not come for too long in deliveries.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb

from dagster_project import alerts
from dagster_project.deliveries import Expected, expected
from dagster_project.ending import HELD, Ending, ending_of
from dagster_project.gate import NotHeld
from dagster_project.lake import LakeError
from dagster_project.logs import RunLog
from dagster_project.run import Run


@contextmanager
def observed(run: Run) -> Iterator[None]:
    """Log what the run does; once it is over, tell whoever is to know if it failed, is held or late."""
    log = RunLog(run.settings.logs)
    run.tell = log
    log("run begun", as_of=run.as_of.isoformat(), process=os.getpid())
    try:
        yield
    finally:
        ending = ending_of(run)
        log(
            "run ended",
            run_id=run.run_id,
            as_of=run.as_of.isoformat(),
            status=ending.status,
            seconds=round((datetime.now(UTC) - run.started_at).total_seconds(), 1),
            tables_made=sum(step.outcome in ("whole", "part") for step in run.steps),
            rows_written=sum(step.rows_written for step in run.steps),
            failures=[f"{one.what}: {one.reason}" for one in ending.failures],
            remedy=" ".join(dict.fromkeys(one.remedy for one in ending.failures)),
            code_version=run.code,
        )
        was_refused = any(isinstance(error, NotHeld) for _, error in run.failures)
        if not (run.done("mended") or was_refused):  # it begins anew, or whoever asked was told
            _tell_people(run, ending, log)
        log.close(run.run_id, keep=run.settings.kept_logs)


def _late(run: Run) -> list[Expected]:
    """The exports that are late; a run that is good does not fail by asking."""
    try:
        return [one for one in expected(run.settings, run.as_of) if one.is_late]
    except (LakeError, duckdb.Error, OSError):
        return []


def _tell_people(run: Run, ending: Ending, log: RunLog) -> None:
    if ending.is_good:
        late = _late(run)
        if not late:
            return
        log("exports late", exports=[f"{one.system} {one.export}" for one in late])
        kind, title = "stale", f"{len(late)} exports are late"
        lines = [one.words for one in late]
    else:
        kind = "held" if ending.status == HELD else "failed"
        title = f"run {run.run_id} {'is held' if kind == 'held' else 'failed'}; nothing was published"
        lines = [f"{one.what}: {one.reason}\n{one.remedy}" for one in ending.failures]
    facts = {"kind": kind, "run_id": run.run_id, "as_of": run.as_of.isoformat(), "status": ending.status}
    sent = alerts.send(run.settings.alerts, title=title, text="\n\n".join(lines), facts=facts)
    for channel, problem in sent.items():
        log("alert sent" if problem is None else "alert not sent", channel=channel, problem=problem)
    run.alerts = sent
