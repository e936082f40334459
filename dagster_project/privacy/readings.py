"""Who read whose profile by which command, and when: one line of JSON a reading, only ever added, a file
for each month, which is how they expire.

Profile ids and users of the operating system stand here; nothing of the person who was read about. Who
opens the published file itself is the file system's to allow, and is not seen here.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dagster_project import logs
from dagster_project.settings import Settings


def readings_files(settings: Settings) -> list[Path]:
    """The oldest month first."""
    return sorted(_place(settings).glob("*.jsonl"))


def _place(settings: Settings) -> Path:
    return settings.state / "readings"


def note_reading(settings: Settings, command: str, profile_ids: Iterable[str]) -> None:
    """Add a line for each profile before it is shown. Raises OSError where that cannot be done: what is
    not noted is not shown."""
    now = datetime.now(UTC)
    about = {"at": now.isoformat(timespec="seconds"), "user": user(), "command": command}
    lines = [json.dumps(about | {"profile_id": one}) + "\n" for one in sorted(set(profile_ids))]
    path = _place(settings) / f"{now:%Y-%m}.jsonl"
    # the group may read profiles, so its readings are noted too
    if not path.parent.exists():
        path.parent.mkdir()
        path.parent.chmod(0o770)
    is_new = not path.exists()
    # whole lines in one write at the end of the file: readings at one moment do not mix
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o660)
    try:
        if is_new:
            os.fchmod(handle, 0o660)
        os.write(handle, "".join(lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def readings_of(settings: Settings, profile_ids: Iterable[str]) -> list[dict]:
    """The readings of some profiles, the oldest first."""
    wanted = set(profile_ids)
    every = (one for path in readings_files(settings) for one in logs.read(path))
    return [one for one in every if one["profile_id"] in wanted]


def user() -> str:
    """Whose process this is; by number where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
