"""The ledger of what people asked and what was done: entries that are added and never changed.

It lies twice, outside the home and in it, and what either copy knows counts: neither a home restored from
a backup nor a lost directory forgets an erasure. It holds keyed hashes, kinds, dates, states and counts,
no personal data. What an entry means is known to the modules that write it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dagster_project.lake import fingerprint, sync
from dagster_project.settings import Settings

ERASE, FOLLOW, LIFT, REQUEST, DONE = "erase", "follow", "lift", "request", "done"
"""Kinds of entries: tombstones of a person; of what was dropped since for referring to it; their end;
the state of a request; the receipt of what was done."""


@dataclass(frozen=True)
class Entry:
    """`at` is a moment in UTC, ISO 8601. The same `entry_id` is the same entry, written once."""

    entry_id: str
    at: str
    kind: str
    request_id: str | None
    data: dict = field(default_factory=dict)


def entry_id(kind: str, *content: object) -> str:
    """A name for an entry that follows from its content."""
    return f"{kind}-{fingerprint(*content)}"


def read_ledger(settings: Settings) -> tuple[Entry, ...]:
    """What any copy of the ledger holds, in the order of time."""
    found = {one.entry_id: one for path in _copies(settings) for one in _read(path)}
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.entry_id)))


def append(settings: Settings, *entries: Entry) -> None:
    """Write entries that are not there yet, to every copy, and to each what only another one has. They are
    safely on disk when this returns."""
    known = {one.entry_id: one for one in read_ledger(settings)}
    wanted = known | {one.entry_id: one for one in entries if one.entry_id not in known}
    for path in _copies(settings):
        there = {one.entry_id for one in _read(path)}
        missing = [one for one in wanted.values() if one.entry_id not in there]
        if missing:
            _write(path, sorted(missing, key=lambda one: (one.at, one.entry_id)))


def heal(settings: Settings) -> None:
    """Give every copy what another one has."""
    append(settings)


def _copies(settings: Settings) -> tuple[Path, Path]:
    """The one outside the home first: it is the one that a restored home does not bring back."""
    return settings.privacy / "ledger.jsonl", settings.state / "privacy" / "ledger.jsonl"


def _read(path: Path) -> list[Entry]:
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Entry(**json.loads(line)))
        except ValueError:
            continue  # whoever wrote it was stopped on the way and begins anew
    return found


def _write(path: Path, entries: list[Entry]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        text = file.read()
        torn = "\n" if text and not text.endswith("\n") else ""
        file.write(torn + "".join(json.dumps(asdict(one), sort_keys=True) + "\n" for one in entries))
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)
