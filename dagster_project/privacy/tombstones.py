"""Tombstones: what an erased person is recognised by, in whatever is delivered again, and taken out by.

Here belongs which rows of a raw part are an erased person's, before a delivery is written and after. What
of a row names people is said by its contract; what else an erasure does is in erasing.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import connectors
from connectors.contract import Contract
from connectors.reading import QUARANTINE, strike_out
from dagster_project.lake import LakeError, Part, fingerprint, quoted
from dagster_project.privacy import identifiers, ledger
from dagster_project.privacy.identifiers import CELLS, VALUES, Source, name_cells
from dagster_project.privacy.keys import HASH_DIGITS, Key, hmac_sql, load_keys
from dagster_project.run import Run

if TYPE_CHECKING:
    from dagster_project.privacy.subjects import Subject

INDEX = "index.subject_rows"

LIFTED = ("email", "email_name", "phone", "member", "reference", "visitor")
"""Kinds that a lift ends, with all that was dropped since the erasure for referring to such a row. The
records and orders that were erased stay so: they are the past's."""


class KeyLost(LakeError):
    """The ledger speaks of people by a key that is not there, so nobody could be kept erased."""

    def __init__(self, place: Path, ids: Iterable[str]) -> None:
        super().__init__(
            f"{place} lacks the key {', '.join(sorted(ids))}, under which the ledger names people who were "
            "erased. Restore it from your backup: without it they would come back with their next delivery"
        )


class StillPublished(LakeError):
    """What is about to be published holds records of erased people; only their number is told."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} records of people who were erased would be published. This should not happen: nothing "
            "is published; please report it"
        )


@dataclass(frozen=True)
class Tombstone:
    """One identifier of an erased person, as a keyed hash. `until` is a day: what was delivered from then
    on is no more dropped for it. `entry` is the ledger's."""

    kind: str
    hash: str
    key_id: str
    erased_at: str
    until: str | None = None
    entry: str = ""


# What the ledger says ----------------------------------------------------------------------------


def erasure(
    request_id: str | None, tombstones: Sequence[Tombstone], *, at: datetime
) -> ledger.Entry:
    """The entry that erases a person."""
    said = _said(tombstones)
    name = ledger.entry_id(ledger.ERASE, request_id, said)
    return ledger.Entry(name, at.isoformat(timespec="seconds"), ledger.ERASE, request_id, said)


def lift(
    request_id: str | None, hashes: Iterable[str], *, begins: str, at: datetime
) -> ledger.Entry:
    """The entry that lets whoever was erased by one of these hashes come back, with what is delivered from
    a day on: a new beginning, not the old records."""
    said = {"hashes": sorted(hashes), "from": begins}
    moment = at.isoformat(timespec="seconds")
    name = ledger.entry_id(ledger.LIFT, request_id, said, moment)
    return ledger.Entry(name, moment, ledger.LIFT, request_id, said)


def _following(origin: str, tombstones: Sequence[Tombstone], *, at: datetime) -> ledger.Entry:
    """The entry of what refers to rows that were dropped for an earlier one."""
    said = _said(tombstones) | {"of": origin}
    name = ledger.entry_id(ledger.FOLLOW, said)
    return ledger.Entry(name, at.isoformat(timespec="seconds"), ledger.FOLLOW, None, said)


def _said(tombstones: Iterable[Tombstone]) -> dict:
    told = sorted({(one.key_id, one.kind, one.hash) for one in tombstones})
    return {"tombstones": [dict(zip(("key", "kind", "hash"), one)) for one in told]}


def live(entries: Iterable[ledger.Entry]) -> tuple[Tombstone, ...]:
    """All tombstones of a ledger, each with the day until which it holds."""
    erased: dict[str, list[Tombstone]] = {}
    until: dict[str, str] = {}
    for entry in entries:
        if entry.kind in (ledger.ERASE, ledger.FOLLOW):
            erased.setdefault(entry.data.get("of", entry.entry_id), []).append(entry)
        elif entry.kind == ledger.LIFT:
            hashes = set(entry.data["hashes"])
            for origin, graves in erased.items():
                if any(one["hash"] in hashes for grave in graves for one in grave.data["tombstones"]):
                    until[origin] = entry.data["from"]
    return tuple(
        Tombstone(
            *(one["kind"], one["hash"], one["key"], grave.at),
            until=until.get(origin) if grave.kind == ledger.FOLLOW or one["kind"] in LIFTED else None,
            entry=origin,
        )
        for origin, graves in erased.items()
        for grave in graves
        for one in grave.data["tombstones"]
    )


# Who is erased -----------------------------------------------------------------------------------

READS = (
    *("identity.visitors", "staging.weblogs__access", "staging.weblogs__cloudfront"),
    *("standard.identifiers", "standard.record_links", "standard.web_requests"),
)


def tombstones_of(
    con: duckdb.DuckDBPyConnection, subjects: Sequence[Subject], key: Key, *, at: datetime
) -> list[tuple[Tombstone, ...]]:
    """For each person the identifiers that are theirs and nobody else's than of those who are erased with
    them: what is delivered with one of them is theirs. An address that others carry too is theirs beside
    their name alone.

    `con` has views of the tables of READS. That a row refers to a row of theirs is found when it goes.
    """
    found = [set(_own(subject)) for subject in subjects]
    _give(con, "records_given", "record", [(n, r) for n, one in enumerate(subjects) for r in one.records])
    for hashed in (_references, _mailboxes, _agents):
        for number, kind, value in hashed(con, subjects):
            found[number].add((kind, value))
    moment = at.isoformat(timespec="seconds")
    return [
        tuple(
            Tombstone(kind, key.hash("record" if kind == "member" else kind, value), key.id, moment)
            for kind, value in sorted(values)
        )
        for values in found
    ]


def _own(subject: Subject) -> Iterator[tuple[str, str]]:
    for record in subject.records:
        yield "member" if _export(record) in _members() else "record", record
    for one in subject.identifiers:
        if one.kind in ("email", "phone") and one.is_own:
            yield one.kind, one.value
    for visitor in subject.visitors:
        yield "visitor", visitor
    for order in subject.orders:
        yield "order", order
        if order.startswith("shopify:"):
            yield "record", order.replace("shopify:", "shopify:orders:", 1)


def _export(record: str) -> str:
    return ":".join(record.split(":")[:2])


def _members() -> set[str]:
    """The exports whose records stand for an e-mail address."""
    return {
        f"{contract.system}:{contract.export}"
        for contract in connectors.contracts()
        if any(name.kind == "member" for name in contract.names)
    }


def _references(con: duckdb.DuckDBPyConnection, subjects: Sequence[Subject]) -> list[tuple]:
    """Every record, as other systems may note it, that no record of anybody else's has noted."""
    return con.execute("""
        with others as (
            select records.number, links.linked_record as record
            from records_given as records
            inner join standard.record_links as links on links.linked_record = records.record
            anti join records_given as own on own.record = links.record_key
        )
        select number, 'reference', record from records_given anti join others using (number, record)
        order by all""").fetchall()


def _mailboxes(con: duckdb.DuckDBPyConnection, subjects: Sequence[Subject]) -> list[tuple]:
    """Of every address its mailbox, where it is nobody else's; else with each of the person's names."""
    _give(con, "names_given", "name", [(n, name) for n, one in enumerate(subjects) for name in one.names])
    _give(
        con,
        "emails_given",
        "email",
        [
            (n, i.value) for n, one in enumerate(subjects)
            for i in one.identifiers if i.kind == "email"
        ],
    )
    return con.execute("""
        with carried as (
            select number, mailbox(email) as mailbox from emails_given group by all
        ),
        shared as (
            select distinct carried.number, carried.mailbox
            from carried
            inner join standard.identifiers as others
                on others.kind = 'email' and mailbox(others.value) = carried.mailbox
            anti join records_given as own on own.record = others.record_key
        )
        select number, 'email', mailbox from carried anti join shared using (number, mailbox)
        where mailbox is not null
        union
        select number, 'email_name', mailbox || '|' || fold(name)
        from shared inner join names_given using (number)
        order by all""").fetchall()


def _agents(con: duckdb.DuckDBPyConnection, subjects: Sequence[Subject]) -> list[tuple]:
    """Of visits without a cookie the address and agent on that day, where nobody else is known by it."""
    _give(con, "visitors_given", "visitor", [(n, v) for n, one in enumerate(subjects) for v in one.visitors])
    return con.execute("""
        with theirs as (
            select distinct given.number, line_key, occurred_on
            from standard.web_requests as requests
            inner join visitors_given as given on given.visitor = requests.visitor_id
            where not has_cookie
        ),
        lines as (
            select line_key, occurred_on, agent_key(address, user_agent) as agent
            from staging.weblogs__access
            union all
            select line_key, occurred_on, agent_key(address, user_agent)
            from staging.weblogs__cloudfront
        ),
        agents as (
            select distinct number, occurred_on, agent
            from theirs inner join lines using (line_key, occurred_on)
        ),
        others as (
            select agents.number, occurred_on, agent
            from agents
            inner join lines using (occurred_on, agent)
            inner join standard.web_requests as requests using (line_key, occurred_on)
            inner join identity.visitors as visitors using (visitor_id)
            anti join visitors_given as own on own.visitor = visitors.visitor_id
            where visitors.profile_id is not null and not requests.has_cookie
        )
        select number, 'visitor', 'weblogs:' || agent || '@' || occurred_on
        from agents anti join others using (number, occurred_on, agent)
        order by all""").fetchall()


def _give(
    con: duckdb.DuckDBPyConnection, name: str, column: str, rows: list[tuple[int, str]]
) -> None:
    con.execute(f"create or replace temp table {name} (number integer, {column} varchar)")
    schema = pa.schema([("number", pa.int32()), (column, pa.string())])
    con.register("rows_given", pa.Table.from_pylist([dict(zip(schema.names, row)) for row in rows], schema))
    con.execute(f"insert into {name} from rows_given")
    con.unregister("rows_given")


# Whose rows they are -----------------------------------------------------------------------------


class Filter:
    """The tombstones as one run applies them. They grow on the way: a row that is dropped takes along
    those that refer to it, wherever they lie."""

    def __init__(self, run: Run) -> None:
        self.run = run
        ledger.heal(run.settings)
        self._load()

    def _load(self) -> None:
        self.tombstones = live(ledger.read_ledger(self.run.settings))
        told: dict[str, list] = {}
        for one in self.tombstones:
            told.setdefault(one.key_id, []).append((one.kind, one.hash, one.until or ""))
        self.versions = {key_id: fingerprint(sorted(found)) for key_id, found in told.items()}
        if not self.tombstones:
            return
        keys = load_keys(self.run.settings)
        if lost := {key_id for key_id in told if keys.of(key_id) is None}:
            raise KeyLost(self.run.settings.privacy, lost)
        self.current = keys.current
        self.hashing = [key for key in keys.all if key.id in told]
        schema = pa.schema([(name, pa.string()) for name in Tombstone.__annotations__])
        given = pa.Table.from_pylist([asdict(one) for one in self.tombstones], schema)
        self.run.con.register("tombstones_given", given)
        self.run.con.execute("create or replace temp table tombstones as from tombstones_given")
        self.run.con.unregister("tombstones_given")

    def forgotten(self, remembered: Iterable[str], *, clusters: str) -> str:
        """SQL for the record_key of what tables of the state remember of erased people, and no cluster
        holds tonight."""
        found = []
        manifests = map(self.run.state.lake.manifest, remembered)
        known = [one.table for one in manifests if one and "record_key" in one.columns]
        if self.tombstones and known:
            records = " union ".join(
                f"select record_key from ({self.run.state.lake.scan(table)})" for table in known
            )
            found = self.run.con.execute(f"""
                with gone as (
                    select 'record' as kind, record_key as value
                    from ({records}) anti join {clusters} using (record_key)
                )
                select distinct value from ({self._hashed("gone", "value")})
                semi join tombstones using (hash)
                order by value""").fetchall()
        listed = ", ".join(quoted(record) for (record,) in found)
        return f"select unnest([{listed}]::varchar[]) as record_key"

    def _hashed(self, relation: str, columns: str) -> str:
        """SQL for the hashes of identifiers under every key of which there are tombstones."""
        return " union all ".join(
            f"select {columns}, {hash_sql(key)} as hash from {relation}" for key in self.hashing
        )

    def __call__(self, contract: Contract, part: Path, aside: pa.Table) -> list[int]:
        """The numbers of a part's rows, from 1, that are erased people's. `aside` is what is said of the
        rows that were set aside, with their text where they could not be cut."""
        if not self.tombstones or not contract.identifiers:
            return []
        con = self.run.con
        con.execute(f"""create or replace temp table buried as
            select distinct hash, entry from tombstones
            where until is null or until::timestamp > (
                select coalesce(max(_delivered_at), timestamp '1900-01-01')
                from read_parquet({quoted(part)}, hive_partitioning = false))""")
        con.register("aside_given", aside)
        name_cells(self.run, [Source(contract, [part], {"": "aside_given"})])
        con.execute(f"""create or replace temp table met as
            select distinct kind, cell, entry
            from ({self._hashed(VALUES, "kind, cell")}) inner join buried using (hash)""")
        rows = self._struck() if con.execute("select count(*) from met").fetchall() != [(0,)] else []
        con.unregister("aside_given")
        return rows

    def _struck(self) -> list[int]:
        """The rows with a cell that was met, and those that refer to such a row; what may refer to it in
        other files is buried with it."""
        con = self.run.con
        con.execute(f"""create or replace temp table struck as
            select distinct row_number, entry from {CELLS} inner join met using (kind, cell) where is_sign""")
        con.execute("create or replace temp table taken (kind varchar, cell varchar, entry varchar)")
        own = f"""insert into taken
            select kind, cell, min(entry) from {CELLS} inner join struck using (row_number)
            where is_own and (kind, cell) not in (select (kind, cell) from taken)
            group by kind, cell returning 1"""
        while con.execute(own).fetchall():
            con.execute(f"""insert into struck
                select distinct row_number, taken.entry from {CELLS} inner join taken using (kind, cell)
                where row_number not in (select row_number from struck)""")
        self._bury()
        rows = con.execute("select distinct row_number from struck order by row_number").fetchall()
        return [row for (row,) in rows]

    def _bury(self) -> None:
        """Write the keys of struck rows into the ledger, for what refers to them in other files."""
        con = self.run.con
        graves: dict[str, list[Tombstone]] = {}
        hashed = f"""select entry, kind, {hash_sql(self.current)} as hash
            from (select entry, kind, cell as value from taken)"""
        for entry, kind, found in con.execute(
            f"select * from ({hashed}) where hash not in (select hash from tombstones) order by all"
        ).fetchall():
            one = Tombstone(kind, found, self.current.id, "", entry=entry)
            graves.setdefault(entry, []).append(one)
        if graves:
            at = datetime.now(UTC).replace(tzinfo=None)
            ledger.append(self.run.settings, *(_following(*one, at=at) for one in graves.items()))
            self._load()


def hash_sql(key: Key) -> str:
    """SQL for the keyed hash of an identifier, of the columns kind and value."""
    return hmac_sql(key.secret, "kind || ':' || value", HASH_DIGITS)


def filter_of(run: Run) -> Filter:
    """The tombstones that a run applies."""
    return run.once("tombstones", lambda: Filter(run))


# What was written before -------------------------------------------------------------------------


def drop_erased(run: Run) -> dict[str, int]:
    """Take the rows of erased people out of every raw part that today's tombstones were not applied to.

    Costs next to nothing where there is none. Parts that the subject index covers are read only if it knows
    that somebody erased is in them. Returns the rows that were dropped, by table.
    """
    erased = filter_of(run)
    dropped: dict[str, int] = {}
    versions, applied = None, set()
    while versions != erased.versions:
        versions, hashes = dict(erased.versions), {one.hash for one in erased.tombstones}
        index = _Index.read(run, hashes - applied)
        for contract in connectors.contracts():
            table = f"raw.{contract.name}"
            for part in _suspects(run, table, versions, index):
                rows = _drop(run, table, contract, part, erased)
                if rows:
                    dropped[table] = dropped.get(table, 0) + rows
        applied = hashes
    return dropped


@dataclass(frozen=True)
class _Index:
    """What the subject index says of tombstones that were not applied yet: the delivered files that it
    knows, and in which of them one is met; under which key, None where there is no index."""

    key_id: str | None
    covered: frozenset[str]
    met: frozenset[str]

    @classmethod
    def read(cls, run: Run, hashes: set[str]) -> _Index:
        index = run.lake.manifest(INDEX)
        if not hashes or not index or index.notes.get("names") != identifiers.code():
            return cls(None, frozenset(), frozenset())
        met = run.con.execute(
            f"""select distinct file from ({run.lake.scan(INDEX)})
            where identifier_hash in (select unnest($1::varchar[]))""",
            [sorted(hashes)],
        ).fetchall()
        covered = frozenset(index.notes["parts"].values())
        return cls(index.notes["key_id"], covered, frozenset(file for (file,) in met))


def _suspects(run: Run, table: str, versions: dict[str, str], index: _Index) -> list[Part]:
    """The parts of a table that may hold an erased person's rows; of the others it is noted that they were
    looked at. A part that was rewritten holds no more than the index knows of its file."""
    manifest = run.lake.manifest(table)
    stale = [
        part
        for part in (manifest.parts if manifest else ())
        if part.info.get("tombstones", {}) != versions
    ]
    suspects = []
    for part in stale:
        seen, file = part.info.get("tombstones", {}), part.info["sha256"][:16]
        is_listed = file in index.covered and all(
            seen.get(key) == version for key, version in versions.items() if key != index.key_id
        )
        if not is_listed or file in index.met:
            suspects.append(part)
    clean = {part.file: {"tombstones": versions} for part in stale if part not in suspects}
    if clean:
        run.lake.note_parts(table, clean)
    return suspects


def _drop(run: Run, table: str, contract: Contract, part: Part, erased: Filter) -> int:
    """Strike the rows of erased people out of one part; how many there were."""
    place = run.lake.directory(table)
    aside, noted = (_table(place / name if name else None) for name in (part.excluded, part.noted))
    rows = erased(contract, place / part.file, aside)
    info = part.info | {"tombstones": erased.versions}
    if not rows:
        run.lake.note_parts(table, {part.file: info})
        return 0
    with run.lake.staging(table) as staged:
        struck, gone = staged / "part.parquet", staged / "gone.parquet"
        shutil.copyfile(place / part.file, struck)
        _write_gone(run, table, part, rows, gone)
        aside, noted = strike_out(struck, aside, noted, rows)
        count = len(aside["row_number"].unique())
        info |= {
            "rows_accepted": info["rows_read"] - count,
            "rows_quarantined": count,
            "rows_erased": info.get("rows_erased", 0) + len(rows),
        }
        pq.write_table(aside, staged / "aside.parquet", compression="zstd")
        if noted.num_rows:
            pq.write_table(noted, staged / "noted.parquet", compression="zstd")
        total = run.lake.manifest(table).notes.get("rows", 0)
        run.lake.commit_rewritten(
            table,
            part,
            struck,
            excluded=staged / "aside.parquet",
            noted=staged / "noted.parquet" if noted.num_rows else None,
            gone=gone,
            info=info,
            rows=total - part.info["rows_accepted"] + info["rows_accepted"],
        )
    run.tell("rows erased", table=table, rows=len(rows))
    return len(rows)


def _table(path: Path | None) -> pa.Table:
    return pq.read_table(path) if path else QUARANTINE.empty_table()


def _write_gone(run: Run, table: str, part: Part, rows: Sequence[int], to: Path) -> None:
    """The rows that go, under the table's columns: what readers made of them is to be made again."""
    path = run.lake.directory(table) / part.file
    cells = ", ".join(
        f'null::{kind} as "{name}"' if name in part.lacks else f'"{name}"'
        for name, kind in run.lake.manifest(table).columns.items()
    )
    run.con.register("rows_given", pa.table({"row_number": pa.array(rows, pa.int64())}))
    run.con.execute(f"""copy (
            select {cells}
            from read_parquet({quoted(path)}, file_row_number = true, hive_partitioning = false)
            where file_row_number + 1 in (select row_number from rows_given)
            order by file_row_number
        ) to {quoted(to)} (format parquet, compression zstd)""")
    run.con.unregister("rows_given")


def left_over(run: Run, records: str) -> int:
    """How many records in a relation are an erased person's who is not let back."""
    erased = filter_of(run)
    if not erased.tombstones:
        return 0
    [(count,)] = run.con.execute(f"""
        with named as (select distinct 'record' as kind, record_key as value from ({records}))
        select count(distinct value) from ({erased._hashed("named", "value")})
        semi join (from tombstones where until is null) using (hash)""").fetchall()
    return count


def forget_dropped(run: Run) -> None:
    """Let go of the rows that were taken out, once all that was made of them was made again."""
    for contract in connectors.contracts():
        if run.lake.manifest(f"raw.{contract.name}"):
            run.lake.forget_gone(f"raw.{contract.name}")
