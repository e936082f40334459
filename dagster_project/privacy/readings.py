"""Who read whose profile by which command, and when: one line of JSON a reading, only ever added.

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


def readings_file(settings: Settings) -> Path:
    return settings.state / "readings.jsonl"


def note_reading(settings: Settings, command: str, profile_ids: Iterable[str]) -> None:
    """Add a line for each profile before it is shown. Raises OSError where that cannot be done: what is
    not noted is not shown."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"at": at, "user": user(), "command": command}
    lines = [json.dumps(about | {"profile_id": one}) + "\n" for one in sorted(set(profile_ids))]
    path = readings_file(settings)
    is_new = not path.exists()
    # whole lines in one write at the end of the file: readings at one moment do not mix
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o660)
    try:
        if is_new:
            os.fchmod(handle, 0o660)  # the group may read profiles, so its readings are noted too
        os.write(handle, "".join(lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def readings_of(settings: Settings, profile_ids: Iterable[str]) -> list[dict]:
    """The readings of some profiles, the oldest first."""
    wanted = set(profile_ids)
    return [one for one in logs.read(readings_file(settings)) if one["profile_id"] in wanted]


def user() -> str:
    """Whose process this is; by number where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
