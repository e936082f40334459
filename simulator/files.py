"""Files: how an export's bytes reach the disk, the same bytes every time.

CSV text, encodings, gzip and zip without clocks, and the modification time of a night; how a night's
files get into the folder where they are read. What is in a file is the business of each system's writer.
"""

import gzip
import io
import os
import shutil
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol

import polars as pl

NIGHT_HOUR = time(2, 0, tzinfo=UTC)


class Carrier(Protocol):
    """Who takes a night's files to their folder, and may spoil them on the way."""

    def take(self, night: "Night", system: str, name: str, content: bytes) -> bytes | None: ...


@dataclass(frozen=True)
class Night:
    """One night's delivery: everything that happened from `since` up to, not including, `on`."""

    exports: Path
    on: date
    since: date
    number: int
    carrier: Carrier | None = None

    @property
    def start(self) -> int:
        return epoch(self.since)

    @property
    def end(self) -> int:
        return epoch(self.on)

    @property
    def is_first(self) -> bool:
        return self.number == 1

    def write(self, system: str, name: str, content: bytes) -> None:
        if self.carrier:
            content = self.carrier.take(self, system, name, content)
        if content is not None:
            self.put(system, name, content)

    def put(self, folder: str, name: str, content: bytes) -> None:
        path = self.exports / self.on.isoformat() / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        stamp = datetime.combine(self.on, NIGHT_HOUR).timestamp()
        os.utime(path, (stamp, stamp))


def lay(night: Path, landing: Path) -> None:
    """Deliver the files of a night's folder. What is below an earlier night's date replaces what that
    night delivered under its name."""
    earlier = [path.name for path in night.iterdir() if path.name[:1].isdigit()]
    shutil.copytree(
        night, landing / night.name,
        ignore=lambda place, names: earlier if Path(place) == night else [],
    )
    for name in earlier:
        shutil.copytree(night / name, landing / name, dirs_exist_ok=True)


def epoch(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())


def csv(table: pl.DataFrame, *, quote: str = "necessary", encoding: str = "utf-8") -> bytes:
    """Null is an empty cell, '' is a quoted empty cell. Letters the encoding lacks become '?'."""
    buffer = io.BytesIO()
    table.write_csv(buffer, quote_style=quote)
    if encoding == "utf-8":
        return buffer.getvalue()
    return buffer.getvalue().decode().encode(encoding, errors="replace")


def lines(text: pl.Series) -> bytes:
    buffer = io.BytesIO()
    text.to_frame("line").write_csv(buffer, include_header=False, quote_style="never")
    return buffer.getvalue()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=5, mtime=0)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()
