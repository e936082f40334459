"""The delivered files themselves, once a person is erased: listed, rewritten without the rows, or
deleted.

Here belongs what happens to a file in the exports folder. Which rows are whose is said by the
tombstones; how a text is cut into records, by connectors.records. Every byte of the other records stays
as it was delivered, and so does the time of the file, by which some know when they were written. """

from __future__ import annotations

import bz2
import gzip
import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from connectors.delivery import Member
from connectors.detect import Detection
from connectors.reading import Erased, read
from connectors.records import Span, csv_spans, json_spans, line_spans
from dagster_project import landing
from dagster_project.lake import sha256_of, sync
from dagster_project.run import Run

LIST, REWRITE, DELETE = "list", "rewrite", "delete"
"""What erasing does to delivered files that hold rows of the erased (erase_exports in cdp.toml)."""

OUTCOMES = {LIST: "listed", REWRITE: "rewritten", DELETE: "deleted"}

@dataclass(frozen=True)
class Touched:
    """One delivered file that holds, or held, rows of erased people: how many, and what became of it."""

    path: str
    rows: int
    outcome: str


def treat(run: Run, erased: Erased, *, how: str) -> Iterator[Touched]:
    """List, rewrite or delete the delivered files that hold rows of erased people, one after the other.

    To be asked once the raw tables are rid of these rows: they know which files they had them from.
    What is remembered of a file that was rewritten goes with it, so that it is not read again. """
    for path, one in _touched(run).items():
        rows = {} if how == LIST else _rows(run, path, erased)
        if how == DELETE:
            path.unlink()
            sync(path.parent)
        elif how == REWRITE and any(rows.values()):
            _rewrite(run, path, rows)
        name = path.relative_to(run.settings.exports).as_posix()
        if how == LIST or any(rows.values()):
            yield Touched(name, one, OUTCOMES[how])


def _touched(run: Run) -> dict[Path, int]:
    """The files that are still there and had rows of erased people, and how many; those with the same
    bytes as one of them too."""
    struck: dict[str, int] = {}
    for table in run.lake.tables():
        if table.startswith("raw."):
            for part in run.lake.manifest(table).parts:
                if part.info.get("rows_erased"):
                    struck[part.info["sha256"]] = part.info["rows_erased"]
    found: dict[Path, int] = {}
    for one in landing.load_deliveries(run.settings.state / "deliveries.json"):
        path = landing.delivered(run, one)
        if one.sha256 in struck and path.is_file():
            found[path] = found.get(path, 0) + struck[one.sha256]
    return found


def _rows(run: Run, path: Path, erased: Erased) -> dict[str, set[int]]:
    """By the name of each text in a file, the numbers of its records that are an erased person's."""
    found = {}
    for one, member, detection in landing.look(path, run.settings):
        if one.status == "accepted":
            part = run.settings.scratch / "landed.parquet"
            reading = read(member, detection, part=part, con=run.con)
            found[one.path] = set(erased(reading.contract, part, reading.quarantine))
            part.unlink()
    return found


# Taking records out of a file ----------------------------------------------------------------------


def _rewrite(run: Run, path: Path, rows: dict[str, set[int]]) -> None:
    """Replace the file by one without those records. What it will be is remembered before it is so: who
    goes on after having been stopped in between finds a file that is known, whichever of the two it
    is."""
    texts = {}
    for one, member, detection in landing.look(path, run.settings):
        if rows.get(one.path):
            texts[one.path] = _without(member, detection, rows[one.path], path)
    status = path.stat()
    staged = path.with_name(f".{path.name}.rewritten")
    _pack(path, staged, texts)
    staged.chmod(status.st_mode)
    os.utime(staged, ns=(status.st_atime_ns, status.st_mtime_ns))
    sync(staged)
    _remember(run, path, staged, texts)
    staged.rename(path)
    sync(path.parent)


def _remember(run: Run, path: Path, staged: Path, texts: dict[str, bytes]) -> None:
    """Note the file that will lie there, and the hash of each text in it."""
    registry = run.settings.state / "deliveries.json"
    status, digest = staged.stat(), sha256_of(staged)
    renewed = []
    for one in landing.load_deliveries(registry):
        if landing.delivered(run, one) == path:
            one = replace(
                one, size=status.st_size, modified_ns=status.st_mtime_ns, delivery=digest
            )
        if one.path in texts:
            is_entry = "!" in one.path
            said = hashlib.sha256(texts[one.path]).hexdigest() if is_entry else digest
            one = replace(one, rewritten=said)
        renewed.append(one)
    landing.save_deliveries(registry, renewed)


def _without(member: Member, detection: Detection, rows: set[int], path: Path) -> bytes:
    """The text of a member without some of its records, in the encoding in which it was delivered."""
    data = member.content.read_bytes()
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    text = data[len(mark):].decode("utf-8", "surrogateescape")
    spans = _spans(text, member, detection)
    kept = _cut(text, spans, rows, is_separated=detection.contract.format == "json")
    if member.must_decode or member.encoding == "utf-8":
        return mark + kept.encode("utf-8", "surrogateescape")
    return _order_mark(path, member) + kept.encode(member.encoding)


def _order_mark(path: Path, member: Member) -> bytes:
    """The mark by which a text in UTF-16 began, if it did: it is not in the text that is read."""
    head = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(member.encoding, b"")
    return head if head and _head(path, member).startswith(head) else b""


def _head(path: Path, member: Member) -> bytes:
    if member.compression == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(member.path.partition("!")[2]) as file:
            return file.read(2)
    opened = {"gzip": gzip.open, "bzip2": bz2.open, "zstd": _zstd, "none": open}[member.compression]
    with opened(path, "rb") as file:
        return file.read(2)


def _zstd(path: Path, mode: str) -> pa.CompressedInputStream:
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def _spans(text: str, member: Member, detection: Detection) -> list[Span]:
    kind = detection.contract.format
    if kind == "csv":
        return csv_spans(text, delimiter=detection.delimiter, quote=detection.quote)
    if kind == "access_log":
        return line_spans(text)
    if kind == "w3c_log":
        return line_spans(text, is_record=lambda line: line.strip() and not line.startswith("#"))
    lines = line_spans(text)
    is_odd = member.must_decode or member.has_nul or member.has_bom or member.has_carriage_returns
    if detection.is_json_lines and not is_odd and all(end - start > 1 for start, end in lines):
        return lines
    return json_spans(text)


def _cut(text: str, spans: list[Span], rows: set[int], *, is_separated: bool) -> str:
    """The text without the records of those numbers. What stands between two records goes with the first
    of them; before the end, where no record is left, with the second."""
    last_kept = max((n for n in range(1, len(spans) + 1) if n not in rows), default=0)
    kept, at = [], 0
    for number in sorted(rows):
        start, end = spans[number - 1]
        if is_separated and 0 < last_kept < number:
            start = spans[number - 2][1]
        elif is_separated and number < len(spans):
            end = spans[number][0]
        kept.append(text[at:start])
        at = end
    return "".join([*kept, text[at:]])


def _pack(path: Path, staged: Path, texts: dict[str, bytes]) -> None:
    """A file like the one at `path`, packed as that one is, with other texts in it."""
    with path.open("rb") as file:
        head = file.read(4)
    data = next(iter(texts.values()))
    if head.startswith(b"PK"):
        entries = {name.partition("!")[2]: text for name, text in texts.items()}
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(staged, "w") as new:
            for entry in old.infolist():
                content = entries.get(entry.filename)
                new.writestr(entry, old.read(entry) if content is None else content)
    elif head.startswith(b"\x1f\x8b"):
        staged.write_bytes(gzip.compress(data, mtime=0))
    elif head.startswith(b"BZh"):
        staged.write_bytes(bz2.compress(data))
    elif head.startswith(b"\x28\xb5\x2f\xfd"):
        staged.write_bytes(pa.compress(data, codec="zstd", asbytes=True))
    else:
        staged.write_bytes(data)
