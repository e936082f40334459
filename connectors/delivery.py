"""Preflight of one delivered path: what it holds, whole or not, as text that is safe to read.

Here belong hashes, compression, archives, encodings and dates of delivery. What the text means is
for `detect`. A delivered name is never opened by anything but this module, and never by DuckDB:
each member gets a name of its own in a scratch directory, made of its hash.
"""

import bz2
import codecs
import gzip
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from connectors.contract import Finding

_CHUNK = 1 << 23
_HEAD = 1 << 16
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_OTHER_BINARY = {
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\xfd7zXZ": "an xz file",
    b"Rar!": "a RAR archive",
}
_DATE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(-?)([0-9]{2})\2([0-9]{2})(?![0-9])")


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to before it is taken for a bomb."""

    entries: int = 10_000
    bytes: int = 64 << 30
    ratio: int = 1_000
    ratio_from_bytes: int = 64 << 20


@dataclass(frozen=True)
class Member:
    """One text of a delivery: the file itself, or an entry of its archive.

    `sha256` is of the delivered bytes; of an archive's entry, of the entry's. `content` is the
    text to read, in UTF-8 unless `must_decode` names the encoding of bytes that could not all be
    decoded. None if there is nothing to read: `findings` say why.
    """

    path: str
    sha256: str
    size: int
    delivered_at: datetime
    modified_at: datetime
    compression: str = "none"
    encoding: str = "utf-8"
    content: Path | None = None
    must_decode: str | None = None
    has_bom: bool = False
    has_nul: bool = False
    has_carriage_returns: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One delivered path, with its members; none if the whole was set aside."""

    path: str
    sha256: str
    size: int
    modified_at: datetime
    delivered_at: datetime
    compression: str
    members: tuple[Member, ...] = ()
    findings: tuple[Finding, ...] = ()


class _SetAside(Exception):
    """The whole delivery cannot be used."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def preflight(path: Path, *, root: Path, scratch: Path, limits: Limits | None = None) -> Delivery:
    """What the file at `path`, below `root`, holds. Writes in `scratch` and nowhere else.

    Raises OSError if the file itself cannot be read.
    """
    limits = limits or Limits()
    relative = path.relative_to(root).as_posix()
    status = path.stat()
    modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
    sha256 = _sha256(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    compression = _compression(head)
    delivery = Delivery(
        path=relative,
        sha256=sha256,
        size=status.st_size,
        modified_at=modified_at,
        delivered_at=delivered_at(relative, modified_at),
        compression=compression,
    )
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        members = tuple(_members(delivery, path, head, scratch, limits))
    except _SetAside as aside:
        return _with(delivery, findings=(aside.finding,))
    return _with(delivery, members=members)


def delivered_at(relative: str, modified_at: datetime) -> datetime:
    """Midnight UTC of the date in the path, nearest to the file first; else the time of change.

    A date is YYYY-MM-DD or YYYYMMDD, as a whole folder or anywhere in the file's name.
    """
    *folders, name = relative.split("/")
    for part in (name, *reversed([one for one in folders if _DATE.fullmatch(one)])):
        for match in reversed(list(_DATE.finditer(part))):
            try:
                return datetime(int(match[1]), int(match[3]), int(match[4]), tzinfo=UTC)
            except ValueError:
                continue
    return modified_at


def _with(delivery: Delivery, **changes: object) -> Delivery:
    return Delivery(**{**delivery.__dict__, **changes})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compression(head: bytes) -> str:
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return "none"


def _members(
    delivery: Delivery, path: Path, head: bytes, scratch: Path, limits: Limits
) -> Iterator[Member]:
    safe = scratch / delivery.sha256
    if delivery.compression == "none":
        safe.unlink(missing_ok=True)
        safe.symlink_to(path.resolve())
        yield _member(delivery, delivery.path, delivery.sha256, safe)
    elif delivery.compression == "zip":
        yield from _zip_members(delivery, path, scratch, limits)
    else:
        bound = _bound(delivery.size, limits)
        try:
            with _decompressor(path, delivery.compression) as packed:
                _unpack(packed, safe, bound)
        except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
            raise _blame(error, delivery.compression) from error
        yield _member(delivery, delivery.path, delivery.sha256, safe, must_be_text=True)


def _decompressor(path: Path, compression: str) -> BinaryIO:
    if compression == "gzip":
        return gzip.open(path)
    if compression == "bzip2":
        return bz2.open(path)
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")


def _bound(packed: int, limits: Limits) -> int:
    return min(limits.bytes, max(limits.ratio_from_bytes, packed * limits.ratio))


def _unpack(packed: BinaryIO, to: Path, bound: int) -> tuple[str, int]:
    """Writes what is unpacked and returns its hash and size. Stops at `bound` bytes."""
    digest, size = hashlib.sha256(), 0
    to.unlink(missing_ok=True)
    with to.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            if size > bound:
                file.close()
                to.unlink()
                raise _SetAside(
                    Finding(
                        "error",
                        "unpacks to too much",
                        expected=f"at most {bound} bytes",
                        found="more",
                        remedy="deliver the file unpacked, if it is genuine",
                    )
                )
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def _blame(error: Exception, compression: str) -> Exception:
    """The error itself if the machine is to blame (a full disk has an errno), else the archive."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return _SetAside(
        Finding(
            "error",
            "archive is damaged or cut off",
            expected=f"a whole {compression} file",
            found="an end before its end, or a wrong checksum",
            remedy="have it delivered again",
        )
    )


def _zip_members(
    delivery: Delivery, path: Path, scratch: Path, limits: Limits
) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not _is_clutter(entry)]
            _check_entries(entries, delivery.size, limits)
            members = []
            for number, entry in enumerate(entries):
                unpacked = scratch / f"{delivery.sha256}-{number}"
                with archive.open(entry) as packed:
                    bound = min(entry.file_size, _bound(delivery.size, limits))
                    sha256, size = _unpack(packed, unpacked, bound)
                members.append(
                    _member(
                        delivery,
                        f"{delivery.path}!{entry.filename}",
                        sha256,
                        unpacked,
                        size=size,
                        must_be_text=True,
                    )
                )
    except (
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise _blame(error, "zip") from error
    yield from members


def _is_clutter(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return entry.is_dir() or name.startswith("__MACOSX/") or name.endswith(".DS_Store")


def _check_entries(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if any(entry.filename == "[Content_Types].xml" for entry in entries):
        raise _SetAside(
            Finding(
                "error",
                "not a text file",
                expected="CSV, JSON or a log",
                found="an Office document",
                remedy="export as CSV",
            )
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise _SetAside(
            Finding(
                "error", "archive is encrypted", remedy="deliver it without a password", found="zip"
            )
        )
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > limits.entries or unpacked > _bound(packed, limits):
        raise _SetAside(
            Finding(
                "error",
                "unpacks to too much",
                expected=f"at most {limits.entries} entries and {_bound(packed, limits)} bytes",
                found=f"{len(entries)} entries, {unpacked} bytes",
                remedy="deliver the files unpacked, if they are genuine",
            )
        )


def _member(
    delivery: Delivery,
    path: str,
    sha256: str,
    content: Path,
    *,
    size: int | None = None,
    must_be_text: bool = False,
) -> Member:
    member = Member(
        path=path,
        sha256=sha256,
        size=delivery.size if size is None else size,
        delivered_at=delivered_at(path.replace("!", "/"), delivery.delivered_at),
        modified_at=delivery.modified_at,
        compression=delivery.compression,
    )
    finding = _not_text(content, must_be_text)
    if finding:
        return Member(**{**member.__dict__, "findings": (finding,)})
    return Member(**{**member.__dict__, **_decoded(content)})


def _not_text(content: Path, is_unpacked: bool) -> Finding | None:
    with content.open("rb") as file:
        head = file.read(_HEAD)
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if b"".join(text.split()) in (b"", b"[]") and content.stat().st_size <= _HEAD:
        return Finding(
            "error",
            "empty file",
            expected="a header or an object at least",
            found=f"{len(head)} bytes",
            remedy="have it exported again",
        )
    if is_unpacked and (_compression(head) != "none" or head[257:262] == b"ustar"):
        return Finding(
            "error",
            "archive within an archive",
            expected="text",
            found=_compression(head),
            remedy="deliver it unpacked once",
        )
    for magic, kind in _OTHER_BINARY.items():
        if head.startswith(magic):
            return Finding(
                "error",
                "not a text file",
                expected="CSV, JSON or a log",
                found=kind,
                remedy="export as CSV",
            )
    if re.match(rb"<(!doctype|html|\?xml|head|body|error|!--)", text[:16].lower()):
        return Finding(
            "error",
            "a web page or XML in place of data",
            expected="CSV, JSON or a log",
            found="markup",
            remedy="look at what the export's address answers; have it exported again",
        )
    return None


def _decoded(content: Path) -> dict[str, object]:
    """Encoding and peculiarities of a text; a copy in UTF-8 beside it where it is not yet."""
    with content.open("rb") as file:
        head = file.read(_HEAD)
    wide = _utf_16(head)
    if wide:
        return _transcoded(content, wide)
    has_nul = has_returns = False
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    is_utf8 = True
    for chunk in _chunks(content):
        has_nul = has_nul or b"\0" in chunk
        has_returns = has_returns or b"\r" in chunk
        if is_utf8 and (not chunk.isascii() or decoder.getstate()[0]):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_utf8 and decoder.getstate()[0]:
        is_utf8 = False
    facts: dict[str, object] = {
        "content": content,
        "has_bom": head.startswith(codecs.BOM_UTF8),
        "has_nul": has_nul,
        "has_carriage_returns": has_returns,
    }
    if is_utf8:
        return facts
    good, bad = _utf_8_characters(content)
    if good > bad:
        finding = Finding(
            "warn",
            "mixed encodings",
            expected="UTF-8 throughout",
            found=f"{bad} bytes that are not",
            remedy="rows with such bytes are set aside; have the source export in one encoding",
        )
        return {**facts, "encoding": "utf-8", "must_decode": "utf-8", "findings": (finding,)}
    return {**_transcoded(content, "cp1252"), "has_nul": has_nul}


def _chunks(content: Path) -> Iterator[bytes]:
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _utf_16(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if half and even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _utf_8_characters(content: Path) -> tuple[int, int]:
    """How many characters beyond ASCII are right in UTF-8, and how many bytes are wrong."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    for chunk in _chunks(content):
        if chunk.isascii():
            continue
        for character in re.findall(r"[^\x00-\x7f]", decoder.decode(chunk)):
            if "\udc80" <= character <= "\udcff":
                bad += 1
            else:
                good += 1
    return good, bad


def _transcoded(content: Path, encoding: str) -> dict[str, object]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    target = content.with_name(f"{content.name}.utf8")
    has_nul = has_returns = False
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            is_first = True
            for chunk in _chunks(content):
                text = decoder.decode(chunk)
                file.write(text.removeprefix("\ufeff") if is_first else text)
                is_first = False
                has_nul = has_nul or "\0" in text
                has_returns = has_returns or "\r" in text
    except UnicodeError:
        target.unlink(missing_ok=True)
        finding = Finding(
            "warn" if encoding == "cp1252" else "error",
            "bytes that are no characters",
            expected=encoding,
            found="undecodable bytes",
            remedy="rows with such bytes are set aside; have the source export in UTF-8",
        )
        if encoding != "cp1252":
            return {"encoding": encoding, "findings": (finding,)}
        return {
            "content": content,
            "encoding": encoding,
            "must_decode": encoding,
            "has_carriage_returns": True,
            "findings": (finding,),
        }
    if content.is_symlink() or content.exists():
        content.unlink()
    return {
        "content": target,
        "encoding": encoding,
        "has_nul": has_nul,
        "has_carriage_returns": has_returns,
    }

