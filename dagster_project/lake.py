"""The lake: every table as Parquet parts and one manifest. The only module that knows a path in it.

A table is a list of immutable parts. A whole table is one part; a table with a partition column may
carry later parts, each of which replaces all rows of the partition values in its key file. That one
mechanism serves days of events and single profiles alike, and tells a reader what changed since the
version it last read. What a table means, and when it is made, is decided elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

MAX_DELTAS = 12
"""A table with more replacing parts than this is compacted."""

ROWS_PER_DELTA = 20_000
"""So many rows are compacted in the time that a night's readers lose by one more replacing part: a table
has a part for each, and a small one none."""

MAX_DELTA_SHARE = 0.25
"""A table whose replacing parts hold more than this share of its rows is compacted likewise."""

PARQUET = "format parquet, compression zstd, compression_level 1, row_group_size 122880"
"""The lowest level writes in four fifths of the time; the files are a hundredth larger."""


class LakeError(Exception):
    """Something is wrong with the lake itself; the message names the file and the remedy."""


class DamagedError(LakeError):
    """A file of a table is not what was committed; `table` may be made anew, if it can be."""

    def __init__(self, table: str, path: Path) -> None:
        super().__init__(
            f"{path} is missing or damaged (its sha256 is not the one in the manifest). cdp run makes "
            "anew what it can; for the rest put back the exports that it was read from, or restore "
            "the home from a backup, and run again"
        )
        self.table = table
        self.path = path


class LockedError(LakeError):
    """Another run holds the lock; the message says who, and since when."""


@dataclass(frozen=True)
class Part:
    """One Parquet file of a table.

    `keys` names a file with the partition values that this part replaces (None: it adds rows, or is
    the first part). `excluded` names a file of row numbers (1-based, in file order) that readers
    leave out: a raw part keeps set-aside rows where they were delivered. `noted` names a file of what
    is told about rows that stay. `lacks` are columns of the
    table that are empty in all of the part, so the file does not have them. `info` is whatever the
    maker wants to remember about the part; it holds no personal data.
    """

    file: str
    sha256: str
    rows: int
    keys: str | None = None
    excluded: str | None = None
    noted: str | None = None
    lacks: tuple[str, ...] = ()
    info: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One step in a table's history: the version it led to and the part that made the difference. `gone`
    is a file of rows that were taken out of earlier parts, kept until all readers have let go of them."""

    version: str
    part: str | None
    gone: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a table is made of, and what it was made from.

    `version` changes with the content and only with it: compaction keeps it. `history` runs from
    the oldest version whose difference to today is still known to the current one. `notes` holds
    what the maker wants to find again: the number of rows, the results of checks.
    """

    table: str
    version: str
    made_from: dict
    columns: dict[str, str]
    partition: str | None
    parts: tuple[Part, ...]
    history: tuple[Version, ...]
    notes: dict = field(default_factory=dict)

    @property
    def rows_written(self) -> int:
        return sum(part.rows for part in self.parts)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw = json.loads(text)
        raw["parts"] = tuple(
            Part(**{**part, "lacks": tuple(part["lacks"])}) for part in raw["parts"]
        )
        raw["history"] = tuple(Version(**step) for step in raw["history"])
        return cls(**raw)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, default=str) + "\n"


@dataclass(frozen=True)
class Changes:
    """What differs between two versions of a table: everything, or the rows of some partition values.

    `everything` wins; otherwise `before` and `after` are SQL relations holding the replaced and the
    new rows (None when there are none).
    """

    everything: bool
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def connect(*, threads: int = 2, memory: str | None = None, spill: Path | None = None):
    """An in-memory DuckDB that never fetches an extension nor looks at Python variables.

    Small chunks between its operators are not collected: DuckDB 2.0.0 fails on itself where it collects what
    a join of very many rows with few hands on (its pull request 23360), and collecting was no faster.
    """
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "threads": str(threads),
    }
    if memory:
        config["memory_limit"] = memory
    if spill:
        spill.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(spill)
    con = duckdb.connect(config=config)
    con.execute("set timezone = 'UTC'; set enable_progress_bar = false")  # the run tells of its own progress
    con.execute("set global debug_enable_caching_operators = false")  # its cursors too
    return con


def quoted(text: str | Path) -> str:
    """A SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def sha256_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fingerprint(*parts: object) -> str:
    """A short stable hash of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sync(path: Path) -> None:
    """Force a file or a directory to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_private() -> None:
    """From now on this process makes files that their owner writes, the group reads and nobody else sees."""
    os.umask(0o027)


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file so that a reader, or a power loss, sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    with staged.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    staged.rename(path)
    sync(path.parent)


@contextmanager
def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold the kernel's lock on `path`; it is free again when the holder ends, however it ends.

    Raises LockedError at once when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise LockedError(
                f"another run holds {path.name}: {handle.read().strip() or 'holder unknown'}. "
                "Wait for it to end; if it died the lock frees itself."
            ) from None
        handle.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        handle.write(f"{purpose}, process {os.getpid()}, since {since}")
        handle.flush()
        yield


def held_by(path: Path) -> str | None:
    """Who holds that lock and since when; None when it is free."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read().strip() or "holder unknown"
    return None


class Lake:
    """The tables below one directory, named '<layer>.<model>'."""

    def __init__(self, root: Path) -> None:
        if set("*?[") & set(str(root)):
            raise LakeError(f"the home {root} has a glob character in its path; choose another place")
        self.root = root
        self._manifests: dict[str, Manifest | None] = {}
        self._verified: set[Path] = set()

    @cached_property
    def _reader(self) -> duckdb.DuckDBPyConnection:
        """Describes files; opened once, since opening costs more than describing."""
        return connect(threads=1)

    def directory(self, table: str) -> Path:
        layer, _, model = table.partition(".")
        return self.root / layer / model

    def manifest(self, table: str) -> Manifest | None:
        """The committed manifest, or None for a table that was never made."""
        if table not in self._manifests:
            path = self.directory(table) / "manifest.json"
            found = Manifest.from_json(path.read_text(encoding="utf-8")) if path.exists() else None
            self._manifests[table] = found
        return self._manifests[table]

    def version(self, table: str) -> str | None:
        manifest = self.manifest(table)
        return manifest.version if manifest else None

    def content(self, table: str) -> str | None:
        """Like the version, but it also changes with new entries of a dictionary."""
        manifest = self.manifest(table)
        if manifest is None or manifest.partition:
            return self.version(table)
        return fingerprint(manifest.version, [part.sha256 for part in manifest.parts])

    def tables(self) -> list[str]:
        """Every table that has a manifest, by name."""
        found = self.root.glob("*/*/manifest.json")
        return sorted(f"{path.parent.parent.name}.{path.parent.name}" for path in found)

    # Reading -----------------------------------------------------------------------------------

    def scan(self, table: str) -> str:
        """SQL that yields the table's current rows; every file read is first checked by its hash."""
        manifest = self.manifest(table)
        if manifest is None:
            raise LakeError(f"the table {table} was never made; run the job that makes it")
        return self._scan_parts(manifest, manifest.parts)

    def view(self, con: duckdb.DuckDBPyConnection, table: str, *, only: str = "") -> None:
        """Create the view `layer.model` in `con`; `only` is a WHERE condition on its rows."""
        layer = table.partition(".")[0]
        con.execute(f"create schema if not exists {layer}")
        con.execute(f"create or replace view {table} as select * from ({self.scan(table)}) {only}")

    def changes(self, table: str, since: str | None) -> Changes:
        """How the table differs from its version `since`; everything, when that is not known."""
        manifest, later = self.manifest(table), self._steps(table, since)
        if later is None:
            return Changes(everything=True)
        gone = [step.gone for step in later if step.gone]
        old, new = _parted(manifest, later)
        keys = [part.keys for part in new if part.keys]
        before = ()
        if keys:
            replaced = self._read(table, keys)
            before = (
                f"select * from ({self._scan_parts(manifest, old)}) "
                f"where {manifest.partition} in (select {manifest.partition} from {replaced})",
            )
        if gone:
            before += (f"select * from {self._read(table, gone)}",)
        after = (self._scan_parts(manifest, new),) if new else ()
        return Changes(False, before=before, after=after)

    def replaced(self, table: str, since: str) -> tuple[str, str] | None:
        """Of a table with a partition: the partition values whose rows may not be as in its version `since`,
        and the rows that they have now, as SQL. None when that is not known."""
        manifest, later = self.manifest(table), self._steps(table, since)
        if not manifest.partition or not later:
            return None
        _, new = _parted(manifest, later)
        keys = self._read(table, [part.keys for part in new])
        return f"select {manifest.partition} from {keys}", self._scan_parts(manifest, new)

    def _steps(self, table: str, since: str | None) -> tuple[Version, ...] | None:
        """The steps from a table's version to today's; None when they are not known."""
        manifest = self.manifest(table)
        known = [step.version for step in manifest.history] if manifest else []
        if since not in known:
            return None
        later = manifest.history[known.index(since) + 1 :]
        there = {part.file for part in manifest.parts}
        return later if all(step.gone or step.part in there for step in later) else None

    def _scan_parts(self, manifest: Manifest, parts: Sequence[Part]) -> str:
        if not parts:
            empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in manifest.columns.items())
            return f"select {empty} where false"
        plain = [p for i, p in enumerate(parts) if not p.excluded and not _replaced_later(parts, i)]
        selects = []
        if plain:
            source = self._read(manifest.table, [p.file for p in plain])
            selects.append(f"select {_column_list(manifest, plain)} from {source}")
        for index, part in enumerate(parts):
            conditions = []
            if part.excluded:
                rows = self._read(manifest.table, [part.excluded])
                conditions.append(f"file_row_number + 1 not in (select row_number from {rows})")
            if _replaced_later(parts, index):
                keys = self._read(manifest.table, [p.keys for p in parts[index + 1 :] if p.keys])
                column = manifest.partition
                conditions.append(f"{column} not in (select {column} from {keys})")
            if conditions:
                numbered = ", file_row_number = true" if part.excluded else ""
                source = self._read(manifest.table, [part.file], numbered)
                columns = _column_list(manifest, [part])
                selects.append(f"select {columns} from {source} where {' and '.join(conditions)}")
        return " union all ".join(selects)

    def _read(self, table: str, files: Iterable[str], options: str = "") -> str:
        paths = [self.directory(table) / name for name in files]
        self._verify(table, paths)
        listed = ", ".join(quoted(path) for path in paths)
        # Raw parts of several years may have been read under several versions of their contract.
        by_name = ", union_by_name = true" if table.startswith("raw.") and len(paths) > 1 else ""
        return f"read_parquet([{listed}], hive_partitioning = false{by_name}{options})"

    def _verify(self, table: str, paths: Iterable[Path]) -> None:
        manifest = self.manifest(table)
        hashes = {part.file: part.sha256 for part in manifest.parts}
        for path in paths:
            if path in self._verified or path.name not in hashes:
                continue
            if not path.exists() or sha256_of(path) != hashes[path.name]:
                raise DamagedError(table, path)
            self._verified.add(path)

    # Writing -----------------------------------------------------------------------------------

    @contextmanager
    def staging(self, table: str) -> Iterator[Path]:
        """A directory beside the table's files for parts that are not committed yet."""
        place = self.directory(table) / ".staging"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def commit_whole(
        self,
        table: str,
        staged: Path,
        *,
        made_from: dict,
        partition: str | None = None,
        notes: dict | None = None,
    ) -> Manifest:
        """Make the staged Parquet file the whole table. Same bytes, same version."""
        part, columns = self._adopt(table, staged)
        version = fingerprint(part.sha256)
        history = (Version(version, part.file),)
        before = self.manifest(table)
        if before and before.version == version:
            history = before.history
        return self._save(
            Manifest(
                table, version, made_from, columns, partition, (part,), history, notes or {}
            )
        )

    def commit_replacing(
        self, table: str, staged: Path, keys: Path, *, made_from: dict, notes: dict | None = None
    ) -> Manifest:
        """Replace the rows of the partition values in `keys` by those of the staged file."""
        before = self.manifest(table)
        kept, _ = self._adopt(table, keys, suffix=".keys")
        part, _ = self._adopt(table, staged, keys=kept.file, salt=kept.sha256 + before.version)
        version = fingerprint(before.version, part.sha256, kept.sha256)
        return self._save(
            Manifest(
                table,
                version,
                made_from,
                before.columns,
                before.partition,
                (*before.parts, part),
                (*before.history, Version(version, part.file)),
                notes or {},
            )
        )

    def commit_added(
        self,
        table: str,
        added: Sequence[tuple[Path, Path | None, Path | None, dict]],
        *,
        made_from: dict,
        columns: dict[str, str] | None = None,
        notes: dict | None = None,
    ) -> Manifest:
        """Add parts (staged file, its excluded rows, what is noted of others, info) to a table that only grows.

        `columns` are the table's, when a part may lack some of them; else a part has them all.
        """
        before = self.manifest(table)
        parts = list(before.parts) if before else []
        history = list(before.history) if before else []
        version = before.version if before else fingerprint(table)
        for staged, excluded, noted, info in added:
            aside = self._adopt(table, excluded, suffix=".aside")[0].file if excluded else None
            told = self._adopt(table, noted, suffix=".noted")[0].file if noted else None
            part, found = self._adopt(table, staged, excluded=aside, noted=told, info=info)
            columns = columns or found
            parts.append(replace(part, lacks=tuple(n for n in columns if n not in found)))
            version = fingerprint(version, part.sha256)
            history.append(Version(version, part.file))
        return self._save(
            Manifest(
                table, version, made_from, columns, None, tuple(parts), tuple(history), notes or {}
            )
        )

    def commit_entries(
        self, table: str, staged: Path, *, made_from: dict, notes: dict, anew: bool = False
    ) -> Manifest:
        """Add entries to a dictionary, whose version is its code: an entry, once made, never changes,
        and whoever needs one finds it there, so new entries change nothing for anybody. `anew`: in place
        of all others, which nobody needs."""
        before = self.manifest(table)
        version = made_from["code"]
        kept = before.parts if before and before.version == version and not anew else ()
        part, columns = self._adopt(table, staged)
        history = (Version(version, None),)
        return self._save(
            Manifest(table, version, made_from, columns, None, (*kept, part), history, notes)
        )

    def commit_kept(
        self,
        table: str,
        kept: Sequence[Part],
        *,
        made_from: dict,
        columns: dict[str, str],
        rows: int,
    ) -> Manifest:
        """Go back to some of the parts of a table that only grows, under the columns it has now."""
        before = self.manifest(table)
        kept = [
            replace(part, lacks=tuple(n for n in columns if n in part.lacks or n not in before.columns))
            for part in kept
        ]
        version = fingerprint(table, made_from, [part.sha256 for part in kept])
        history = (Version(version, kept[-1].file if kept else None),)
        return self._save(
            replace(
                before,
                version=version,
                made_from=made_from,
                columns=columns,
                parts=tuple(kept),
                history=history,
                notes={"rows": rows},
            )
        )

    def commit_rewritten(
        self,
        table: str,
        old: Part,
        staged: Path,
        *,
        excluded: Path | None,
        noted: Path | None,
        gone: Path,
        info: dict,
        rows: int,
    ) -> Manifest:
        """Put a part of a table that only grows in the place of one that held more, which is removed.

        `gone` holds the rows that are no more, in the table's columns: by them readers see what changed,
        until `forget_gone`. `rows` is how many the table has now.
        """
        before = self.manifest(table)
        aside = self._adopt(table, excluded, suffix=".aside")[0].file if excluded else None
        told = self._adopt(table, noted, suffix=".noted")[0].file if noted else None
        lost = self._adopt(table, gone, suffix=".gone")[0].file
        part, found = self._adopt(table, staged, excluded=aside, noted=told, info=info)
        part = replace(part, lacks=tuple(n for n in before.columns if n not in found))
        version = fingerprint(before.version, part.sha256, lost)
        history = (
            *(replace(step, part=part.file) if step.part == old.file else step for step in before.history),
            Version(version, part.file, lost),
        )
        parts = tuple(part if one.file == old.file else one for one in before.parts)
        after = self._save(
            replace(
                before,
                version=version,
                parts=parts,
                history=history,
                notes=before.notes | {"rows": rows},
            )
        )
        named = self._named(after)
        for name in {old.file, old.excluded, old.noted} - named - {None}:
            (self.directory(table) / name).unlink()
        return after

    def note_parts(self, table: str, told: dict[str, dict]) -> Manifest:
        """Remember more about parts, by their files; their content stays."""
        before = self.manifest(table)
        parts = tuple(
            replace(part, info=part.info | told.get(part.file, {})) for part in before.parts
        )
        return self._save(replace(before, parts=parts))

    def forget_gone(self, table: str) -> bool:
        """Remove the rows that were taken out, and how the table was before: whoever read it then reads
        all of it again. Returns whether there were any."""
        before = self.manifest(table)
        lost = [at for at, step in enumerate(before.history) if step.gone]
        if not lost:
            return False
        last = before.history[lost[-1]]
        self._save(
            replace(
                before, history=(replace(last, gone=None), *before.history[lost[-1] + 1 :])
            )
        )
        for at in lost:
            (self.directory(table) / before.history[at].gone).unlink(missing_ok=True)
        return True

    def commit_empty(self, table: str, columns: dict[str, str], *, made_from: dict) -> Manifest:
        """Make a table with no part: nothing was delivered for it yet."""
        version = fingerprint(table, columns)
        return self._save(
            Manifest(table, version, made_from, columns, None, (), (Version(version, None),))
        )

    def note_unchanged(self, table: str, *, made_from: dict) -> Manifest:
        """Record that the table, made from these inputs, is what it already was."""
        before = self.manifest(table)
        return self._save(replace(before, made_from=made_from))

    def is_scattered(self, table: str) -> bool:
        """Whether the table's replacing parts have grown enough to be worth compacting."""
        manifest = self.manifest(table)
        deltas = manifest.parts[1:] if manifest and manifest.partition else ()
        replaced, rows = sum(part.rows for part in deltas), manifest.rows_written
        return len(deltas) > min(MAX_DELTAS, rows // ROWS_PER_DELTA) or replaced > MAX_DELTA_SHARE * rows

    def compact(self, con: duckdb.DuckDBPyConnection, table: str, order: Sequence[str]) -> Manifest:
        """Fold the replacing parts into one; the content, and so the version, stays."""
        manifest = self.manifest(table)
        with self.staging(table) as place:
            staged = place / "compacted.parquet"
            write_parquet(con, self.scan(table), staged, order=order)
            part, columns = self._adopt(table, staged, salt=manifest.version)
            history = (Version(manifest.version, part.file),)
            return self._save(
                Manifest(
                    table,
                    manifest.version,
                    manifest.made_from,
                    columns,
                    manifest.partition,
                    (part,),
                    history,
                    manifest.notes,
                )
            )

    def link_to(self, other: Path, table: str) -> None:
        """Give another lake the same table, by hard links to its immutable parts."""
        manifest = self.manifest(table)
        source, target = self.directory(table), Lake(other).directory(table)
        target.mkdir(parents=True)
        for part in manifest.parts:
            for name in (part.file, part.keys, part.excluded, part.noted):
                if name and not (target / name).exists():
                    os.link(source / name, target / name)
        sync(target)
        write_atomically(target / "manifest.json", manifest.to_json())

    def sweep(self) -> int:
        """Remove what a killed run left: files that no manifest names. Returns how many."""
        removed = 0
        for place in sorted(self.root.glob("[!.]*/*")):
            manifest = self.manifest(f"{place.parent.name}.{place.name}")
            named = {"manifest.json"} | self._named(manifest)
            for path in sorted(place.iterdir()):
                if path.name not in named:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    removed += 1
        return removed

    def _named(self, manifest: Manifest | None) -> set[str | None]:
        """The files that a manifest names."""
        if manifest is None:
            return set()
        files = {name for p in manifest.parts for name in (p.file, p.keys, p.excluded, p.noted)}
        return files | {step.gone for step in manifest.history}

    def _adopt(self, table: str, staged: Path, *, suffix: str = "", salt: str = "", **extra):
        """Bring a staged file to its final, content-named place, safely on disk."""
        sync(staged)
        digest = sha256_of(staged)
        name = f"{fingerprint(digest, salt) if salt else digest[:16]}{suffix}.parquet"
        target = self.directory(table) / name
        described = self._reader.execute(f"describe from read_parquet({quoted(staged)})")
        columns = {row[0]: row[1] for row in described.fetchall()}
        rows = pq.read_metadata(staged).num_rows
        staged.rename(target)
        sync(target.parent)
        self._verified.add(target)
        return Part(file=name, sha256=digest, rows=rows, **extra), columns

    def _save(self, manifest: Manifest) -> Manifest:
        place = self.directory(manifest.table)
        write_atomically(place / "manifest.json", manifest.to_json())
        self._manifests[manifest.table] = manifest
        return manifest


def _parted(manifest: Manifest, later: Sequence[Version]) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """A table's parts from before some steps, and those that came with them."""
    names = [part.file for part in manifest.parts]
    first = min((names.index(step.part) for step in later if not step.gone), default=len(names))
    return manifest.parts[:first], manifest.parts[first:]


def _column_list(manifest: Manifest, parts: Sequence[Part]) -> str:
    """The table's columns as some parts give them together; what none of them has is null."""
    lacking = set.intersection(*(set(part.lacks) for part in parts))
    return ", ".join(
        f'null::{kind} as "{name}"' if name in lacking else f'"{name}"'
        for name, kind in manifest.columns.items()
    )


def _replaced_later(parts: Sequence[Part], index: int) -> bool:
    return any(part.keys for part in parts[index + 1 :])


def write_parquet(con, relation: str, path: Path, *, order: Sequence[str]) -> None:
    """Write a relation sorted by a unique key: the same rows give the same bytes, unless memory ran out once
    and not the other time. A column without nulls may then be marked so: the table has another version, which
    its readers take for a change, and the same rows."""
    by = f"order by {', '.join(order)}" if order else ""
    try:
        _copy(con, f"select * from ({relation}) {by}", path)
    except duckdb.OutOfMemoryException:
        if not order:
            raise
        # What a union hands to a sort does not always go to the disk in time (DuckDB 2.0.0); what one
        # file does, always has.
        unsorted = path.with_name(f"unsorted.{path.name}")
        _copy(con, f"select * from ({relation})", unsorted)
        _copy(con, f"from read_parquet({quoted(unsorted)}) {by}", path)
        unsorted.unlink()


def _copy(con, rows: str, path: Path) -> None:
    con.execute(f"copy ({rows}) to {quoted(path)} ({PARQUET})")
