"""The subject index: in which delivered file, and in which of its rows, each identifier lies.

It holds keyed hashes, so that it names nobody to whom the key is unknown, and is made file by file: a
request needs no scan, and a night costs what was delivered. Derived tables say themselves which record
their rows are of.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import connectors
from connectors.contract import Contract
from dagster_project.lake import Part, fingerprint, quoted, write_parquet
from dagster_project.making import Made, Table, described
from dagster_project.privacy import identifiers
from dagster_project.privacy.identifiers import CELLS, PHONES, VALUES, Source, name_cells
from dagster_project.privacy.keys import Key, load_keys
from dagster_project.privacy.tombstones import INDEX, hash_sql
from dagster_project.run import Run

BATCH_ROWS = 2_000_000

GRAIN = ("file", "kind", "identifier_hash")

COLUMNS = (
    "identifier_hash varchar, kind varchar, table_name varchar, file varchar, row_count bigint, "
    "rows bigint[]"
)
"""`file` is the beginning of the file's SHA-256, as raw tables have it. `rows` are the numbers of the
rows, from 1; empty for events, which are many."""


def tables() -> list[Table]:
    about = "One row per identifier of a person, as a keyed hash, and delivered file that holds it."
    return [Table(INDEX, about, GRAIN, (*_tables(), PHONES), _make)]


def _tables() -> list[str]:
    return [f"raw.{contract.name}" for contract in connectors.contracts() if contract.identifiers]


def _make(run: Run) -> Made:
    """Look into the files that came or were rewritten; into all under another key or another code."""
    key = load_keys(run.settings).current
    names = identifiers.code()
    code = fingerprint(key.id, names, inspect.getsource(_enter), run.functions)
    made_from = {"code": code, "inputs": {}}
    before = run.lake.manifest(INDEX)
    is_whole = not before or before.made_from != made_from
    known = {} if is_whole else before.notes["parts"]
    there = {
        part.file: (contract, part)
        for contract in connectors.contracts()
        if contract.identifiers
        for part in run.lake.manifest(f"raw.{contract.name}").parts
    }
    parts = {name: part.info["sha256"][:16] for name, (_, part) in there.items()}
    with run.step(INDEX) as report:
        if not is_whole and known == parts:
            return described(run, INDEX, report)
        run.con.execute(f"create or replace temp table entries ({COLUMNS})")
        for batch in _batches([there[name] for name in there if name not in known]):
            _enter(run, batch, key)
        [(written,)] = run.con.execute("select count(*) from entries").fetchall()
        notes = {"rows": written, "key_id": key.id, "names": names, "parts": parts}
        with run.lake.staging(INDEX) as place:
            staged, keys = place / "entries.parquet", place / "keys.parquet"
            write_parquet(run.con, "from entries", staged, order=GRAIN)
            if is_whole:
                run.lake.commit_whole(
                    INDEX, staged, made_from=made_from, partition=GRAIN[0], notes=notes
                )
                return described(run, INDEX, report, outcome="whole", rows_written=written)
            touched = {file for _, file in known.items() ^ parts.items()}
            listed = ", ".join(map(quoted, sorted(touched)))
            write_parquet(run.con, f"select unnest([{listed}]) as file", keys, order=("file",))
            kept = f"select count(*) from ({run.lake.scan(INDEX)}) where file not in ({listed})"
            notes["rows"] += run.con.execute(kept).fetchall()[0][0]
            run.lake.commit_replacing(INDEX, staged, keys, made_from=made_from, notes=notes)
            return described(run, INDEX, report, outcome="part", rows_written=written)


def _batches(found: Sequence[tuple[Contract, Part]]) -> Iterator[list[tuple[Contract, Part]]]:
    """Parts together, as long as they have no more rows than fit into memory with ease."""
    batch: list[tuple[Contract, Part]] = []
    for one in found:
        if batch and sum(part.rows for _, part in (*batch, one)) > BATCH_ROWS:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _enter(run: Run, found: Sequence[tuple[Contract, Part]], key: Key) -> None:
    """Add what names people in raw parts to entries."""
    name_cells(run, [_source(run, *one) for one in groupby(found, key=itemgetter(0))])
    numbered = ", ".join(quoted(one.name) for one in connectors.contracts() if one.is_numbered)
    run.con.execute(f"""insert into entries
        with hashed as (select kind, cell, {hash_sql(key)} as hash from {VALUES}),
        found as (
            select
                hash, kind, contract, file, count(*) as count,
                list_sort(list_distinct(list(row_number) filter (where contract in ({numbered})))) as rows
            from {CELLS} inner join hashed using (kind, cell)
            group by hash, kind, contract, file
        )
        select hash, kind, 'raw.' || contract, file, coalesce(len(rows), count), rows from found""")


def _source(run: Run, contract: Contract, found: Iterable[tuple[Contract, Part]]) -> Source:
    place = run.lake.directory(f"raw.{contract.name}")
    parts = [part for _, part in found]
    aside = {
        part.info["sha256"][:16]: f"read_parquet({quoted(place / part.excluded)})"
        for part in parts
        if part.excluded
    }
    return Source(contract, [place / part.file for part in parts], aside)


def locate(run: Run, hashes: Sequence[str]) -> list[tuple[str, str, int, list[int] | None]]:
    """Where identifiers lie, by their hashes under the current key: table, file, how many rows, which."""
    found = run.con.execute(
        f"""select table_name, file, sum(row_count)::bigint,
            case when bool_or(rows is not null) then list_sort(list_distinct(flatten(list(rows)))) end
        from ({run.lake.scan(INDEX)}) where identifier_hash in (select unnest(?::varchar[]))
        group by all order by all""",
        [list(hashes)],
    )
    return found.fetchall()
