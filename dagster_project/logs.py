"""What a run did, one JSON object a line: <home>/logs/<run id>.jsonl.

Here belongs how events are written, kept and read again. Events hold counts, tables, paths as delivered
and our own words; no value of any cell ever comes here.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.settings import Settings

RUNNING = "running.jsonl"
"""The log of a run that is not over: its id is known once its inputs are. A killed run's log goes on in
the run that goes on with its work."""


class RunLog:
    """The log of one run. It never fails the run: what cannot be written is left out."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __call__(self, event: str, **facts: object) -> None:
        append(self.place / RUNNING, _at_now(event, facts))

    def add(self, run_id: str, event: str, **facts: object) -> None:
        """Log what was done to a run that is over."""
        append(self.place / f"{run_id}.jsonl", _at_now(event, facts))

    def close(self, run_id: str, *, keep: int) -> Path:
        """Give the log its run's name, after what an earlier run of that id did; forget the oldest."""
        running, path = self.place / RUNNING, self.place / f"{run_id}.jsonl"
        try:
            if path.exists():
                with path.open("a", encoding="utf-8") as log:
                    log.write(running.read_text(encoding="utf-8"))
                running.unlink()
            else:
                running.rename(path)
            kept = [one for one in self.place.glob("*.jsonl") if one.name != RUNNING]
            kept.sort(key=lambda one: one.stat().st_mtime_ns, reverse=True)
            for one in kept[keep:]:
                one.unlink()
        except OSError:
            pass  # a full disk: the run has its own words for it
        return path


def _at_now(event: str, facts: dict) -> dict:
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return {"at": at, "event": event} | facts


def append(path: Path, event: dict) -> None:
    """One event more in a log, if there is room for it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(event, default=str) + "\n")
    except OSError:
        pass


def unfinished(settings: Settings) -> list[dict]:
    """What is known of a run that is not over, or was killed: its events, none where there is none."""
    return read(settings.logs / RUNNING)


def read(path: Path) -> list[dict]:
    """The events of a log; a line that a killed run did not finish is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found
