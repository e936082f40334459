"""The scoreboard's nights through other systems: plain Splink and goldenmatch, scored as ours are.

    cdp scoreboard --people 2000 --nights 3 --scenario none --keep --out DIR
    python benchmarks/other_systems.py splink --out DIR
    cdp scoreboard --out DIR --links DIR/splink.csv

Each night a system gets what our own linkage gets, names, addresses and identifiers read and cleaned
(standard.person_records as published in that night), and says which entity each record is: what it
would do with the files itself is not asked. Plain Splink is the script of benchmarks/linkage.py, our
model and blocking rules without exact rules and constraints. goldenmatch configures itself, and keeps
its entities in its own identity graph from night to night. It is no requirement of the project: install
it apart, and call this with that environment's interpreter.

    python3 -m venv GM && GM/bin/pip install 'goldenmatch[polars]'
    GM/bin/python benchmarks/other_systems.py goldenmatch --out DIR
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa

COLUMNS = (
    "first_name", "last_name", "name_suffix", "email", "phone", "street", "city", "region",
    "postal_code", "country", "birth_on::varchar as birth_on",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("--out", type=Path, required=True, help="where `cdp scoreboard --keep` kept its company")
    chosen = parser.parse_args()
    links = chosen.out / f"{chosen.system}.csv"
    (chosen.out / "goldenmatch.db").unlink(missing_ok=True)
    with duckdb.connect() as con:
        con.execute("create table links (night date, record_key varchar, entity_id varchar)")
        for night, database in published(chosen.out / "company" / "home"):
            began = time.process_time()
            entities = SYSTEMS[chosen.system](database, chosen.out)  # noqa: F841 read by the next line
            con.execute("insert into links select $night::date, record_key, entity_id from entities", {"night": night})
            print(f"{night}: {time.process_time() - began:.1f} CPU s", flush=True)
        con.execute(f"copy (from links order by all) to '{links}'")
    print(f"now: cdp scoreboard --out {chosen.out} --links {links}")


def published(home: Path) -> list[tuple[str, Path]]:
    """Each night's database; its run speaks for the day after."""
    found = []
    for database in sorted(home.glob("warehouse/*-*/customers.duckdb")):
        with duckdb.connect(str(database), read_only=True) as con:
            [(night,)] = con.execute("select max(as_of) - 1 from runs").fetchall()
        found.append((str(night)[:10], database))
    return sorted(found)


def splink(database: Path, place: Path) -> pa.Table:
    """The clusters of the pairs above our threshold, each by its least record."""
    import linkage

    with duckdb.connect(config={"threads": 2}) as con:
        con.execute(f"attach '{database}' as published (read_only)")
        con.execute("create schema identity")
        for name in ("comparison_records", "population"):
            con.execute(f"create table identity.{name} as from published.identity.{name}")
        linkage.run_plain_splink(con)
        return con.sql(
            """select record_key, min(record_key) over (partition by coalesce(cluster::varchar, record_key)) as entity_id
            from published.identity.comparison_records left join identity_clusters using (record_key)"""
        ).to_arrow_table()


def goldenmatch(database: Path, place: Path) -> pa.Table:
    """The entities of its identity graph, which lies beside the links. It asks for everything anew each
    night; what its graph says of who was there before decides the ids."""
    try:
        import goldenmatch as gm
        from goldenmatch.config.schemas import IdentityConfig
    except ImportError:
        sys.exit(f"goldenmatch is not installed for {sys.executable}: the head of this file says how")
    with duckdb.connect(str(database), read_only=True) as con:
        records = con.sql(
            f"select record_key, {', '.join(COLUMNS)} from standard.person_records order by record_key"
        ).to_arrow_table()
    config = gm.auto_configure_df(records.drop_columns("record_key"))
    graph = place / "goldenmatch.db"
    config.identity = IdentityConfig(
        enabled=True, path=str(graph), source_pk_column="record_key", dataset="company"
    )
    gm.dedupe_df(records, config=config)
    with closing(sqlite3.connect(graph)) as told:
        rows = told.execute("select source_pk, entity_id from source_records").fetchall()
    return pa.table(dict(zip(("record_key", "entity_id"), zip(*rows))))


SYSTEMS: dict[str, Callable] = {"splink": splink, "goldenmatch": goldenmatch}

if __name__ == "__main__":
    main()
