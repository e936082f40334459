"""Proof, every night, that going on from the last night gave what a run from nothing gives.

A few components are chosen by a hash that changes from run to run. From the raw rows of their records
on, every model of the way to linkage is computed again for them, then their pairs are scored and their
components decided again; whatever differs from what the lake holds fails the run before anything is
published. What is replayed is only read here: how tables are made is said elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from dagster_project.identity import linking, nodes
from dagster_project.identity.tables import LINKAGE_INPUTS, LINKED, chosen_model
from dagster_project.lake import quoted
from dagster_project.making import Table
from dagster_project.run import Run
from dagster_project.sql_models import SqlModel

COMPONENTS = 3
"""How many components of several records are replayed in a night."""

LARGEST = 200
"""Components of more records are left to the tests."""


class ReplayError(Exception):
    """What was made in parts differs from what its rows give when computed again. Says which table."""


@dataclass(frozen=True)
class Replayed:
    """What was computed again: records, and the tables that came out the same."""

    records: int
    tables: tuple[str, ...]


def replay(run: Run, catalog: dict[str, Table]) -> Replayed:
    """Compute a few components again from raw. Raises ReplayError where the lake holds other rows."""
    count = _choose(run)
    replayed: dict[str, SqlModel] = {}
    for table in _way_to_linkage(catalog):
        if table.model and table.model.partition:
            _replay_model(run, table.model, replayed)
            replayed[table.name] = table.model
    for name in LINKAGE_INPUTS:
        run.view(name)
        if name in replayed:
            _view_replayed(run, replayed[name], "")
    _replay_linkage(run)
    return Replayed(count, (*replayed, *LINKED))


def _choose(run: Run) -> int:
    """Makes replay_records (record_key): all records of the chosen components."""
    clusters = run.lake.scan("identity.clusters")
    run.con.execute(
        f"""
        create or replace temp table replay_records as
        with chosen as (
            select component from ({clusters})
            group by component
            having count(*) between 2 and {LARGEST}
            order by md5(component || $salt)
            limit {COMPONENTS}
        )
        select record_key from ({clusters}) where component in (from chosen)
        """,
        {"salt": run.inputs},
    )
    return run.con.execute("select count(*) from replay_records").fetchall()[0][0]


def _way_to_linkage(catalog: dict[str, Table]) -> list[Table]:
    """Every table that linkage depends on, in the order in which they are made."""
    needed = set(LINKAGE_INPUTS)
    for name in reversed(list(catalog)):
        if name in needed:
            needed |= set(catalog[name].inputs)
    return [table for name, table in catalog.items() if name in needed]


def _replay_model(run: Run, one: SqlModel, replayed: dict[str, SqlModel]) -> None:
    """Compute the model's rows for the chosen records again, into replay_<layer>_<model>, from replayed
    inputs where there are, and compare them with the lake's."""
    con, partition, name = run.con, one.partition, _short(one.table)
    columns = run.lake.manifest(one.table).columns
    sources = []
    if partition == "record_key":
        sources.append("select record_key as value from replay_records")
    elif "record_key" in columns:
        sources.append(
            f"select {partition} from ({run.lake.scan(one.table)})"
            " where record_key in (from replay_records)"
        )
    for source in replayed:
        has = {partition, "record_key"} <= set(run.lake.manifest(source).columns)
        if source in one.reads and has and partition != "record_key":
            sources.append(
                f"select {partition} from replay_{_short(source)}"
                " where record_key in (from replay_records)"
            )
    if not sources:
        sources.append("select null where false")
    con.execute(
        f"create or replace temp table replay_values_{name} as "
        f"select distinct value from ({' union all '.join(sources)}) as found (value)"
    )
    for source in one.reads:
        has_partition = partition in run.lake.manifest(source).columns
        only = f"where {partition} in (from replay_values_{name})" if has_partition else ""
        if source in replayed:
            _view_replayed(run, replayed[source], only)
        else:
            run.view(source, only=only)
    con.execute(f"create or replace temp table replay_{name} as {one.sql}")
    scan = run.lake.scan(one.table)
    kept = f"(select * from ({scan}) where {partition} in (from replay_values_{name}))"
    _compare(run, one.table, f"replay_{name}", kept)


def _view_replayed(run: Run, one: SqlModel, only: str) -> None:
    """The view of a table in which the replayed rows stand in place of the lake's."""
    name = _short(one.table)
    run.show(
        one.table,
        f"select * from (select * from ({run.lake.scan(one.table)})"
        f" where {one.partition} is null or {one.partition} not in (from replay_values_{name})"
        f" union all by name from replay_{name}) {only}"
    )


def _replay_linkage(run: Run) -> None:
    """Score and decide the chosen records again, as if all of them had changed."""
    con = run.con
    for name in ("identity.links", "identity.clusters", "index.blocks"):
        view = name.partition(".")[2] + "_before"
        con.execute(f"create or replace temp view {view} as {run.lake.scan(name)}")
    nodes.touch(con, {"identity.comparison_records": ["from replay_records"]})
    linking.resolve(con, model=chosen_model(run))
    for name, (_, grain, rows) in LINKED.items():
        key = grain[0]
        kept = f"(select * from ({run.lake.scan(name)}) where {key} in (select {key} from {rows.keys}))"
        _compare(run, name, rows.relation, kept)


def _compare(run: Run, table: str, found: str, kept: str) -> None:
    names = ", ".join(f'"{name}"' for name in run.lake.manifest(table).columns)
    [(differing,)] = run.con.execute(f"""
        select count(*) from (
            (select {names} from {found} except all select {names} from {kept})
            union all
            (select {names} from {kept} except all select {names} from {found})
        )
    """).fetchall()
    if differing:
        raise ReplayError(
            f"{table} holds {differing} rows for a sample of people that computing them again from the "
            "raw rows does not give. Nothing was published. Remove its folder in the lake and run again "
            f"to make it anew, and report this: a part of {quoted(table)} was made wrongly"
        )


def _short(table: str) -> str:
    return table.replace(".", "_")
