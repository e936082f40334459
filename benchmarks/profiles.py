"""One person's whole profile out of a large published database, beside look-ups by an index.

    python benchmarks/profiles.py --home HOME [--times 10]

Writes the tables that a profile is read from many times over, under other ids, into a database as publishing
writes it and into one with an index on every key; reads the same people from both, warm, and prints the
median times and their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

from dagster_project.lake import quoted
from dagster_project.profile import load_profile
from dagster_project.publish import ROW_GROUP, STORAGE_VERSION
from dagster_project.settings import load_settings

TABLES = (
    *("profiles", "profile_records", "profile_attributes", "profile_emails", "profile_phones"),
    *("profile_traits", "customer_facts", "orders", "consents", "segment_members", "events", "links"),
)
PEOPLE = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--home", type=Path, required=True, help="a home with a published database")
    parser.add_argument("--times", type=int, default=10, help="how often the people are written")
    chosen = parser.parse_args()
    source = load_settings(environment={}, home=chosen.home).database
    with tempfile.TemporaryDirectory(prefix="profiles-") as place:
        sorted_file, indexed = Path(place) / "sorted.duckdb", Path(place) / "indexed.duckdb"
        counts = multiply(source, sorted_file, chosen.times)
        add_indexes(sorted_file, indexed)
        print(f"{counts['profiles']:,} profiles, {counts['events']:,} events")
        with (
            duckdb.connect(str(sorted_file), read_only=True) as plain,
            duckdb.connect(str(indexed), read_only=True) as keyed,
        ):
            people = [
                row[0]
                for row in plain.execute(
                    f"select profile_id from profiles order by hash(profile_id) limit {PEOPLE}"
                ).fetchall()
            ]
            assert [load_profile(plain, one) for one in people[:20]] == [
                load_profile(keyed, one) for one in people[:20]
            ]
            # Both are read in turn, so that whatever else the machine does slows both.
            times = [(spent(plain, one), spent(keyed, one)) for one in people]
    for name, part in (("median", 2), ("fastest tenth", 10)):
        ours, theirs = (sorted(column)[len(times) // part] * 1000 for column in zip(*times))
        print(f"one whole profile, {name}: {ours:.1f} ms as published, {theirs:.1f} ms by index, "
              f"ratio {ours / theirs:.2f}")


def multiply(source: Path, target: Path, times: int) -> dict[str, int]:
    """The published tables of `source`, `times` over, each copy under ids of its own."""
    counts = {}
    with duckdb.connect() as con:
        con.execute("set threads = 2; set preserve_insertion_order = false")
        con.execute(f"attach {quoted(source)} as source (read_only)")
        con.execute(
            f"attach {quoted(target)} as target "
            f"(storage_version {quoted(STORAGE_VERSION)}, row_group_size {ROW_GROUP})"
        )
        for table in TABLES:
            columns = [row[0] for row in con.execute(f"describe source.{table}").fetchall()]
            changed = [column for column in columns if column in _KEYS]
            shown = ", ".join(f"{_KEYS[column]} as {column}" for column in changed)
            con.execute(
                f"""create table target.{table} as
                select * replace ({shown}) from source.{table} cross join range({times}) as copies (copy)
                order by profile_id"""
            )
            found = con.execute(f"select count(*) from target.{table}").fetchall()
            counts[table] = found[0][0]
    return counts


_RECORD = "{0} || '~' || copy"
_KEYS = {
    "profile_id": "'p' || left(md5(profile_id || copy), 16)",
    "record_key": _RECORD.format("record_key"),
    "left_record": _RECORD.format("left_record"),
    "right_record": _RECORD.format("right_record"),
    "event_id": _RECORD.format("event_id"),
    "order_id": _RECORD.format("order_id"),
}


def add_indexes(source: Path, target: Path) -> None:
    """The same tables with an index on the key by which a profile is read."""
    with duckdb.connect() as con:
        con.execute("set threads = 2")
        con.execute(f"attach {quoted(source)} as source (read_only)")
        con.execute(f"attach {quoted(target)} as target")
        for table in TABLES:
            con.execute(f"create table target.{table} as from source.{table}")
            con.execute(f"create index by_{table} on target.{table} (profile_id)")


def spent(con: duckdb.DuckDBPyConnection, profile_id: str) -> float:
    """Seconds for one profile, the second time."""
    load_profile(con, profile_id)
    began = time.perf_counter()
    load_profile(con, profile_id)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
