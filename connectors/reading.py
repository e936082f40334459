"""Reading one accepted text into one raw part, and counting what could not be used, exactly.

A part is Parquet with one row per record, in the order of the file, all text: the row at position
n is record n of the file, the unusable ones included, which a table of quarantine entries names.
The fast way is DuckDB's CSV reader, believed only if its count equals ours; else records are cut
one by one. Where a part lies, and what is made of it, is not known here.
"""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.contract import CASTS, EXPECTED, Contract, Finding, Rule
from connectors.delivery import Member
from connectors.detect import Detection, match, w3c_fields
from connectors.records import (
    LONGEST_RECORD,
    Lines,
    Uncut,
    count_csv_records,
    count_text,
    csv_records,
    find_lines,
    json_objects,
    read_lines,
)

FUNCTIONS = Path(__file__).parent.parent / "sql" / "functions.sql"

QUARANTINE = pa.schema(
    [
        ("row_number", pa.int64()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("expected", pa.string()),
        ("found", pa.string()),
        ("remedy", pa.string()),
        ("raw_text", pa.string()),
    ]
)

ERASED = "erased"
"""The reason for which a row is set aside that is a person's who was erased."""

_BATCH = 20_000
# Bytes of a log cut at once; a few such pieces are in memory.
_PIECE = 1 << 26
_LONGEST_RAW_TEXT = 100_000
# No text of ours has this character, so a line stays whole.
_NO_DELIMITER = "\x01"
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOLERANCE = timedelta(days=1)
"""So much later than its file was written may an event say it happened: clocks and time zones err."""


@dataclass(frozen=True)
class Reading:
    """What became of one text. `rows_read` = `rows_accepted` + `rows_quarantined`.

    `quarantine` has one row per violation (schema `QUARANTINE`), in order of `row_number`, which
    counts records from 1; `raw_text` only where a record could not be cut into columns. `noted`, of the
    same form, has the values that were left out of rows that stay, as `raw_text`. `period` is the first
    and last time of the records, in UTC. `is_exact` says that records were cut one by one, because the
    fast way did not give every record. `rows_erased` are those among the quarantined that are empty.
    """

    contract: Contract
    part: Path
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    quarantine: pa.Table
    noted: pa.Table
    warnings: tuple[Finding, ...]
    period: tuple[datetime, datetime] | None
    is_exact: bool
    rows_erased: int = 0


class RecordsLost(RuntimeError):
    """The part does not hold every record of its file: a defect of the reader, never bad data."""


def part_columns(contract: Contract) -> dict[str, str]:
    """The columns of a raw part, with their SQL types; a part may leave out those it has not."""
    texts = (*contract.column_names, "_extra", "_variant", "_file")
    columns = {name: "VARCHAR" for name in texts} | {"_delivered_at": "TIMESTAMP"}
    columns |= {name: "VARCHAR" for name, _ in contract.keys}
    columns |= {"_path": "VARCHAR", "_row_number": "BIGINT"} if contract.is_numbered else {}
    return columns | ({"occurred_on": "DATE"} if contract.day else {})


def load_functions(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the macros of sql/functions.sql known to a connection."""
    con.execute(FUNCTIONS.read_text(encoding="utf-8"))


def _ensure_functions(con: duckdb.DuckDBPyConnection) -> None:
    try:
        con.execute("select shape('')").fetchall()
    except duckdb.CatalogException:
        load_functions(con)


Erased = Callable[[Contract, Path, pa.Table], Sequence[int]]
"""Which rows of a part, from 1, nobody may keep; the table is its quarantine, which holds texts."""


def read(
    member: Member,
    detection: Detection,
    *,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    erased: Erased | None = None,
) -> Reading:
    """Writes the raw part of a text that `detection` accepted, and says what it holds.

    The rows that `erased` names are left empty. `con` needs to keep the order of rows (DuckDB's
    default). Scratch files are made beside the member's content and removed. OSError and duckdb's errors are of the machine: a full disk, too
    little memory; data is never a reason to raise.
    """
    if detection.contract is None or member.content is None:
        raise ValueError("only what was accepted can be read")
    if not con.execute("select current_setting('preserve_insertion_order')").fetchall()[0][0]:
        raise ValueError("the connection does not keep the order of rows")
    _ensure_functions(con)
    write = _WRITERS[detection.contract.format]
    with _scratch(member.content) as scratch:
        written = write(member, detection, part, con, scratch)
    found = _checked(detection.contract, written, part, con, until=_latest(member))
    rows = erased(found.contract, part, found.quarantine) if erased else ()
    return _without(found, rows) if rows else found


def _without(found: Reading, rows: Sequence[int]) -> Reading:
    """The reading once these rows were struck out."""
    quarantine, noted = strike_out(found.part, found.quarantine, found.noted, rows)
    aside = len(quarantine["row_number"].unique())
    return replace(
        found,
        quarantine=quarantine,
        noted=noted,
        rows_accepted=found.rows_read - aside,
        rows_quarantined=aside,
        rows_erased=len(rows),
    )


def strike_out(
    part: Path, quarantine: pa.Table, noted: pa.Table, rows: Sequence[int]
) -> tuple[pa.Table, pa.Table]:
    """Write a part again with nothing in these rows, which keep their place and are set aside.

    Returns what is said of the part then: of such a row, that it was erased.
    """
    gone = np.zeros(pq.read_metadata(part).num_rows, bool)
    gone[np.asarray(rows) - 1] = True
    staged = part.with_name(f"{part.name}.struck")
    schema = pa.schema([field.with_nullable(True) for field in pq.read_schema(part)])
    with (
        pq.ParquetFile(part) as source,
        pq.ParquetWriter(
            staged, schema, compression="zstd", compression_level=1, store_schema=False
        ) as writer,
    ):
        at = 0
        for number in range(source.num_row_groups):
            group = source.read_row_group(number).cast(schema)
            if (mask := gone[at : at + group.num_rows]).any():
                empty = pa.array(mask)
                group = pa.table(
                    [
                        pc.if_else(empty, pa.scalar(None, column.type), column)
                        for column in group.columns
                    ],
                    schema=schema,
                )
            writer.write_table(group)
            at += group.num_rows
    staged.replace(part)
    struck = pa.array(rows, pa.int64())
    said = {"reason": ERASED, "expected": "", "found": "a person who was erased"}
    entries = pa.Table.from_pylist(
        [{"row_number": row, **said, "remedy": "nothing is to be done"} for row in rows], QUARANTINE
    )
    left = [
        table.filter(pc.invert(pc.is_in(table["row_number"], value_set=struck)))
        for table in (quarantine, noted)
    ]
    aside = pa.concat_tables([left[0], entries]).sort_by([("row_number", "ascending")])
    return aside.combine_chunks(), left[1].combine_chunks()


def _latest(member: Member) -> datetime:
    """The last moment of which an event in a file can speak."""
    return max(member.delivered_at, member.modified_at).replace(tzinfo=None) + _TOLERANCE


def _in_future(contract: Contract, until: datetime) -> Rule:
    """What an event's time must not be."""
    names = (one.name for one in contract.columns if one.name in contract.time and one.required)
    return Rule(
        max(names, key=len),
        f"({contract.time}) > timestamp '{until.isoformat(sep=' ')}'",
        "time in the future",
        "a time before the file was delivered, or a day after it at most",
        "look at the clock, and at the time zone, of what wrote it",
        found="'a later time'",
    )


@dataclass(frozen=True)
class _Written:
    """A part as written: its columns that have something, its rows, the records not cut."""

    columns: frozenset[str]
    rows: int
    uncut: dict[int, Uncut]
    is_exact: bool
    known: "_Known | None" = None


@dataclass(frozen=True)
class _Known:
    """What was found already while a part was written: broken rules, and the period."""

    quarantine: list[pa.Table]
    period: tuple[datetime, datetime] | None


@contextmanager
def _scratch(content: Path) -> Iterator[Callable[[str], Path]]:
    """Gives names for files beside the content; the files are gone afterwards."""
    made: list[Path] = []

    def name(suffix: str) -> Path:
        made.append(content.with_name(f"{content.name}.{suffix}"))
        return made[-1]

    try:
        yield name
    finally:
        for path in made:
            path.unlink(missing_ok=True)


# --- CSV ------------------------------------------------------------------------------------------


def _write_csv(
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    scratch: Callable[[str], Path],
) -> _Written:
    width = len(detection.headers)
    cells = [f"c{at}" for at in range(width)]
    columns = frozenset(detection.columns)
    if not member.has_nul and not member.must_decode:
        source, values = _csv_source(member.content, cells, detection)
        with ThreadPoolExecutor(1) as beside:
            expected = beside.submit(count_csv_records, member.content, quote=detection.quote)
            rows = _try(_copy, source, values, cells, member, detection, part, con)
        if rows is not None and expected.result() == rows + 1:
            return _Written(columns, rows, {}, is_exact=False)
    uncut: dict[int, Uncut] = {}
    records = csv_records(
        member.content,
        encoding=_python_encoding(member),
        delimiter=detection.delimiter,
        quote=detection.quote,
        width=width,
    )
    is_suspect = member.has_nul or member.must_decode is not None
    path = scratch("cells")
    cut = _write_cells(path, cells, _clean(records, uncut, is_suspect))
    source = "read_parquet($cells, hive_partitioning = false)"
    rows = _copy(source, {"cells": str(path)}, cells, member, detection, part, con)
    if rows != cut:
        raise RecordsLost(f"{rows} of {cut} records in the part")
    return _Written(columns, rows, uncut, is_exact=True)


def _python_encoding(member: Member) -> str:
    if member.must_decode == "cp1252":
        return "cp1252"
    return "utf-8-sig"


def _csv_source(
    content: Path, cells: Sequence[str], detection: Detection
) -> tuple[str, dict[str, object]]:
    """DuckDB's CSV reader as a relation of text columns, with every guess switched off."""
    columns = ", ".join(f"'{cell}': 'VARCHAR'" for cell in cells)
    source = f"""read_csv(
        $content, columns = {{{columns}}}, auto_detect = false, header = true,
        delim = $delimiter, quote = $quote, escape = $escape, compression = 'none',
        strict_mode = true, allow_quoted_nulls = false, max_line_size = {LONGEST_RECORD},
        hive_partitioning = false
    )"""
    values = {
        "content": str(content),
        "delimiter": detection.delimiter,
        "quote": detection.quote,
        "escape": detection.quote,
    }
    return source, values


def _try(copy: Callable[..., int], *arguments: object) -> int | None:
    """Rows copied, or None if DuckDB refused the text. Its message holds cells: it is dropped."""
    try:
        return copy(*arguments)
    except duckdb.InvalidInputException:
        return None


def _copy(
    source: str,
    values: dict[str, object],
    cells: Sequence[str],
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
) -> int:
    contract = detection.contract
    texts = []
    for column in contract.columns:
        at = detection.columns.get(column.name)
        cell = "cast(null as varchar)" if at is None else cells[at]
        texts.append(f"{_guarded(cell, column.guarded)} as \"{column.name}\"")
    extra, keys = _extra([(cells[at], header) for at, header in detection.extra])
    absent = [name for name in contract.column_names if name not in detection.columns]
    if not detection.extra:
        absent.append("_extra")
    return _copy_texts(
        source, {**values, **keys}, texts, extra, member, detection, part, con, absent=absent
    )


def _guarded(cell: str, is_guarded: bool) -> str:
    return f"as_unguarded({cell})" if is_guarded else cell


def _extra(columns: Sequence[tuple[str, str]]) -> tuple[str, dict[str, object]]:
    """SQL for the JSON object of the filled cells that the contract does not know, and its keys."""
    keys: dict[str, object] = {}
    pairs = []
    seen: dict[str, int] = {}
    for number, (cell, header) in enumerate(columns, start=1):
        label = header or f"column_{number}"
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            label = f"{label}_{seen[label]}"
        keys[f"key{number}"] = json.dumps(label, ensure_ascii=False) + ":"
        pairs.append(f"case when {cell} <> '' then $key{number} || to_json({cell}) end")
    if not pairs:
        return "cast(null as varchar)", {}
    return f"'{{' || nullif(concat_ws(',', {', '.join(pairs)}), '') || '}}'", keys


def _copy_texts(
    source: str,
    values: dict[str, object],
    texts: Sequence[str],
    extra: str,
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    *,
    absent: Sequence[str] = (),
) -> int:
    """Writes a part from the SQL of its columns, and returns how many rows it wrote.

    `absent` are columns that the text has not: they are not written, since empty columns too cost
    their time. Whoever reads the part takes them to be NULL.
    """
    contract = detection.contract
    left_out = ", ".join(f'"{name}"' for name in absent)
    made = [*contract.keys]
    if contract.is_numbered:
        made += [("_path", "cast($path as varchar)"), ("_row_number", "row_number() over ()")]
        values = {**values, "path": member.path}
    made += [("occurred_on", contract.day)] if contract.day else []
    further = "".join(f', {sql} as "{name}"' for name, sql in made)
    copied = con.execute(
        f"""
        copy (
            select * {f"exclude ({left_out})" if left_out else ""}{further}
            from (
                select
                    {", ".join(texts)},
                    {extra} as _extra,
                    cast($variant as varchar) as _variant,
                    cast($file as varchar) as _file,
                    cast($delivered_at as timestamp) as _delivered_at
                from {source}
            )
        ) to $part (format parquet, compression zstd, compression_level 1)
        """,
        {
            **values,
            "variant": detection.variant,
            "file": member.sha256[:16],
            "delivered_at": member.delivered_at.replace(tzinfo=None),
            "part": str(part),
        },
    )
    return copied.fetchall()[0][0]


def _clean(
    records: Iterable[list[str | None] | Uncut], uncut: dict[int, Uncut], is_suspect: bool
) -> Iterator[list[str | None] | None]:
    """Records without cells that no table can hold; None for those not cut, kept in `uncut`."""
    for number, record in enumerate(records, start=1):
        if isinstance(record, Uncut):
            uncut[number] = record
            yield None
        elif is_suspect and (unusable := _unusable(record)):
            uncut[number] = unusable
            yield None
        else:
            yield record


def _unusable(record: Sequence[str | None]) -> Uncut | None:
    text = "".join(cell for cell in record if cell)
    if "\0" in text:
        return Uncut(
            "NUL bytes",
            expected="text",
            found="NUL bytes within the record",
            remedy="have the file exported again; its disk or transfer may be at fault",
            text="",
        )
    if _SURROGATE.search(text):
        return Uncut(
            "undecodable bytes",
            expected="one encoding throughout",
            found="bytes of another",
            remedy="have the source export in UTF-8",
            text="",
        )
    return None


def _write_cells(
    to: Path, cells: Sequence[str], records: Iterable[list[str | None] | None]
) -> int:
    """Writes cut records as text columns; a record that is None gives a row of nulls."""
    schema = pa.schema([(cell, pa.string()) for cell in cells])
    nothing = [None] * len(cells)
    rows = 0
    with pq.ParquetWriter(to, schema, compression="zstd") as writer:
        for batch in _batches(records):
            rows += len(batch)
            columns = zip(*(nothing if record is None else record for record in batch))
            arrays = [pa.array(column, pa.string()) for column in columns]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return rows


def _batches(records: Iterable[list[str | None] | None]) -> Iterator[list]:
    batch: list[list[str | None] | None] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


# --- JSON -----------------------------------------------------------------------------------------


def _write_json(
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    scratch: Callable[[str], Path],
) -> _Written:
    content, lines = member.content, None
    uncut: dict[int, Uncut] = {}
    is_plain = not (member.must_decode or member.has_nul or member.has_bom)
    if is_plain and not detection.is_json_lines:
        rows = _copy_json_array(member, detection, part, con)
        if rows is not None:
            return _Written(frozenset(detection.contract.column_names), rows, {}, is_exact=False)
    if is_plain and detection.is_json_lines and not member.has_carriage_returns:
        lines = find_lines(content)
        lengths = lines.ends - lines.starts
        if len(lines) and (lengths.min() == 0 or lengths.max() > LONGEST_RECORD):
            lines = None
    is_exact = lines is None
    if is_exact:
        content = scratch("lines")
        uncut = _write_json_lines(member, content)
        lines = find_lines(content)
    contract = detection.contract
    rows = _try(
        _copy_objects,
        f"""(
            select case when json_valid(line) and json_type(line) = 'OBJECT'
                then cast(line as json) end as object
            from {_line_source}
        )""",
        {"content": str(content), "delimiter": _NO_DELIMITER},
        member,
        detection,
        part,
        con,
    )
    if rows != len(lines):
        if not is_exact:
            exact = replace(detection, is_json_lines=False)
            return _write_json(member, exact, part, con, scratch)
        raise RecordsLost(f"{rows} of {len(lines)} records in the part")
    if not is_exact:
        uncut = _broken_json(content, lines, part, contract, con)
    return _Written(frozenset(contract.column_names), rows, uncut, is_exact)


def _copy_objects(
    source: str,
    values: dict[str, object],
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
) -> int:
    """A part from a relation whose column `object` is the record."""
    columns = detection.contract.columns
    spelt = [(header, one.name) for one in columns for header in (one.header, *one.aliases)]
    known = json.dumps({header: None for header, _ in spelt})
    # All at once, so that the record is parsed once and not for each column.
    paths = ", ".join(f"'$.\"{header}\"'" for header, _ in spelt)
    cells: dict[str, list[str]] = {}
    for at, (_, name) in enumerate(spelt, start=1):
        cells.setdefault(name, []).append(f"cells[{at}]")
    return _copy_texts(
        f"(select object, json_extract_string(object, [{paths}]) as cells from {source})",
        {**values, "known": known},
        [f"coalesce({', '.join(of)}) as \"{name}\"" for name, of in cells.items()],
        "nullif(cast(json_merge_patch(object, cast($known as json)) as varchar), '{}')",
        member,
        detection,
        part,
        con,
    )


def _copy_json_array(
    member: Member, detection: Detection, part: Path, con: duckdb.DuckDBPyConnection
) -> int | None:
    """Rows copied of a text that is one array of objects; None if that is in any doubt.

    The count is DuckDB's own. It is believed where every row has the record's key, and the file
    names that key as often as there are rows: then there is no record besides.
    """
    (key, *others) = detection.contract.key
    if others or not _is_one_array(member.content):
        return None
    rows = _try(
        _copy_objects,
        f"""(
            select json as object
            from read_json_objects(
                $content, format = 'array', maximum_object_size = {LONGEST_RECORD},
                compression = 'none', hive_partitioning = false
            )
        )""",
        {"content": str(member.content)},
        member,
        detection,
        part,
        con,
    )
    if rows is None:
        return None
    (filled,) = con.execute(
        f"select count(\"{key}\") from read_parquet($part, hive_partitioning = false)",
        {"part": str(part)},
    ).fetchall()[0]
    header = detection.contract.column(key).header
    return rows if rows == filled == count_text(member.content, f'"{header}"') else None


def _is_one_array(content: Path) -> bool:
    with content.open("rb") as file:
        start = file.read(1 << 16).lstrip()
        file.seek(max(file.seek(0, os.SEEK_END) - (1 << 16), 0))
        return start.startswith(b"[") and file.read().rstrip().endswith(b"]")


_line_source = f"""read_csv(
    $content, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false,
    delim = $delimiter, quote = '', escape = '', compression = 'none', strict_mode = true,
    max_line_size = {LONGEST_RECORD + 1}, hive_partitioning = false
)"""


def _write_json_lines(member: Member, to: Path) -> dict[int, Uncut]:
    """One object a line; what is none gets a line of its own that holds nothing."""
    uncut: dict[int, Uncut] = {}
    with to.open("w", encoding="utf-8", newline="\n") as file:
        encoding = member.must_decode or "utf-8"
        for number, one in enumerate(json_objects(member.content, encoding=encoding), start=1):
            if not isinstance(one, Uncut) and len(one) > LONGEST_RECORD:
                one = Uncut(
                    "record too long",
                    expected=f"at most {LONGEST_RECORD} characters",
                    found="more",
                    remedy="look for two files written into one",
                    text=one,
                )
            if not isinstance(one, Uncut):
                one = _unusable([one]) or one
            if isinstance(one, Uncut):
                uncut[number] = one
                one = "null"
            file.write(one.replace("\r", " ") + "\n")
    return uncut


def _broken_json(
    content: Path, lines: Lines, part: Path, contract: Contract, con: duckdb.DuckDBPyConnection
) -> dict[int, Uncut]:
    """The lines that are no objects: of those without any required value, one looks closer."""
    empty = " and ".join(f'"{name}" is null' for name in contract.required)
    found = con.execute(
        f"select file_row_number from read_parquet($part, file_row_number = true) where {empty}",
        {"part": str(part)},
    ).fetchall()
    uncut = {}
    for number, line in read_lines(content, lines, [row for (row,) in found]):
        text = line.decode("utf-8", "replace")
        pieces = list(_objects_of(text))
        if len(pieces) != 1 or isinstance(pieces[0], Uncut):
            uncut[number + 1] = Uncut(
                "not a JSON object",
                expected="an object",
                found="a line that does not parse as one",
                remedy="look for a file cut off or written by two programs at once",
                text=text,
            )
    return uncut


def _objects_of(text: str) -> Iterator[object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        yield value


# --- logs of web servers --------------------------------------------------------------------------

@dataclass(frozen=True)
class _Shape:
    """The columns of an access log's variant."""

    variant: str

    @property
    def has_vhost(self) -> bool:
        return self.variant.startswith("vhost_")

    @property
    def quoted(self) -> tuple[str, ...]:
        names = ("referer", "user_agent") if "combined" in self.variant else ()
        return (*names, "cookie") if self.variant.endswith("cookie") else names

    @property
    def names(self) -> tuple[str, ...]:
        """Fields as a space cuts them: the time is two."""
        vhost = ("vhost",) if self.has_vhost else ()
        return (
            *vhost,
            *("remote_host", "ident", "remote_user", "time_from", "time_to"),
            *("request", "status", "bytes"),
            *self.quoted,
        )

    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """Regular expressions for what does not fit, the stricter first."""
        vhost = r'(?P<vhost>[^\s"\[]+) ' if self.has_vhost else ""
        head = (
            rf"{vhost}(?P<remote_host>\S+) (?P<ident>\S+) (?P<remote_user>.*?)"
            r" \[(?P<time_from>[^\]\s]+) (?P<time_to>[^\]]+)\]"
        )
        strict = "".join(rf' "(?P<{name}>(?:[^"\\]|\\.)*)"' for name in self.quoted)
        lenient = "".join(rf' "(?P<{name}>.*?)"' for name in self.quoted)
        numbers = r"(?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-)"
        return (
            re.compile(rf'{head} "(?P<request>(?:[^"\\]|\\.)*)" {numbers}{strict}\s*'),
            re.compile(rf'{head} "(?P<request>.*?)" {numbers}{lenient}\s*'),
        )


_OTHER_ESCAPE = re.compile(rb'\\[^"]')
_VARIANTS = (
    "combined",
    "common",
    "combined_cookie",
    "common_cookie",
    "vhost_combined",
    "vhost_common",
    "vhost_combined_cookie",
    "vhost_common_cookie",
)


def _write_access(
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    scratch: Callable[[str], Path],
) -> _Written:
    """A line is a record, a blank one too, so that positions are line numbers.

    The log is read in pieces: while one is written, DuckDB cuts the next into columns. A line that
    it rejects, or cuts otherwise than it is meant, is cut by a regular expression, or set aside.
    """
    contract, shape = detection.contract, _Shape(detection.variant)
    quarantine: list[pa.Table] = []
    times: list[datetime] = []
    uncut: dict[int, Uncut] = {}
    rows = 0
    is_exact = False
    columns = frozenset({*shape.names, "time_text"} - {"time_from", "time_to"})
    rules = _rules(contract, columns)
    schema = _log_schema(contract)

    def cut(piece: bytes, file: Path) -> _Cut:
        with con.cursor() as beside:
            return _cut_piece(piece, file, shape, member, beside)

    with (
        pq.ParquetWriter(
            part, schema, compression="zstd", compression_level=1, store_schema=False
        ) as writer,
        ThreadPoolExecutor(1) as beside,
    ):
        files = itertools.cycle((scratch("even"), scratch("odd")))
        following: Future[_Cut] | None = None
        for piece in itertools.chain(_log_pieces(member), (None,)):
            waiting = following.result() if following else None
            following = beside.submit(cut, piece, next(files)) if piece is not None else None
            if waiting is None:
                continue
            texts, moments = _with_moments(waiting.texts, con)
            broken = [_broken_values(texts[rule.column], rule, con) for rule in rules]
            for rule, found in zip(rules, broken):
                entries = _log_entries(rule, found, waiting.uncut, rows)
                quarantine += [entries] if entries.num_rows else []
            late = _late_entries(contract, moments, _latest(member), rows)
            quarantine += [late] if late.num_rows else []
            times += [one for one in pc.min_max(moments).as_py().values() if one is not None]
            uncut |= {rows + number: one for number, one in waiting.uncut.items()}
            writer.write_table(_log_part(texts, moments, schema, member, detection))
            is_exact |= waiting.is_exact
            rows += texts.num_rows
    period = (min(times), max(times)) if times else None
    return _Written(columns, rows, uncut, is_exact, _Known(quarantine, period))


@dataclass(frozen=True)
class _Cut:
    """A piece of a log: one row per line, nulls in those of `uncut`, by their number from 1."""

    texts: pa.Table
    uncut: dict[int, Uncut]
    is_exact: bool


def _log_pieces(member: Member) -> Iterator[bytes]:
    """The log in pieces of whole lines, without returns."""
    with member.content.open("rb") as file:
        at = 3 if member.has_bom else 0
        while size := _whole_lines(file, at):
            file.seek(at)
            piece = file.read(size)
            at += size
            if not piece.endswith(b"\n"):
                piece += b"\n"
            yield _without_returns(piece, member)


def _whole_lines(file: BinaryIO, at: int) -> int:
    """How many bytes from `at` on make up about a piece, and end with a line or the file."""
    end = at + _PIECE
    file.seek(end)
    while chunk := file.read(1 << 16):
        newline = chunk.find(b"\n")
        if newline >= 0:
            return end + newline + 1 - at
        end += len(chunk)
    return max(file.seek(0, os.SEEK_END) - at, 0)


def _without_returns(piece: bytes, member: Member) -> bytes:
    if member.has_carriage_returns:
        piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\\r")
    return piece


def _cut_piece(
    piece: bytes, file: Path, shape: _Shape, member: Member, con: duckdb.DuckDBPyConnection
) -> _Cut:
    if not (member.must_decode or member.has_nul):
        _overwrite(file, piece)
        found = _cut_fast(piece, file, shape, member, con)
        if found:
            return found
    lines = piece.split(b"\n")[:-1]
    return _spliced(_no_texts(shape), dict(enumerate(lines)), shape, member)


def _overwrite(file: Path, content: bytes) -> None:
    """In place: the pages of the piece before are used again, which a new file would not do."""
    with file.open("r+b" if file.exists() else "wb") as target:
        target.write(content)
        target.truncate()


def _cut_fast(
    piece: bytes, file: Path, shape: _Shape, member: Member, con: duckdb.DuckDBPyConnection
) -> _Cut | None:
    """The piece cut by DuckDB; None if that does not account for every line.

    DuckDB says where it met lines that do not fit; with a quote left open, they may be several at
    once. Every row ends with a line, so if rows and lines not cut make up all, no row holds two.
    """
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in shape.names)
    source = f"""read_csv(
        $content, columns = {{{columns}}}, auto_detect = false, header = false, delim = ' ',
        quote = '"', escape = '\\', compression = 'none', strict_mode = true,
        allow_quoted_nulls = false, max_line_size = {LONGEST_RECORD}, hive_partitioning = false,
        store_rejects = true, rejects_table = 'log_rejects', rejects_scan = 'log_scans'
    )"""
    try:
        texts = con.sql(f"from {source}", params={"content": str(file)}).to_arrow_table()
        rejects = con.execute(
            "select distinct line_byte_position, csv_line from log_rejects order by all"
        ).fetchall()
        con.execute("drop table log_rejects; drop table log_scans")
    except duckdb.InvalidInputException:
        return None
    odd: dict[int, bytes] = {}
    line, at = 0, 0
    for position, text in rejects:
        # Where DuckDB says it was must be the beginning of a line, and the text must be there.
        start, raw = position - 1, text.encode()
        if not piece.startswith(raw, start) or piece[max(start - 1, 0) : start] not in (b"", b"\n"):
            return None
        line += piece.count(b"\n", at, start)
        at = start
        odd.update(enumerate(raw.removesuffix(b"\n").split(b"\n"), start=line))
    total = int(np.count_nonzero(np.frombuffer(piece, np.uint8) == ord("\n")))
    if texts.num_rows + len(odd) != total and (piece.startswith(b"\n") or b"\n\n" in piece):
        odd |= {number: b"" for number in np.flatnonzero(_line_lengths(piece) == 0).tolist()}
    if texts.num_rows + len(odd) != total:
        return None
    misread = _misread(texts)
    # DuckDB takes the backslash off everything; a log means it before a quote only.
    escapes = [found.start() for found in _OTHER_ESCAPE.finditer(piece)]
    if escapes or misread.any():
        ends = np.cumsum(_line_lengths(piece) + 1) - 1
        cut = np.delete(np.arange(total), list(odd))
        misread |= np.isin(cut, np.searchsorted(ends, escapes))
        for number in cut[misread].tolist():
            begin = int(ends[number - 1]) + 1 if number else 0
            odd[number] = piece[begin : int(ends[number])]
        texts = texts.filter(pa.array(~misread))
    return _spliced(texts, odd, shape, member)


def _line_lengths(piece: bytes) -> np.ndarray:
    ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))
    return np.diff(ends, prepend=-1) - 1


def _misread(texts: pa.Table) -> np.ndarray:
    """Rows whose time is not where it ought to be: a line with other fields, but as many."""
    in_brackets = [
        _of_distinct(texts[name], lambda values, test=test: test(values, pattern=bracket))
        for name, test, bracket in (
            ("time_from", pc.starts_with, "["),
            ("time_to", pc.ends_with, "]"),
        )
    ]
    return ~np.asarray(pc.fill_null(pc.and_(*in_brackets), False))


def _of_distinct(column: pa.ChunkedArray, make: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """What `make` makes of a column, worked out once for each value that it has."""
    encoded = column.combine_chunks().dictionary_encode()
    return make(encoded.dictionary).take(encoded.indices)


def _no_texts(shape: _Shape) -> pa.Table:
    return pa.schema([(name, pa.string()) for name in shape.names]).empty_table()


def _spliced(texts: pa.Table, odd: dict[int, bytes], shape: _Shape, member: Member) -> _Cut:
    """Rows with those of the odd lines among them, each at its line's place."""
    if not odd:
        return _Cut(texts, {}, is_exact=False)
    uncut: dict[int, Uncut] = {}
    read = []
    for number in sorted(odd):
        fields = _fields(odd[number], shape, member)
        if isinstance(fields, Uncut):
            uncut[number + 1] = fields
            read.append(dict.fromkeys(shape.names))
        else:
            brackets = {
                "time_from": f"[{fields['time_from']}", "time_to": f"{fields['time_to']}]"
            }
            read.append({name: fields.get(name, "-") for name in shape.names} | brackets)
    among = pa.Table.from_pylist(read, schema=texts.schema)
    tables, taken, at = [], 0, 0
    for place, number in enumerate(sorted(odd)):
        if number > at:
            tables.append(texts.slice(taken, number - at))
            taken += number - at
        tables.append(among.slice(place, 1))
        at = number + 1
    tables.append(texts.slice(taken))
    return _Cut(pa.concat_tables(tables), uncut, is_exact=True)


def _with_moments(texts: pa.Table, con: duckdb.DuckDBPyConnection) -> tuple[pa.Table, pa.Array]:
    """The columns with the time as one text, each text once, and the moments in UTC."""
    starts = texts["time_from"].combine_chunks().dictionary_encode()
    ends = texts["time_to"].combine_chunks().dictionary_encode()
    if len(ends.dictionary) == 1 and not ends.null_count == len(ends):
        # Nearly every log has one offset to UTC: the text is made once for each second.
        distinct = _time_texts(starts.dictionary, ends.dictionary[0])
        times = pa.DictionaryArray.from_arrays(starts.indices, distinct)
    else:
        times = _time_texts(starts.cast(pa.string()), ends.cast(pa.string())).dictionary_encode()
    values = pa.table({"cell": times.dictionary})
    found = con.from_arrow(values).project("as_utc(cell) as moment").to_arrow_table()
    moments = found["moment"].combine_chunks().take(times.indices)
    status = texts["status"].combine_chunks().dictionary_encode()
    texts = texts.set_column(texts.schema.get_field_index("status"), "status", status)
    return texts.append_column("time_text", times), moments


def _time_texts(starts: pa.Array, ends: pa.Array | pa.Scalar) -> pa.Array:
    ends = pc.utf8_replace_slice(ends, start=-1, stop=2**31 - 1, replacement="")
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(starts, 1), ends, " ")


@dataclass(frozen=True)
class _Broken:
    """Rows from 0 whose cell breaks a rule, and what was found in them."""

    rows: np.ndarray
    found: list[str]


def _broken_values(
    column: pa.ChunkedArray, rule: Rule, con: duckdb.DuckDBPyConnection
) -> _Broken:
    cells = column.combine_chunks()
    values = pa.table({rule.column: cells.dictionary})
    judged = con.from_arrow(values).project(
        f"({rule.broken}) is true as broken, {rule.found} as found"
    ).to_arrow_table()
    is_broken = np.asarray(judged["broken"])
    if not is_broken.any():
        return _Broken(np.empty(0, np.int64), [])
    codes = np.asarray(pc.fill_null(cells.indices, -1))
    rows = np.flatnonzero(np.append(is_broken, False)[codes])
    shapes = judged["found"].to_pylist()
    return _Broken(rows, [shapes[code] for code in codes[rows].tolist()])


def _log_entries(
    rule: Rule, broken: _Broken, uncut: dict[int, Uncut], before: int
) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "row_number": before + row + 1,
                "column_name": rule.column,
                "reason": rule.reason,
                "expected": rule.expected,
                "found": found,
                "remedy": rule.remedy,
            }
            for row, found in zip(broken.rows.tolist(), broken.found)
            if row + 1 not in uncut
        ],
        schema=QUARANTINE,
    )


def _late_entries(
    contract: Contract, moments: pa.Array, until: datetime, before: int
) -> pa.Table:
    """What is said of the lines of a piece that happened after they were written."""
    rows = np.flatnonzero(pc.fill_null(pc.greater(moments, pa.scalar(until, moments.type)), False))
    rule = _in_future(contract, until)
    return _log_entries(rule, _Broken(rows, ["a later time"] * len(rows)), {}, before)


_ONE_TEXT = pa.dictionary(pa.int32(), pa.string())


def _log_schema(contract: Contract) -> pa.Schema:
    """Columns of a log's part; those with few different texts are written as such."""
    kinds = {"VARCHAR": pa.string(), "TIMESTAMP": pa.timestamp("us"), "DATE": pa.date32()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in part_columns(contract).items()])
    for name in ("time_text", "status", "_variant", "_file"):
        schema = schema.set(schema.get_field_index(name), pa.field(name, _ONE_TEXT))
    return schema


def _log_part(
    texts: pa.Table, moments: pa.Array, schema: pa.Schema, member: Member, detection: Detection
) -> pa.Table:
    rows = texts.num_rows
    first = pa.array(np.zeros(rows, np.int32))
    made = {
        "_variant": pa.DictionaryArray.from_arrays(first, [detection.variant]),
        "_file": pa.DictionaryArray.from_arrays(first, [member.sha256[:16]]),
        "_delivered_at": pa.repeat(
            pa.scalar(member.delivered_at.replace(tzinfo=None), pa.timestamp("us")), rows
        ),
        "occurred_on": moments.cast(pa.date32(), safe=False),
    }
    return pa.table(
        [
            texts[field.name]
            if field.name in texts.column_names
            else made.get(field.name, pa.nulls(rows, field.type))
            for field in schema
        ],
        schema=schema,
    )


def _fields(line: bytes, shape: _Shape, member: Member) -> dict[str, str] | Uncut:
    if len(line) > LONGEST_RECORD:
        return _bad_line("record too long", f"at most {LONGEST_RECORD} bytes", "more", line)
    if b"\0" in line:
        return _bad_line("NUL bytes", "text", "NUL bytes within the line", line)
    try:
        text = line.decode(member.must_decode or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return _bad_line("undecodable bytes", "one encoding throughout", "bytes of another", line)
    if not text.strip():
        return _bad_line("empty line", "a request", "nothing", line)
    others = [_Shape(one) for one in _VARIANTS if one != shape.variant]
    strict, lenient = shape.patterns()
    for pattern in (strict, *(other.patterns()[0] for other in others), lenient):
        found = pattern.fullmatch(text)
        if found:
            return {name: _unescaped(value) for name, value in found.groupdict().items()}
    return _bad_line("not a log line", shape.variant.replace("_", " "), "another shape", line)


def _bad_line(reason: str, expected: str, found: str, line: bytes) -> Uncut:
    return Uncut(
        reason,
        expected=expected,
        found=found,
        remedy="look for a log cut off, or written by two programs at once",
        text=line[:_LONGEST_RAW_TEXT].decode("utf-8", "replace").replace("\0", ""),
    )


def _unescaped(value: str) -> str:
    """As DuckDB reads it: a quote or backslash loses the backslash before it, nothing else does."""
    return re.sub(r'\\(["\\])', r"\1", value)


def _write_w3c(
    member: Member,
    detection: Detection,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    scratch: Callable[[str], Path],
) -> _Written:
    """Lines that begin with # are directives, not records; blank lines are none either."""
    uncut: dict[int, Uncut] = {}
    fields = _all_fields(member)
    if fields != detection.headers:
        found = match(detection.contract, fields)
        detection = replace(
            detection, headers=fields, columns=found.columns, extra=found.extra
        )
    cells = [f"c{at}" for at in range(len(fields))]
    records = _w3c_records(member, detection)
    is_suspect = member.has_nul or member.must_decode is not None
    path = scratch("cells")
    cut = _write_cells(path, cells, _clean(records, uncut, is_suspect))
    source = "read_parquet($cells, hive_partitioning = false)"
    rows = _copy(source, {"cells": str(path)}, cells, member, detection, part, con)
    if rows != cut:
        raise RecordsLost(f"{rows} of {cut} records in the part")
    return _Written(frozenset(detection.columns), rows, uncut, is_exact=True)


def _w3c_lines(member: Member) -> Iterator[str]:
    with member.content.open(
        encoding=_python_encoding(member), errors="surrogateescape", newline="\n"
    ) as file:
        for line in file:
            yield line.rstrip("\r\n")


def _all_fields(member: Member) -> tuple[str, ...]:
    """Every name of every `#Fields:` line, in order of appearance: they may change on the way."""
    names: dict[str, None] = {}
    for line in _w3c_lines(member):
        if line.startswith("#Fields:"):
            names.update(dict.fromkeys(w3c_fields(line)))
    return tuple(names)


def _w3c_records(member: Member, detection: Detection) -> Iterator[list[str | None] | Uncut]:
    places: list[int] = []
    width = len(detection.headers)
    for line in _w3c_lines(member):
        if line.startswith("#Fields:"):
            places = [detection.headers.index(name) for name in w3c_fields(line)]
        if line.startswith("#") or not line.strip():
            continue
        values = line.split(detection.delimiter) if len(line) <= LONGEST_RECORD else []
        if len(values) != len(places):
            yield Uncut(
                "wrong number of fields",
                expected=f"{len(places)} fields",
                found=f"{len(values)} fields" if values else "a line too long",
                remedy="look for a log cut off",
                text=line,
            )
            continue
        record: list[str | None] = [None] * width
        for place, value in zip(places, values):
            record[place] = value
        yield record


_WRITERS = {
    "csv": _write_csv,
    "json": _write_json,
    "access_log": _write_access,
    "w3c_log": _write_w3c,
}


# --- checks ---------------------------------------------------------------------------------------


def _checked(
    contract: Contract,
    written: _Written,
    part: Path,
    con: duckdb.DuckDBPyConnection,
    *,
    until: datetime,
) -> Reading:
    """What the part holds and what of it is unusable."""
    broken: dict[Rule, int] = {}
    if written.known:
        values: dict[str, object] = {}
        found, period = written.known.quarantine, written.known.period
    else:
        values, broken, period = _scanned(contract, written, part, con)
        found = [_broken_rows(rule, part, con) for rule in broken if rule.action == "set_aside"]
        if contract.day and period and period[1] > until:
            found.append(_broken_rows(_in_future(contract, until), part, con))
    quarantine = _quarantine(found, written.uncut)
    aside = len(quarantine["row_number"].unique())
    left_out = [rule for rule in broken if rule.action == "null"]
    noted = [_broken_rows(rule, part, con, f'"{rule.column}"') for rule in left_out]
    if left_out:
        _leave_out(left_out, part, con)
    return Reading(
        contract=contract,
        part=part,
        rows_read=written.rows,
        rows_accepted=written.rows - aside,
        rows_quarantined=aside,
        quarantine=quarantine,
        noted=_quarantine(noted, {}),
        warnings=(*_warnings(written, values), *_told(broken)),
        period=period,
        is_exact=written.is_exact,
    )


def _scanned(
    contract: Contract, written: _Written, part: Path, con: duckdb.DuckDBPyConnection
) -> tuple[dict[str, object], dict[Rule, int], tuple[datetime, datetime] | None]:
    """One scan of the part: which rules are broken by how many rows, and what else it holds."""
    filled = _filled(part)
    rules = [
        rule
        for rule in _rules(contract, written.columns)
        if rule.column in filled or not rule.is_of_filled
    ]
    facts = _facts(contract, written.columns & filled)
    time = f", {contract.time} as _time" if contract.time else ""
    counted = con.execute(
        "select count(*)"
        + "".join(f", count(*) filter (where {rule.broken})" for rule in rules)
        + "".join(f", {sql}" for sql in facts.values())
        + f" from (select *{time} from ({_whole(contract, part)}))",
        {"part": str(part)},
    ).fetchall()[0]
    if counted[0] != written.rows:
        raise RecordsLost(f"{counted[0]} of {written.rows} rows in the part")
    broken = {rule: count for rule, count in zip(rules, counted[1:]) if count}
    values = dict(zip(facts, counted[1 + len(rules) :]))
    period = None
    if values.get("first") is not None:
        period = (values["first"], values["last"])
    return values, broken, period


def _whole(contract: Contract, part: Path) -> str:
    """SQL over `$part` with all columns of the contract, those that it lacks as NULL."""
    there = set(pq.read_schema(part).names)
    lacking = (name for name in contract.column_names if name not in there)
    nulls = "".join(f', cast(null as varchar) as "{name}"' for name in lacking)
    return f"select *{nulls} from read_parquet($part, hive_partitioning = false)"


def _filled(part: Path) -> frozenset[str]:
    """Columns with a value in at least one row, as the part's own statistics say."""
    metadata = pq.read_metadata(part)
    filled = set()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for at in range(metadata.num_columns):
            chunk = group.column(at)
            statistics = chunk.statistics
            if statistics is None or statistics.null_count != group.num_rows:
                filled.add(chunk.path_in_schema)
    return frozenset(filled)


def all_rules(contract: Contract) -> list[Rule]:
    """What is asked of a file that has every column of the contract."""
    return _rules(contract, frozenset(contract.column_names))


def _rules(contract: Contract, columns: frozenset[str]) -> list[Rule]:
    rules = []
    is_log = contract.format.endswith("_log")
    for column in contract.columns:
        cast = CASTS[column.type]
        if cast is None or column.name not in columns:
            continue
        cell = f'"{column.name}"'
        none = f" and {cell} <> '-'" if is_log else ""
        rules.append(
            Rule(
                column.name,
                # A CASE, so that only what cannot be read is asked whether it is blank.
                f"case when {cast.format(cell)} is null then as_text({cell}) is not null{none}"
                " else false end",
                "unreadable value",
                EXPECTED[column.type],
                "correct it at its source, or have the column exported as text of this form",
                f"shape({cell})",
                is_of_filled=True,
            )
        )
    present = [name for name in contract.key if name in columns]
    for name in present:
        cell = f'"{name}"'
        empty = f"case when {cell} between '!' and '~' then false else as_text({cell}) is null end"
        if contract.column(name).type == "salesforce_id":
            empty += f" or starts_with({cell}, '000000000000000')"
        rules.append(
            Rule(
                name,
                empty,
                "key missing",
                "a value that names the record",
                "have the source export the record's key",
                "'nothing'",
            )
        )
    if contract.key_otherwise and not present:
        otherwise = [name for name in contract.key_otherwise if name in columns]
        rules.append(
            Rule(
                otherwise[0],
                " and ".join(f'as_text("{name}") is null' for name in otherwise),
                "key missing",
                f"one of {', '.join(otherwise)}",
                "such a record cannot be told from others",
                "'nothing'",
            )
        )
    if is_log:
        rules.extend(
            Rule(
                column.name,
                f"coalesce(\"{column.name}\", '-') in ('-', '')",
                "value missing",
                column.description,
                "look at the log's format",
                "'nothing'",
            )
            for column in contract.columns
            if column.required and column.type != "text"
        )
    return [*rules, *contract.rules]


def _facts(contract: Contract, columns: frozenset[str]) -> dict[str, str]:
    """What is worth knowing of a whole part, as SQL."""
    facts = {}
    if contract.time:
        facts["first"] = "min(_time)"
        facts["last"] = "max(_time)"
    if contract.format == "csv":
        of_type = {
            kind: [f'"{one.name}"' for one in contract.columns
                   if one.type == kind and one.name in columns]
            for kind in ("boolean", "timestamp")
        }
        traces = [f"{cell} in ('TRUE', 'FALSE')" for cell in of_type["boolean"]]
        traces += [f"substr({cell}, 3, 1) = '/'" for cell in of_type["timestamp"]]
        if traces:
            facts["resaved"] = f"count(*) filter (where {' or '.join(traces)})"
    keys = [f'"{name}"' for name in contract.key if name in columns]
    if keys and not contract.repeats_key:
        key = keys[0] if len(keys) == 1 else f"({', '.join(keys)})"
        facts["repeated"] = f"count({keys[0]}) - count(distinct {key})"
    return facts


def _warnings(written: _Written, values: dict[str, object]) -> tuple[Finding, ...]:
    warnings = []
    if not written.rows:
        warnings.append(
            Finding(
                "warn",
                "no records",
                expected="records",
                found="a header alone",
                remedy="look whether the source has nothing, or its export failed",
            )
        )
    if values.get("resaved"):
        warnings.append(
            Finding(
                "warn",
                "saved by a spreadsheet, it seems",
                expected="true and false, and ISO dates, as the vendor writes them",
                found=f"{values['resaved']} rows otherwise; two-digit years and the order of"
                " month and day are ambiguous",
                remedy="deliver the export as it was downloaded",
            )
        )
    if values.get("repeated"):
        warnings.append(
            Finding(
                "warn",
                "repeated keys",
                expected="every record once",
                found=f"{values['repeated']} rows more than keys",
                remedy="the latest version is used; look whether two exports were put together",
            )
        )
    return tuple(warnings)


def _quarantine(broken: Sequence[pa.Table], uncut: dict[int, Uncut]) -> pa.Table:
    entries = [
        pa.Table.from_pylist(
            [
                {
                    "row_number": number,
                    "column_name": None,
                    "reason": one.reason,
                    "expected": one.expected,
                    "found": one.found,
                    "remedy": one.remedy,
                    "raw_text": _SURROGATE.sub("?", one.text[:_LONGEST_RAW_TEXT]) or None,
                }
                for number, one in sorted(uncut.items())
            ],
            schema=QUARANTINE,
        )
    ]
    not_cut = pa.array(uncut, pa.int64())
    for found in broken:
        is_cut = pc.invert(pc.is_in(found["row_number"], value_set=not_cut))
        entries.append(found.filter(is_cut))
    return pa.concat_tables(entries).sort_by([("row_number", "ascending")]).combine_chunks()


def _told(broken: dict[Rule, int]) -> Iterator[Finding]:
    """What is said of a file about the rows that stay, although they break a rule."""
    became = {"null": "rows without this value", "flag": "rows, which are used"}
    for rule, count in broken.items():
        if rule.action in became:
            reason = f"{rule.reason} in {rule.column}: {count} {became[rule.action]}"
            yield Finding(
                rule.severity, reason, rule.expected, f"{count} rows", rule.remedy, rule.column
            )


def _leave_out(rules: Sequence[Rule], part: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Write the part again without the values that break a rule; the rows stay where they are."""
    broken: dict[str, list[str]] = {}
    for rule in rules:
        broken.setdefault(rule.column, []).append(rule.broken)
    kept = ", ".join(
        f'case when {" or ".join(f"({one})" for one in of)} then null else "{name}" end as "{name}"'
        for name, of in broken.items()
    )
    staged = part.with_name(f"{part.name}.kept")
    con.execute(
        f"""
        copy (
            select * replace ({kept}) from read_parquet($part, hive_partitioning = false)
        ) to $staged (format parquet, compression zstd, compression_level 1)
        """,
        {"part": str(part), "staged": str(staged)},
    )
    staged.replace(part)


def _broken_rows(
    rule: Rule, part: Path, con: duckdb.DuckDBPyConnection, raw_text: str = "cast(null as varchar)"
) -> pa.Table:
    return con.sql(
        f"""
        select
            file_row_number + 1 as row_number, $column as column_name, $reason as reason,
            $expected as expected, {rule.found} as found, $remedy as remedy,
            {raw_text} as raw_text
        from read_parquet($part, file_row_number = true, hive_partitioning = false)
        where {rule.broken}
        order by file_row_number
        """,
        params={
            "part": str(part),
            "column": rule.column,
            "reason": rule.reason,
            "expected": rule.expected,
            "remedy": rule.remedy,
        },
    ).to_arrow_table().cast(QUARANTINE)
