"""The runs of a home: as remembered at their end, which of their databases serves and which are kept.

Nothing is decided here. What is remembered of a run is written by nightly.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from dagster_project import logs
from dagster_project.lake import held_by
from dagster_project.rollback import kept
from dagster_project.settings import Settings

SERVED, KEPT = "served", "kept"


@dataclass(frozen=True)
class Past:
    """One run; without an id if it is not over. `rows` are those of all deliveries up to it, as far as it
    came; `database` says whether its publish serves, is kept for a rollback, or (empty) is no more."""

    run_id: str | None
    as_of: str
    status: str
    started_at: str
    seconds: float | None = None
    rows: int | None = None
    profiles: int | None = None
    database: str = ""


def past_runs(settings: Settings, *, count: int | None = None) -> list[Past]:
    """The runs, the latest first: one that is going on or was killed, and those that came to an end."""
    there = {one.run_id: SERVED if one.is_served else KEPT for one in kept(settings)}
    path = settings.state / "runs.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    found = [_past(entry, there) for entry in entries]
    for event in logs.unfinished(settings):
        if event["event"] == "run begun":
            status = "running" if held_by(settings.state / "lock") else "killed"
            found.append(Past(None, event["as_of"], status, event["at"]))
    found.sort(key=lambda one: one.started_at, reverse=True)
    return found[:count]


def _past(entry: dict, there: dict[str, str]) -> Past:
    began, ended = (datetime.fromisoformat(entry[at]) for at in ("started_at", "finished_at"))
    numbers = entry.get("numbers", {})
    return Past(
        entry["run_id"],
        entry["as_of"],
        entry["status"],
        entry["started_at"],
        seconds=(ended - began).total_seconds(),
        rows=numbers.get("rows_read"),
        profiles=numbers.get("profiles"),
        database=there.get(entry["run_id"], "") if entry["status"] == "published" else "",
    )
