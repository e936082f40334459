"""What names people in raw parts: the cells that their contract says, in the form that matching knows.

Here belongs how a cell becomes a value, for the subject index and the tombstones alike. What a value is
hashed under, and what follows from meeting one again, is said in the modules beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import connectors
from connectors.contract import Contract, Name
from connectors.reading import part_columns
from dagster_project import normalise
from dagster_project.lake import fingerprint, quoted
from dagster_project.run import Run

PHONES = "standard.phone_numbers"

CELLS = "named_cells"
"""One row per cell that names a person: contract, file (the beginning of its SHA-256), row_number (from
1), kind, cell, is_own (it is the row's own key) and is_sign: a telephone number is none against an
address or a record of the same row."""

VALUES = "named_values"
"""One row per kind, cell and value that it is met by: of an address the mailbox that it reaches, too, and
where it stands beside a name, the two together, by which people with one address are told apart."""

_EMAIL = r"""[^@\s,;:<>"''()\[\]\\]+@[^@\s,;:<>"''()\[\]\\.]+(\.[^@\s,;:<>"''()\[\]\\.]+)+"""


def code() -> str:
    """Changes with what names people, and with how it is read."""
    here = Path(__file__).read_text(encoding="utf-8")
    return fingerprint(repr(connectors.contracts()), here)


@dataclass(frozen=True)
class Source:
    """Raw parts of a contract. `aside` are relations of what was set aside, by file: they have the text of
    what could not be cut."""

    contract: Contract
    parts: Sequence[Path]
    aside: Mapping[str, str]


def name_cells(run: Run, sources: Iterable[Source]) -> None:
    """Makes CELLS and VALUES of raw parts."""
    con = run.con
    cookies = ", ".join(map(quoted, run.settings.visitor_cookies))
    con.execute(f"create or replace temp macro visitor_cookies() as [{cookies}]::varchar[]")
    con.execute(f"""create or replace temp table {CELLS} (contract varchar, file varchar,
        row_number bigint, kind varchar, cell varchar, is_own boolean, is_sign boolean)""")
    for source in sources:
        con.execute(f"insert into {CELLS} {_cells(source)}")
    _read_phones(run)
    con.execute(f"""create or replace temp view {VALUES} as
        with cells as materialized (
            select kind, cell, as_email(split_part(cell, chr(1), 1)) as email
            from (select distinct kind, cell from {CELLS})
        ),
        met as (
            select kind, cell, unnest(case kind
                when 'email' then [email, mailbox(email)]
                when 'email_name' then [mailbox(email) || '|' || fold(split_part(cell, chr(1), 2))]
                else [cell] end) as value
            from cells where kind <> 'phone'
            union all
            select kind, cell, value from cells inner join phone_values using (cell) where kind = 'phone'
        )
        select distinct * from met where value is not null""")


def _cells(source: Source) -> str:
    """SQL for the rows of CELLS that are of one contract."""
    contract, names = source.contract, source.contract.identifiers
    columns = [f"{name.sql} as c{at}" for at, name in enumerate(names)]
    country = contract.country or "null::varchar"
    columns += [f"coalesce({country}, '') as country_text", f"{contract.person_name or 'null'} as person"]
    others = [f"c{at} is not null" for at, name in enumerate(names) if _outranks_a_phone(name)]
    lone = f"not ({' or '.join(others)})" if others else "true"
    selects = []
    for at, name in enumerate(names):
        kind, cell, is_sign = name.kind, f"c{at}", "true"
        if kind == "phone":
            cell, is_sign = f"{cell} || chr(1) || country_text", lone
        kind = "record" if kind == "member" else kind
        selects.append(_select(kind, cell, is_own=name.is_own, is_sign=is_sign))
        if kind == "email" and contract.person_name:
            selects.append(_select("email_name", f"{cell} || chr(1) || person"))
    for file, relation in source.aside.items():
        texts = f"""(select row_number, {quoted(file)} as file,
            unnest(regexp_extract_all(lower(raw_text), '{_EMAIL}')) as found
            from {relation} where raw_text is not null)"""
        selects.append(_select("email", "found", source=texts))
    return f"""
        with named as materialized (
            select row_number, _file as file, {", ".join(columns)} from {_rows(contract, source.parts)}
        )
        select '{contract.name}', * from ({" union all ".join(selects)})"""


def _select(
    kind: str, cell: str, *, is_own: bool = False, is_sign: str = "true", source: str = "named"
) -> str:
    return f"""select file, row_number, '{kind}' as kind, {cell} as cell, {is_own} as is_own,
        {is_sign} as is_sign from {source} where ({cell}) is not null"""


def _outranks_a_phone(name: Name) -> bool:
    return name.kind != "phone" and not name.is_own


def _rows(contract: Contract, parts: Sequence[Path]) -> str:
    """The parts with all columns of their table and row_number."""
    there = {name for part in parts for name in pq.read_schema(part).names}
    nulls = "".join(
        f', null::{kind} as "{name}"'
        for name, kind in part_columns(contract).items()
        if name not in there
    )
    listed = ", ".join(map(quoted, parts))
    by_name = ", union_by_name = true" if len(parts) > 1 else ""
    source = f"read_parquet([{listed}], file_row_number = true, hive_partitioning = false{by_name})"
    return f"(select *, file_row_number + 1 as row_number{nulls} from {source})"


def _read_phones(run: Run) -> None:
    """Makes phone_values (cell, value): telephone numbers by the habits of the row's country, as E.164.
    What linkage worked out before is looked up."""
    con = run.con
    con.execute("create or replace temp table phone_values (cell varchar, value varchar)")
    if not con.execute(f"select 1 from {CELLS} where kind = 'phone' limit 1").fetchall():
        return
    known = run.lake.manifest(PHONES)
    found = run.lake.scan(PHONES) if known else "select null as phone_text, null as country, null as phone"
    con.execute(f"""create or replace temp table phone_cells as
        select distinct cell, split_part(cell, chr(1), 1) as spelling,
            split_part(cell, chr(1), 2) as country_text
        from {CELLS} where kind = 'phone'""")
    texts = con.execute("select distinct country_text from phone_cells").fetchall()
    rows = [(text, normalise.country(text) or run.settings.default_country) for (text,) in texts]
    _give(run, "phone_countries", ("country_text", "country"), rows)
    con.execute(f"""create or replace temp table phone_values as
        select cell, spelling, countries.country, known.phone as value, phone_text is not null as is_known
        from phone_cells
        inner join phone_countries as countries using (country_text)
        left join ({found}) as known on phone_text = spelling and known.country = countries.country""")
    rows = con.execute("select cell, spelling, country from phone_values where not is_known").fetchall()
    read = [(cell, normalise.phone(spelling, country)) for cell, spelling, country in rows]
    _give(run, "phones_read", ("cell", "value"), read)
    con.execute("""create or replace temp table phone_values as
        select cell, value from phone_values where is_known and value is not null
        union all select cell, value from phones_read where value is not null""")


def _give(run: Run, name: str, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    schema = pa.schema([(column, pa.string()) for column in columns])
    given = pa.Table.from_pylist([dict(zip(columns, row)) for row in rows], schema)
    run.con.register("rows_given", given)
    run.con.execute(f"create or replace temp table {name} as from rows_given")
    run.con.unregister("rows_given")
