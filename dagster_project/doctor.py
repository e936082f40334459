"""Is this home well? Settings, disk, memory, lock, versions, files, publishes, runs, deliveries, alerts.

Here belongs what is looked at and the remedy for each thing that is wrong. Nothing is changed, no run is
needed for it, and no data is read: what the data is like is said by `cdp validate`.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from dagster_project import logs
from dagster_project.deliveries import expected
from dagster_project.lake import LakeError, held_by
from dagster_project.landing import landed_files, unread_links
from dagster_project.rollback import kept
from dagster_project.settings import PROJECT, Secret, Settings, SettingsError

OK, WARN, ERROR = "ok", "warn", "error"

SHOWN_VERSIONS = ("duckdb", "polars", "splink", "dagster", "great-expectations")

FIRST_RUN = 10
"""The first run needs about so many times the bytes of the exports (they may be compressed)."""

UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30,
         "tib": 2**40}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` is empty where nothing is to be done."""

    about: str
    status: str
    words: str
    remedy: str = ""


def examine(settings: Settings, *, now: datetime | None = None) -> list[Finding]:
    """Everything that is to be said of a home, in the order in which one would ask."""
    now = (now or datetime.now(UTC)).replace(tzinfo=None)
    looks = (
        _settings(settings), _versions(), _disk(settings), _memory(settings), _lock(settings),
        _files(settings), _key(settings), _publishes(settings, now), _last_run(settings),
        _deliveries(settings, now), _alerts(settings),
    )
    return [finding for look in looks for finding in look]


def _settings(settings: Settings) -> Iterator[Finding]:
    for one in fields(Settings):
        if one.name not in ("origins", "alerts"):
            origin = settings.origins.get(one.name, "default")
            value = _shown(getattr(settings, one.name))
            yield Finding("setting", OK, f"{one.name} = {value} ({origin})")
    if not settings.exports.is_dir():
        yield Finding("setting", ERROR, f"there is no folder {settings.exports} for exports",
                      "make it, or name another: exports in cdp.toml, CDP_EXPORTS, --exports")


def _shown(value: object) -> str:
    """A setting's value as a line; lists, and lists of lists, of texts and numbers."""
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, one)) if isinstance(one, tuple) else str(one)
                         for one in value) or "none"
    return "not set" if value is None else str(value)


def _versions() -> Iterator[Finding]:
    found = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN_VERSIONS)
    yield Finding("versions", OK, f"Python {platform.python_version()}, {found}")
    locked = PROJECT / "requirements.lock"
    other = []
    for line in locked.read_text(encoding="utf-8").splitlines() if locked.exists() else ():
        name, _, version = line.partition("==")
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            there = "none"
        if there != version:
            other.append(f"{name} {there} instead of {version}")
    if other:
        yield Finding("versions", WARN, f"not as locked: {', '.join(other)}",
                      ".venv/bin/python -m pip install -r requirements.lock")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = _existing(settings.home)
    free = shutil.disk_usage(place).free
    need = _bytes_below(settings.lake) + _bytes_below((settings.warehouse / "current").resolve())
    if not need and settings.exports.is_dir():
        need = FIRST_RUN * sum(path.stat().st_size for path in landed_files(settings.exports))
    words = f"{_size(free)} free below {place}; to make everything anew takes about {_size(need)}"
    remedy = f"free space on the disk of {place}, or move the home to a larger one"
    if free < need:
        yield Finding("disk", ERROR, words, remedy)
    elif free < 2 * need:
        yield Finding("disk", WARN, words, remedy)
    else:
        yield Finding("disk", OK, words)


def _memory(settings: Settings) -> Iterator[Finding]:
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    words = f"memory_limit is {settings.memory_limit}, the machine has {_size(there)}"
    limit = re.fullmatch(r"([\d.]+)\s*(\w+)", settings.memory_limit.strip())
    if not limit or limit[2].lower() not in UNITS:
        yield Finding("memory", ERROR, words, 'write memory_limit in cdp.toml like "8GB"')
    elif float(limit[1]) * UNITS[limit[2].lower()] > there:
        yield Finding("memory", WARN, words, "set memory_limit in cdp.toml to two thirds of that")
    else:
        yield Finding("memory", OK, words)


def _lock(settings: Settings) -> Iterator[Finding]:
    holder = held_by(settings.state / "lock")
    yield Finding("lock", OK, f"held by {holder}" if holder else "free")


def _files(settings: Settings) -> Iterator[Finding]:
    """Who may see what is below the home; symbolic links have no mode of their own."""
    if not settings.home.is_dir():
        yield Finding("files", OK, f"there is no {settings.home} yet; the first run makes it")
        return
    below = (path for path in settings.home.rglob("*") if not path.is_symlink())
    is_open = sum(_mode(path) & 0o027 != 0 for path in below)
    if _mode(settings.home) & 0o027 or is_open:
        yield Finding(
            "files", ERROR if _mode(settings.home) & 0o007 else WARN,
            f"{settings.home} has mode {_mode(settings.home):o}; below it, {is_open:,} files and folders "
            "are open to others, or to the group for writing",
            f"chmod -R g-w,o-rwx {settings.home}",
        )
    else:
        yield Finding("files", OK, f"{settings.home} and all below is for its owner and group only")


def _key(settings: Settings) -> Iterator[Finding]:
    key = settings.key
    if not key.exists():
        if settings.database.exists():
            yield Finding(
                "key", ERROR, f"{key} is gone: the next run makes another, and every pseudonym changes",
                "restore it from your backup",
            )
        else:
            yield Finding("key", OK, f"{key} is made by the first run")
    elif _mode(key) & 0o077:
        yield Finding("key", ERROR, f"{key} has mode {_mode(key):o}", f"chmod 600 {key}")
    elif key.is_relative_to(settings.home):
        yield Finding(
            "key", WARN, f"{key} is in the home, whose copies so tell whose pseudonym is whose",
            "move it out, and name its place: pseudonym_key in cdp.toml",
        )
    else:
        yield Finding("key", OK, f"{key} is its owner's only")


def _publishes(settings: Settings, now: datetime) -> Iterator[Finding]:
    there = kept(settings)
    served = next((one for one in there if one.is_served), None)
    if served is None:
        yield Finding("published", WARN, "nothing is published yet", "cdp run")
        return
    at = datetime.fromtimestamp(served.built_ns / 1e9, UTC).replace(tzinfo=None)
    hours = (now - at).total_seconds() / 3600
    others = ", ".join(one.run_id for one in there if one is not served) or "none"
    words = f"{served.run_id} is served, built {at:%Y-%m-%d %H:%M}; kept besides: {others}"
    if hours > settings.stale_after_hours:
        yield Finding("published", ERROR, f"{words}. It is {hours:,.0f} hours old, more than "
                      f"{settings.stale_after_hours}", "see the last run below; then cdp run")
    else:
        yield Finding("published", OK, words)
    if there[0] is not served:
        yield Finding(
            "published", WARN, f"{there[0].run_id}, published later, is not served: it was rolled back",
            "remove what was wrong with it; the next cdp run publishes anew",
        )


def _last_run(settings: Settings) -> Iterator[Finding]:
    begun = [one for one in logs.unfinished(settings) if one["event"] == "run begun"]
    if begun and not held_by(settings.state / "lock"):
        last = logs.unfinished(settings)[-1]
        yield Finding(
            "last run", ERROR,
            f"a run begun {begun[-1]['at']} was killed after: {last['event']} {last.get('table', '')}".strip(),
            "cdp run: it goes on where that one stopped",
        )
    ended = [(path, one) for path in settings.logs.glob("*.jsonl") for one in logs.read(path)
             if one["event"] == "run ended"]
    if not ended:
        if not begun:
            yield Finding("last run", OK, "no run is logged yet")
        return
    path, last = max(ended, key=lambda one: one[1]["at"])
    words = f"{last['run_id']}: {last['status']}, {last['at']}, after {last['seconds']:,.0f} s"
    if last["failures"]:
        words += f"; {'; '.join(last['failures'])}"
    status = {"held": WARN, "failed": ERROR}.get(last["status"], OK)
    remedy = (last["remedy"] or f"see {path}, then cdp run") if status != OK else ""
    yield Finding("last run", status, words, remedy)


def _deliveries(settings: Settings, now: datetime) -> Iterator[Finding]:
    if links := len(unread_links(settings.exports)):
        yield Finding("delivery", WARN, f"{links} links below {settings.exports} are not followed: they are "
                      "to folders, or lead out of it", "deliver there what they lead to, or remove them")
    try:
        found = expected(settings, now.date())
    except LakeError as error:
        yield Finding("delivery", ERROR, str(error), "cdp run")
        return
    for one in found:
        remedy = "ask whoever sends it; until it comes, what it said last is served"
        if one.is_late:
            yield Finding("delivery", ERROR if one.is_missing else WARN, one.words, remedy)
        else:
            yield Finding("delivery", OK, one.words)


def _alerts(settings: Settings) -> Iterator[Finding]:
    alerts = settings.alerts
    if not alerts.channels:
        yield Finding("alerts", WARN, "nobody is told when a run fails or is held",
                      "name a command, a webhook or readers under [alerts] in cdp.toml")
        return
    yield Finding("alerts", OK, f"go by {', '.join(alerts.channels)}")
    if alerts.command and not shutil.which(alerts.command[0]):
        yield Finding("alerts", ERROR, f"there is no program {alerts.command[0]}",
                      "correct command in [alerts]")
    for secret in (alerts.webhook, alerts.smtp_password):
        yield from _secret(secret)


def _secret(secret: Secret) -> Iterator[Finding]:
    if not secret.is_set:
        return
    try:
        secret.reveal()
    except SettingsError as error:
        yield Finding("alerts", ERROR, str(error), "write it, readable by the user of the pipeline only")
        return
    if secret.value is None and _mode(secret.file) & 0o077:
        yield Finding("alerts", ERROR, f"{secret.file} has mode {_mode(secret.file):o}",
                      f"chmod 600 {secret.file}")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0  # a run that is going on has just removed it


def _bytes_below(place: Path) -> int:
    return sum(_bytes(path) for path in place.rglob("*"))


def _bytes(path: Path) -> int:
    try:
        status = path.lstat()
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    except FileNotFoundError:
        return 0


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
