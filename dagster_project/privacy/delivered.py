"""The delivered rows that are about one subject, out of raw: as they came, the set-aside ones too.

Here belongs whose a row is, as handing it over asks: surely the subject's, and nobody else's. What of a
row names people is said by its contract; what an erasure takes is said in tombstones.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import connectors
from connectors import Contract
from connectors.contract import Name
from dagster_project.lake import DamagedError, Lake, Part, quoted, sha256_of
from dagster_project.privacy.keys import load_keys
from dagster_project.privacy.tombstones import INDEX
from dagster_project.settings import Settings

KNOWN = {
    "record": "select record_key from identity.profile_records",
    "order": """select 'shopify:' || order_key from workings.order_sources
        union all select order_id from standard.delivered_orders""",
    "email": "select value from standard.identifiers where kind = 'email'",
    "phone": "select phone_text from standard.phone_numbers",
    "visitor": "select visitor_id from identity.visitors",
    "line": "select line_key from standard.web_requests",
}
"""What is known of each kind, the most telling first. A row is whose record it is, or refers to;
where nobody is known by that, whose sale it is part of, and so on."""

READS = (
    "identity.profile_records",
    "identity.visitors",
    "standard.delivered_orders",
    "standard.identifiers",
    "standard.phone_numbers",
    "standard.web_requests",
    "workings.order_sources",
)

# Whose a line of a web log is depends on the lines around it: it is found by standard.web_requests.
LINES = {
    "weblogs__access": "time_text, remote_host, nullif(remote_user, '-'), request, as_integer(status),"
    " nullif(bytes, '-'), nullif(referer, '-'), nullif(user_agent, '-'), nullif(cookie, '-'), vhost",
    "weblogs__cloudfront": '"date", "time", c_ip, cs_method, cs_uri_stem, nullif(cs_uri_query, \'-\'),'
    " as_integer(sc_status), nullif(cs_referer, '-'), nullif(cs_user_agent, '-'),"
    " nullif(cs_cookie, '-'), x_host_header, x_edge_request_id",
}

ADDRESS = r"""[^\s"''<>()\[\],;:]+@[^\s"''<>()\[\],;:]+\.[a-z]+"""

PLACE = {
    "_extra": "Further columns of the file",
    "delivered_at": "When the file came (UTC)",
    "delivered_file": "The file",
    "delivered_row": "The row in that file, where rows are numbered",
    "is_set_aside": "Held, but used for nothing, because something in the row is wrong",
    "left_out": "Values of the row that are not used, because they are wrong",
    "unread_text": "The beginning of a line that could not be cut into columns",
}
"""What is told of a row beside what stands in its columns."""


@dataclass(frozen=True)
class Delivered:
    """Rows of one export, and what each of their columns means."""

    contract: Contract
    meanings: dict[str, str]
    rows: tuple[dict, ...]


def delivered_rows(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, keys: str, days: str
) -> Iterator[Delivered]:
    """By export, where there are any. `keys` is a relation of what is the subject's: kind and value, the
    kinds those of KNOWN; `days` one of the days (occurred_on) of its lines. READS are at hand.

    Raises DamagedError for a file that is not what was committed."""
    lake = Lake(settings.lake)
    held = _held(con, lake, settings, keys)
    con.execute(f"create or replace temp table delivered_files as {_files(lake)}")
    for contract in connectors.contracts():
        manifest = lake.manifest(f"raw.{contract.name}")
        named = _names(contract)
        parts = [one for one in manifest.parts if held(one)] if manifest and named else []
        if not parts:
            continue
        place = lake.directory(manifest.table)
        for part in parts:
            if not (place / part.file).exists() or sha256_of(place / part.file) != part.sha256:
                raise DamagedError(manifest.table, place / part.file)
        is_log = contract.name in LINES
        rows = _every_row(place, manifest.columns, parts)
        rows += f" where occurred_on in (from {days})" if is_log else ""
        # most exports know nothing of most people, and then nobody else need be asked for
        con.execute(f"create or replace temp table touched as {_touched(rows, named, keys)}")
        if not con.execute("select count(*) from touched").fetchall()[0][0]:
            continue
        cells = [one for one in (*contract.column_names, "_extra") if one in manifest.columns]
        number = "_row_number" if contract.is_numbered else "null"
        found = con.sql(f"""
            select
                {", ".join(f'"{one}"' for one in cells)},
                _delivered_at as delivered_at,
                coalesce(delivered_files.path, touched._file) as delivered_file,
                {number} as delivered_row,
                is_set_aside,
                left_out,
                unread_text
            from touched
            left join delivered_files using (_file)
            where is_unread_of_theirs or {_is_theirs(named, keys)}
            order by delivered_at, delivered_file, part, part_row
        """).to_arrow_table().to_pylist()
        if found:
            said = {one.name: one.description for one in contract.columns if one.name in cells}
            yield Delivered(contract, said | PLACE, tuple(found))


def _held(con, lake: Lake, settings: Settings, keys: str) -> Callable[[Part], bool]:
    """Whether a part may hold rows of the subject, by the subject index; all may that it does not know,
    and the web logs, whose lines are found by their days."""
    index = lake.manifest(INDEX)
    if not index or index.notes.get("key_id") != load_keys(settings).current.id:
        return lambda part: True
    key = load_keys(settings).current
    named = con.execute(f"select kind, value from {keys} where kind <> 'line'").fetchall()
    found = con.execute(
        f"""select distinct file from ({lake.scan(INDEX)})
        where identifier_hash in (select unnest(?::varchar[])) or table_name like 'raw.weblogs%'""",
        [[key.hash(kind, value) for kind, value in named]],
    ).fetchall()
    files = {file for (file,) in found}
    return lambda part: part.file not in index.notes["parts"] or part.info["sha256"][:16] in files


def _files(lake: Lake) -> str:
    """SQL for the paths of delivered files, by the beginning of their SHA-256."""
    table = "raw.source_files"
    if not lake.manifest(table):
        return "select null::varchar as _file, null::varchar as path"
    return f"""select left(sha256, 16) as _file, min(path) as path
        from ({lake.scan(table)})
        group by all"""


def _touched(rows: str, named: list[Name], keys: str) -> str:
    """SQL for the rows of an export that name the subject, whoever else they name."""
    values = ", ".join(f"{_value(one)} as name_{number}" for number, one in enumerate(named))
    touched = " or ".join(f"name_{number} in {_mine(one, keys)}" for number, one in enumerate(named))
    return f"""
        with named as (
            select
                *,
                {values},
                -- of a line that could not be read every address that stands in it is the subject's
                len(unread_emails) > 0 and list_has_all(
                    (select list(value) from {keys} where kind = 'email'), unread_emails
                ) as is_unread_of_theirs
            from (
                select *, regexp_extract_all(lower(unread_text), '{ADDRESS}') as unread_emails
                from ({rows})
            )
        )
        from named where {touched} or is_unread_of_theirs"""


def _names(contract: Contract) -> list[Name]:
    if contract.name in LINES:
        return [Name("line", f"md5(concat_ws('|', {LINES[contract.name]}))")]
    return list(contract.identifiers)


def _kind(name: Name) -> str:
    return "record" if name.kind == "member" else name.kind


def _value(name: Name) -> str:
    return f"as_email({name.sql})" if name.kind == "email" else name.sql


def _mine(name: Name, keys: str) -> str:
    return f"(select value from {keys} where kind = '{_kind(name)}')"


def _is_theirs(named: list[Name], keys: str) -> str:
    """SQL: of the most telling kind by which anybody is known, the row names the subject alone."""
    branches = []
    for kind, known in KNOWN.items():
        for is_own in (True, False):
            columns = [
                (f"name_{number}", _mine(one, keys))
                for number, one in enumerate(named)
                if _kind(one) == kind and one.is_own == is_own
            ]
            if columns:
                theirs = " or ".join(f"coalesce({name} in {mine}, false)" for name, mine in columns)
                others = " or ".join(
                    f"coalesce({name} in ({known}) and {name} not in {mine}, false)"
                    for name, mine in columns
                )
                branches.append(f"when {others} then false when {theirs} then true")
    return f"case {' '.join(branches)} else false end"


def _every_row(place: Path, columns: dict[str, str], parts: list[Part]) -> str:
    """SQL for all rows of parts of a raw table, those that were set aside and what was left out of the
    others included."""
    lacking = set.intersection(*(set(part.lacks) for part in parts))
    listed = ", ".join(
        f'null::{kind} as "{name}"' if name in lacking else f'"{name}"'
        for name, kind in columns.items()
    )
    files = ", ".join(quoted(place / part.file) for part in parts)
    return f"""
        with aside as (
            select part, row_number as part_row, max(raw_text) as unread_text
            from ({_beside(place, parts, "excluded")})
            group by all
        ),
        noted as (
            select
                part, row_number as part_row,
                string_agg(column_name || ': ' || raw_text, '; ' order by column_name, raw_text)
                    as left_out
            from ({_beside(place, parts, "noted")})
            group by all
        ),
        delivered as (
            select {listed}, parse_filename(filename) as part, file_row_number + 1 as part_row
            from read_parquet(
                [{files}], union_by_name = true, hive_partitioning = false, filename = true,
                file_row_number = true
            )
        )
        select delivered.*, aside.part is not null as is_set_aside, aside.unread_text, noted.left_out
        from delivered
        left join aside using (part, part_row)
        left join noted using (part, part_row)"""


def _beside(place: Path, parts: list[Part], what: str) -> str:
    """SQL for the files that lie beside parts: the part, and what they say of its rows."""
    columns = "row_number, column_name, raw_text"
    nothing = "null::varchar as part, null::bigint as row_number, null::varchar as column_name"
    return " union all ".join((
        f"select {nothing}, null::varchar as raw_text where false",
        *(
            f"select {quoted(part.file)}, {columns} from read_parquet({quoted(place / name)})"
            for part in parts
            if (name := getattr(part, what))
        ),
    ))
