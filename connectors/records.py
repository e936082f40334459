"""Cutting a text into records, exactly: counts that hold, and the slow ways that lose nothing.

Here belong newlines, quotes and brackets. What a record's cells mean, and which of them are
unusable, is for `reading`. Nothing here trusts DuckDB's CSV reader, which may stop early, skip or
swallow lines without a word.
"""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

_CHUNK = 1 << 24
_NEWLINE, _RETURN = 10, 13
# Longer than the longest text area any of the systems has; a longer cell is a quote left open.
LONGEST_CELL = 1_000_000
LONGEST_RECORD = 8_000_000


@dataclass(frozen=True)
class Uncut:
    """A record that could not be cut into columns, as it stands in the file."""

    reason: str
    expected: str
    found: str
    remedy: str
    text: str


def count_csv_records(content: Path, *, quote: str = '"') -> int | None:
    """Records of a well-formed CSV, its header included; None if a quote is open at the end.

    A record ends at a newline outside quotes; blank lines are none. The number is right for every
    well-formed text. For others it may differ from what a reader gives, which then shows.
    """
    quote_byte = ord(quote)
    is_open = False
    records = 0
    # Where the last record ended, relative to the chunk's start, and the byte before the chunk.
    last_end, before = -1, _NEWLINE
    for chunk in _chunks(content):
        data = np.frombuffer(chunk, np.uint8)
        newlines = np.flatnonzero(data == _NEWLINE)
        quotes = np.flatnonzero(data == quote_byte)
        if len(quotes):
            odd = np.searchsorted(quotes, newlines) & 1
            newlines = newlines[odd == is_open]
            is_open ^= bool(len(quotes) & 1)
        elif is_open:
            newlines = newlines[:0]
        if len(newlines):
            lengths = np.diff(newlines, prepend=last_end) - 1
            preceding = data[newlines - 1]
            if newlines[0] == 0:
                preceding[0] = before
            blank = (lengths == 0) | ((lengths == 1) & (preceding == _RETURN))
            records += len(newlines) - int(blank.sum())
            last_end = int(newlines[-1])
        last_end -= len(data)
        before = int(data[-1])
    if is_open:
        return None
    rest = -last_end - 1
    if rest > 1 or (rest == 1 and before != _RETURN):
        records += 1
    return records


def _chunks(content: Path) -> Iterator[bytes]:
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Lines:
    """Lines of a file that can be given back. `given` counts the characters of those that were not."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.given = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._file)
        self.taken.append(line)
        self.given += len(line)
        return line

    def give_back_all_but_first(self) -> str:
        first, *rest = self.taken
        self._returned.extendleft(reversed(rest))
        self.given -= sum(map(len, rest))
        self.taken = []
        return first


def csv_records(
    content: Path, *, encoding: str, delimiter: str, quote: str, width: int
) -> Iterator[list[str | None] | Uncut]:
    """The records after the header, in order: cells, or the record that could not be cut.

    Exact and slow. Where quoting breaks, only the physical line is given up on which the broken
    record began, and reading goes on at the next: a quote left open costs one line. A cell is None
    where nothing was written and '' where the vendor wrote an empty text.
    """
    previous = csv.field_size_limit(LONGEST_CELL)
    try:
        with content.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            lines = _Lines(file)
            is_header = True
            for record in _strict_records(lines, delimiter, quote):
                if record == []:
                    continue
                if is_header:
                    is_header = False
                    continue
                yield _checked(record, lines.taken, width) if isinstance(record, list) else record
    finally:
        csv.field_size_limit(previous)


def _strict_records(
    lines: _Lines, delimiter: str, quote: str
) -> Iterator[list[str | None] | Uncut]:
    reader = _reader(lines, delimiter, quote)
    while True:
        lines.taken = []
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            first = lines.give_back_all_but_first()
            reader = _reader(lines, delimiter, quote)
            if first.strip("\r\n"):
                yield Uncut(
                    "broken quoting",
                    expected="quotes in pairs, doubled within a cell",
                    found="a quote left open, or text after a closing quote",
                    remedy="have the source quote its cells, or export it again",
                    text=first,
                )
        else:
            if any(cell == "" for cell in record):
                record = _with_nulls(record, lines.taken, delimiter, quote)
            yield record


def _reader(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)


def _with_nulls(
    record: list[str], taken: list[str], delimiter: str, quote: str
) -> list[str | None]:
    """The record with None for cells in which nothing was written.

    The reader gives '' for both; only where the text has a pair of quotes next to a delimiter can
    it have been an empty text.
    """
    if not any(quote * 2 in line for line in taken):
        return [cell if cell != "" else None for cell in record]
    text, at, cells = "".join(taken), 0, []
    for cell in record:
        is_quoted = text.startswith(quote, at)
        cells.append(cell if cell != "" or is_quoted else None)
        at += len(cell) + (cell.count(quote) + 2 if is_quoted else 0) + len(delimiter)
    return cells


def _checked(record: list[str | None], taken: list[str], width: int) -> list[str | None] | Uncut:
    if len(record) > width and not any(record[width:]):
        record = record[:width]
    if sum(map(len, taken)) > LONGEST_RECORD:
        return _too_long(taken[0])
    if len(record) != width:
        return Uncut(
            "wrong number of fields",
            expected=f"{width} fields",
            found=f"{len(record)} fields",
            remedy="look for a delimiter within an unquoted cell, or a line cut off",
            text="".join(taken),
        )
    return record


def _too_long(text: str) -> Uncut:
    return Uncut(
        "record too long",
        expected=f"at most {LONGEST_RECORD} characters",
        found="more",
        remedy="look for a missing line end or a quote left open",
        text=text,
    )


@dataclass(frozen=True)
class Lines:
    """Where the lines of a file begin and end, in bytes without their newline."""

    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)


def find_lines(content: Path) -> Lines:
    """Every line of a file, blank ones too. The end of the file ends a line, if it has text."""
    ends, at = [], 0
    for chunk in _chunks(content):
        ends.append(np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE) + at)
        at += len(chunk)
    stops = np.concatenate(ends) if ends else np.empty(0, np.int64)
    if at and (not len(stops) or stops[-1] != at - 1):
        stops = np.append(stops, at)
    starts = np.concatenate(([0], stops[:-1] + 1)) if len(stops) else stops
    return Lines(starts=starts.astype(np.int64), ends=stops.astype(np.int64))


def read_lines(content: Path, lines: Lines, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The bytes of some lines, by their number from 0."""
    with content.open("rb") as file:
        for number in numbers:
            start, end = int(lines.starts[number]), int(lines.ends[number])
            file.seek(start)
            yield number, file.read(min(end - start, LONGEST_RECORD + 1))


def count_text(content: Path, text: str) -> int:
    """How often a text occurs in a file, as bytes; it must not overlap itself."""
    wanted, found, kept = text.encode(), 0, b""
    for chunk in _chunks(content):
        window = kept + chunk
        found += window.count(wanted)
        # Shorter than the text, so that nothing is counted twice.
        kept = window[-(len(wanted) - 1) :]
    return found


def json_objects(content: Path, *, encoding: str = "utf-8") -> Iterator[str | Uncut]:
    """The objects of a text of JSON, each on one line: of arrays, of lines, pretty or not.

    Brackets and commas around the objects are passed over. What does not parse is given back as
    one record, up to where the next object seems to begin.
    """
    decoder = json.JSONDecoder()
    with content.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        text, at, is_end = "", 0, False

        def more() -> None:
            nonlocal text, at, is_end
            chunk = file.read(_CHUNK)
            is_end = not chunk
            text, at = text[at:] + chunk, 0

        more()
        while True:
            at = _json_separator.match(text, at).end()
            if at == len(text):
                if is_end:
                    return
                more()
                continue
            try:
                value, end = decoder.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                if not is_end and len(text) - at <= LONGEST_RECORD:
                    more()
                    continue
                following = _json_object_start.search(text, at + 1)
                end = following.start() if following else len(text)
                if not following and not is_end:
                    more()
                    continue
                yield _not_json(text[at:end])
                at = end
                continue
            if end == len(text) and not is_end and not isinstance(value, dict):
                more()
                continue
            piece, at = text[at:end], end
            if not isinstance(value, dict):
                yield _not_json(piece)
            else:
                yield json.dumps(value, ensure_ascii=False) if "\n" in piece else piece


_json_separator = re.compile(r"[\s,\[\]\ufeff\x1e]*")
_json_object_start = re.compile(r'(?<=[,\n\[])\s*\{\s*"')


def _not_json(text: str) -> Uncut:
    return Uncut(
        "not a JSON object",
        expected="an object",
        found="text that does not parse as one",
        remedy="look for a file cut off or written by two programs at once",
        text=text,
    )


# Where records lie, to take some of them out of a text and leave the rest as it is -----------------

Span = tuple[int, int]
"""Where a record begins and ends, in characters of its text."""


def csv_spans(text: str, *, delimiter: str, quote: str) -> list[Span]:
    """Of the records that csv_records gives, in order, line ends included."""
    previous = csv.field_size_limit(LONGEST_CELL)
    try:
        lines = _Lines(io.StringIO(text, newline=""))
        found: list[Span] = []
        at = 0
        for record in _strict_records(lines, delimiter, quote):
            if record != []:
                found.append((at, lines.given))
            at = lines.given
        return found[1:]
    finally:
        csv.field_size_limit(previous)


def json_spans(text: str) -> list[Span]:
    """Of the records that json_objects gives, in order, without what stands between them."""
    decoder = json.JSONDecoder()
    found: list[Span] = []
    at = 0
    while (at := _json_separator.match(text, at).end()) < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            following = _json_object_start.search(text, at + 1)
            end = following.start() if following else len(text)
        found.append((at, end))
        at = end
    return found


def line_spans(text: str, *, is_record: Callable[[str], bool] = lambda line: True) -> list[Span]:
    """Of the lines that are records, in order, newlines included."""
    found: list[Span] = []
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        if is_record(text[at:end]):
            found.append((at, end))
        at = end
    return found
