"""Proof that a person is gone: every byte below the home is read for what names that person.

Here belong what is sought and where it is found: file and place, never the value. Files are known by
their content, not by their names; what is packed is unpacked, what is escaped is read as it is meant.
Who a person is, and what becomes of what is found, is said elsewhere. """

from __future__ import annotations

import bz2
import gzip
import html
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from urllib.parse import quote, unquote

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project import normalise
from dagster_project.lake import connect
from dagster_project.settings import PROJECT, Settings

HOME, EXPORTS, ORCHESTRATOR = "home", "exports", "orchestrator"
"""Where a hit lies: in what the platform keeps, in what was delivered, in what the orchestrator
keeps."""

NO_VALUE = "bytes that are no value"

_PIECE = 1 << 25
_OVERLAP = 1 << 10
_SHORTEST_BARE = 10
"""A vendor's id shorter than this is looked for behind its system and export only: it is a plain number
that many other things have too."""

WORDS = ("email", "phone", "record", "visitor")
"""Kinds whose values are looked for however short they are; others are vendors' plain ids."""

_ESCAPES = ["%40", "%2b", "%2d", "%5f", "%2e", "&#", "&commat;", "&plus;", "\\u00"]
"""Of what is escaped, this shows that it may hide an identifier."""

_CANNOT_HOLD = re.compile(
    r"(BOOLEAN|DATE|TIME|TIMESTAMP|TINYINT|SMALLINT|DOUBLE|FLOAT|DECIMAL|INTERVAL)\b[^\[]*"
)
"""Types of a database whose values are no identifier of anybody."""

_LONGER_THAN = 10**6 - 1
"""A whole number up to this is shorter than any identifier."""


class NothingSought(Exception):
    """What was given names nobody; the message says what does."""


@dataclass(frozen=True, order=True)
class Sought:
    """One text to look for, and what kind of identifier it is: email, phone, record or visitor."""

    kind: str
    text: str


@dataclass(frozen=True)
class Hit:
    """Somebody is named in a file: where, by which kind of identifier, and in how many different values."""

    area: str
    file: str
    place: str
    kind: str
    count: int = 1


def verify(settings: Settings, sought: Iterable[Sought]) -> list[Hit]:
    """Every place in which one of the texts stands, in the order of the files. Changes nothing."""
    needles = Needles(sought)
    if not needles.kinds:
        return []
    search = _Search(needles)
    with tempfile.TemporaryDirectory() as place:
        for area, root, path in _files(settings):
            for lot in _lots(path, path.relative_to(root).as_posix(), Path(place)):
                search.take(area, lot)
    return search.hits()


def _files(settings: Settings) -> Iterator[tuple[str, Path, Path]]:
    """Every file that may hold something: its area, that area's folder, its path."""
    roots = {HOME: settings.home, EXPORTS: settings.exports}
    if os.environ.get("DAGSTER_HOME"):
        roots[ORCHESTRATOR] = Path(os.environ["DAGSTER_HOME"]).resolve()
    for area, root in roots.items():
        others = [one for one in roots.values() if one != root and one.is_relative_to(root)]
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                if not any(path.is_relative_to(other) for other in others):
                    yield area, root, path


# What is sought ------------------------------------------------------------------------------------


def sought_by(texts: Iterable[str], *, country: str) -> set[Sought]:
    """What to look for, from e-mails, telephone numbers and record keys as a person gives them.

    Raises NothingSought where a text is none of these.
    """
    named = [(kind_of(text), text.strip().removeprefix("visitor:")) for text in texts]
    if not all(kind for kind, _ in named):
        raise NothingSought(
            "look for an e-mail address, a telephone number, a record (system:export:id) or a visitor "
            "(visitor:id); a profile id stays, retired and empty, and names nobody"
        )
    return spellings(named, country=country)


def kind_of(text: str) -> str | None:
    """The kind of identifier that a person's text is; None if it is none of those that are looked
    for."""
    text = text.strip()
    if text.startswith("visitor:"):
        return "visitor"
    if re.fullmatch(r"[^\s@]+@[^\s@]+", text):
        return "email"
    if re.fullmatch(r"[a-z0-9_]+:[a-z0-9_]+:\S+", text):
        return "record"
    digits = re.sub(r"\D", "", text)
    return "phone" if len(digits) >= 7 and not re.search("[A-Za-z]{4}", text) else None


def spellings(named: Iterable[tuple[str, str]], *, country: str) -> set[Sought]:
    """Values by their kinds, as given, as matching knows them, and as others may write them."""
    named = [(kind, value.strip()) for kind, value in named if value.strip()]
    found = {Sought(kind, value) for kind, value in named}
    found |= {Sought("email", text) for text in _as_matched([v for k, v in named if k == "email"])}
    for kind, value in named:
        if kind == "phone":
            found |= {Sought(kind, text) for text in _phone_spellings(value, country)}
        elif kind == "record" and len(bare := value.split(":", 2)[-1]) >= _SHORTEST_BARE:
            found.add(Sought(kind, bare))
    return {one for one in found if one.kind in WORDS or len(one.text) >= _SHORTEST_BARE}


def _as_matched(emails: list[str]) -> set[str]:
    """The addresses and their mailboxes in the form in which records are compared."""
    with connect(threads=1) as con:
        con.execute((PROJECT / "sql" / "functions.sql").read_text(encoding="utf-8"))
        rows = con.execute(
            "select as_email(given), mailbox(as_email(given)) from unnest($1::varchar[]) as t (given)",
            [emails],
        ).fetchall()
    return {text for row in rows for text in row if text}


def _phone_spellings(value: str, country: str) -> set[str]:
    """A number in digits with and without its country's code, and grouped as people group it. Without
    the code it is as it is dialled there: German mobile numbers less their nought look like seconds
    since 1970."""
    import phonenumbers

    e164 = normalise.phone(value, country)
    if e164 is None:
        return {re.sub(r"\D", "", value)}
    number = phonenumbers.parse(e164, None)
    code = str(number.country_code)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = re.findall(r"\d+", written)
    abroad = [groups[0].lstrip("0"), *groups[1:]]
    texts = {e164, e164[1:], f"00{e164[1:]}", written, "".join(groups)}
    for gap in (" ", "-", ".", "/"):
        texts |= {gap.join(groups), f"({groups[0]}) {gap.join(groups[1:])}"}
        texts |= {f"{sign}{code}{after}{gap.join(abroad)}" for sign in ("+", "") for after in (gap, " ")}
    return {text for text in texts if len(re.sub(r"\D", "", text)) >= 7}


class Needles:
    """What is sought, ready to be found in many texts at once, whatever the case of its letters."""

    def __init__(self, sought: Iterable[Sought]) -> None:
        self.kinds: dict[str, str] = {}
        for one in sorted(sought):
            for text in (one.text, one.text.casefold(), one.text.lower()):
                self.kinds.setdefault(text, one.kind)
        self.patterns = sorted(self.kinds)
        self._by_start: dict[str, list[str]] = {}
        for text in self.patterns:
            self._by_start.setdefault(text[:1].casefold(), []).append(text)

    def touched(self, texts: pl.Series) -> list[int]:
        """The rows that may hold something: as they stand, or once what is escaped in them is read."""
        both = [*self.patterns, *_ESCAPES]
        return texts.str.contains_any(both, ascii_case_insensitive=True).arg_true().to_list()

    def within(self, texts: Iterable[str]) -> set[str]:
        """Those that stand in some text on their own, in small letters."""
        texts = list(texts)
        return {
            needle.lower()
            for row, at, needle in self.occurrences(texts)
            if _stands_alone(texts[row], at, len(needle), self.kinds[needle])
        }

    def occurrences(self, texts: list[str]) -> Iterator[tuple[int, int, str]]:
        """(row, offset in characters, text sought), those within longer words too."""
        found = pl.Series(texts, dtype=pl.String).str.find_many(
            self.patterns, ascii_case_insensitive=True, overlapping=True
        )
        for row, (text, offsets) in enumerate(zip(texts, found.to_list())):
            data = None if text.isascii() else text.encode()
            at = read = 0
            for offset in sorted(set(offsets)):
                at += offset - read if data is None else len(data[read:offset].decode(errors="replace"))
                read = offset
                for needle in self._by_start.get(text[at : at + 1].casefold(), ()):
                    if text[at : at + len(needle)].lower() == needle.lower():
                        yield row, at, needle


def _stands_alone(text: str, at: int, length: int, kind: str) -> bool:
    """Whether what was found is no piece of something longer: of another address, of a longer number."""
    before, after = text[at - 1 : at], text[at + length : at + length + 2]
    if kind == "email":
        goes_on = after[:1].isalnum() or after[:1] in ("-", "_") and after[:1] != ""
        goes_on = goes_on or (after[:1] == "." and after[1:].isalnum())
        return not (before.isalnum() or (before and before in "._%+-") or goes_on)
    # 493 012 3456 is a number in Wisconsin, +49 30 123456 one in Berlin
    is_abroad = before == "+" and kind == "phone"
    return not (before.isalnum() or is_abroad or after[:1].isalnum())


# Where it is sought --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lot:
    """Texts of one file: the values of the column `place`, each once a batch; bytes that are no value; or,
    without a place, lines of the file itself from `line` on, of which the last may go on."""

    file: str
    place: str | None
    texts: pa.LargeStringArray
    line: int = 1
    is_last: bool = True

    def ends(self, row: int, at: int) -> bool:
        """Whether it is known how a word goes on that ends there: at the end of a piece only the next one
        can say."""
        return self.is_last or row + 1 < len(self.texts) or at + 2 < len(self.texts[row].as_py())


class _Search:
    """Lots are searched many at a time: getting ready for thousands of texts costs more than reading."""

    def __init__(self, needles: Needles) -> None:
        self.needles = needles
        self.found: Counter = Counter()
        self.known: dict[tuple, set[str]] = {}
        self._waiting: list[tuple[str, _Lot]] = []
        self._size = 0

    def take(self, area: str, lot: _Lot) -> None:
        if len(lot.texts):
            self._waiting.append((area, lot))
            self._size += lot.texts.nbytes
        if self._size >= _PIECE:
            self._look()

    def hits(self) -> list[Hit]:
        self._look()
        return [Hit(*key, count) for key, count in self.found.items()]

    def _look(self) -> None:
        """Look through all that waits."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if not waiting:
            return
        begins = list(accumulate((len(lot.texts) for _, lot in waiting), initial=0))
        texts = pl.Series(pa.chunked_array([lot.texts for _, lot in waiting]))
        rows = self.needles.touched(texts)
        held = texts.gather(rows).to_list()
        forms = list(zip(rows, held))
        for row, text in zip(rows, held):
            lot = waiting[bisect_right(begins, row) - 1][1]
            if lot.place != NO_VALUE and _is_escaped(text):
                forms.append((row, _unescaped(text)))
        noted: dict[tuple, set] = {}
        for form, at, needle in self.needles.occurrences([text for _, text in forms]):
            row, text = forms[form]
            number = bisect_right(begins, row) - 1
            (area, lot), row = waiting[number], row - begins[number]
            known = self.known.setdefault((area, lot.file), set())
            kind = self.needles.kinds[needle]
            if lot.place == NO_VALUE:
                if needle.lower() not in known:
                    noted.setdefault((area, lot.file, NO_VALUE, kind), set()).add(needle.lower())
                continue
            known.add(needle.lower())
            if lot.ends(row, at + len(needle)) and _stands_alone(text, at, len(needle), kind):
                place = lot.place or f"line {lot.line + row}"
                noted.setdefault((area, lot.file, place, kind), set()).add(text)
        self.found.update({key: len(values) for key, values in noted.items()})


def _is_escaped(text: str) -> bool:
    small = text.lower() if "%" in text or "&" in text or "\\u00" in text else ""
    return any(escape in small for escape in _ESCAPES)


def _lots(path: Path, name: str, scratch: Path) -> Iterator[_Lot]:
    """All texts of one file, its name included."""
    names = [name, name.removesuffix(Path(name).suffix)]
    yield _Lot(name, "its name", pa.array(names, pa.large_string()))
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PAR1"):
        yield from (_Lot(name, column, texts) for column, texts in _parquet_columns(path))
    elif head[8:12] == b"DUCK":
        yield from (_Lot(name, column, texts) for column, texts in _duckdb_columns(path))
        yield from _bytes_of(path, name)
    elif head.startswith(b"SQLite format 3\0"):
        yield from (_Lot(name, column, texts) for column, texts in _sqlite_columns(path))
        yield from _bytes_of(path, name)
    elif packed := _entries(path, head):
        for entry, file in packed:
            unpacked = scratch / "unpacked"
            with file, unpacked.open("wb") as target:
                shutil.copyfileobj(file, target)
            with tempfile.TemporaryDirectory(dir=scratch) as inner:
                yield from _lots(unpacked, f"{name}{entry}", Path(inner))
    else:
        yield from _lines(path, name, _encoding(path))


def _entries(path: Path, head: bytes) -> Iterable[tuple[str, object]]:
    """What a packed file holds, opened; nothing for one that is not packed, or is damaged."""
    if head.startswith(b"\x1f\x8b"):
        return [("", gzip.open(path))]
    if head.startswith(b"BZh"):
        return [("", bz2.open(path))]
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return [("", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))]
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        entries = [one for one in archive.infolist() if not one.is_dir()]
        return ((f"!{one.filename}", archive.open(one)) for one in entries)
    return ()


def _encoding(path: Path) -> str:
    """UTF-16 where every other byte is nothing, UTF-8 where it is right, else one character a byte."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 1 and zeros.count(0) > 0.8 * len(zeros):
            return encoding
    return "utf-8"


def _lines(path: Path, name: str, encoding: str) -> Iterator[_Lot]:
    """A text, or any other bytes, in pieces of whole lines; a line that is longer than a piece in pieces
    that overlap by more than the longest word."""
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        line, kept, is_last = 1, "", False
        while not is_last:
            piece = file.read(_PIECE)
            text, is_last = kept + piece, not piece
            end = len(text) if is_last else text.rfind("\n") + 1
            if not end and len(text) <= _PIECE:
                kept = text
                continue
            lines = _cut_lines(text[: end or None].encode(errors="replace"))
            yield _Lot(name, None, lines, line, is_last=bool(end))
            line += text.count("\n", 0, end)
            kept = text[end:] if end else text[-_OVERLAP:]


def _cut_lines(data: bytes) -> pa.LargeStringArray:
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    offsets = np.concatenate(([0], ends, [len(data)])).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))


_ONLY_ASCII = bytes(range(128)) + b"?" * 128


def _bytes_of(path: Path, name: str) -> Iterator[_Lot]:
    """The bytes of a database. What no value accounts for was deleted: it stays until its room is
    needed."""
    with path.open("rb") as file:
        kept = b""
        while piece := file.read(_PIECE):
            yield _Lot(name, NO_VALUE, _cut_lines((kept + piece).translate(_ONLY_ASCII)))
            kept = piece[-_OVERLAP:]


def _unescaped(text: str) -> str:
    text = re.sub(r"\\u00([2-7][0-9a-fA-F])", lambda found: chr(int(found[1], 16)), text)
    return unquote(html.unescape(text))


def _parquet_columns(path: Path) -> Iterator[tuple[str, pa.LargeStringArray]]:
    """The values of every column in every row group, each once if it is a text; what cannot hold an
    identifier is left out."""
    with pq.ParquetFile(path) as file:
        fields = [field for field in file.schema_arrow if _may_hold(field.type)]
    names = [field.name for field in fields]
    texts = [field.name for field in fields if _is_text(field.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        for group in range(file.num_row_groups):
            columns = file.read_row_group(group, columns=names, use_threads=False)
            for name, column in zip(columns.column_names, columns.columns):
                for chunk in column.chunks:
                    for leaf in _leaves(chunk):
                        yield name, _as_texts(leaf)


def _may_hold(kind: pa.DataType) -> bool:
    is_none = (pa.types.is_boolean, pa.types.is_temporal, pa.types.is_floating, pa.types.is_decimal)
    is_small = pa.types.is_integer(kind) and kind.bit_width < 32
    return not (is_small or any(test(kind) for test in is_none))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The plain values of a column, out of the lists and structs that they lie in."""
    if pa.types.is_struct(values.type):
        for field in values.flatten():
            yield from _leaves(field)
    elif pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _leaves(values.flatten())
    elif pa.types.is_map(values.type):
        yield from (leaf for part in (values.keys, values.items) for leaf in _leaves(part))
    elif _may_hold(values.type):
        yield values


def _as_texts(values: pa.Array) -> pa.LargeStringArray:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    elif pa.types.is_integer(values.type):
        values = values.filter(pc.greater(pc.abs(values), pa.scalar(_LONGER_THAN, values.type)))
    elif pa.types.is_binary(values.type):
        values = pa.array([one.decode("latin-1") for one in values.drop_null().to_pylist()])
    return values.drop_null().cast(pa.large_string())


def _duckdb_columns(path: Path) -> Iterator[tuple[str, pa.LargeStringArray]]:
    """The values of every column of every table, each once a batch, and the comments and definitions."""
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute("set threads = 2")
        said = con.sql(
            """select sql from duckdb_views() where not internal union all
            select comment from duckdb_columns() where not internal union all
            select comment from duckdb_tables() union all
            select macro_definition from duckdb_functions() where not internal"""
        ).to_arrow_table()["sql"]
        yield "the definitions", _as_texts(said.combine_chunks())
        tables = con.execute(
            """select schema_name, table_name,
                list(column_name order by column_index), list(data_type order by column_index)
            from duckdb_columns()
            inner join duckdb_tables() using (database_name, schema_name, table_name)
            group by all order by all"""
        ).fetchall()
        for schema, table, columns, kinds in tables:
            texts = [
                f'{_text_sql(column, kind)} as "{column}"'
                for column, kind in zip(columns, kinds)
                if not _CANNOT_HOLD.fullmatch(kind)
            ]
            rows = con.sql(f'select {", ".join(texts)} from "{schema}"."{table}"') if texts else None
            for batch in rows.to_arrow_reader(1 << 18) if rows else ():
                for name, values in zip(batch.schema.names, batch.columns):
                    yield f"{schema}.{table}.{name}", _as_texts(pc.unique(values))


def _text_sql(column: str, kind: str) -> str:
    text = f'"{column}"::varchar'
    if not re.fullmatch("U?(INTEGER|BIGINT|HUGEINT)", kind):
        return text
    return f'if("{column}" between -{_LONGER_THAN} and {_LONGER_THAN}, null, {text})'


def _sqlite_columns(path: Path) -> Iterator[tuple[str, pa.LargeStringArray]]:
    """Every column of every table as texts; what another process has not written out yet is read too."""
    with sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True) as con:
        con.text_factory = lambda data: data.decode("utf-8", "replace")
        names = con.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in names:
            cursor = con.execute(f'select * from "{table}"')
            columns = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            for at, column in enumerate(columns):
                texts = [_text_of(row[at]) for row in rows if row[at] is not None]
                yield f"{table}.{column}", pa.array(texts, pa.large_string())


def _text_of(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
