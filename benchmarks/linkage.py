"""Linkage beside a plain Splink script with the same model, on the same records, in one run.

    python benchmarks/linkage.py --home DIR --truth FILE [--times N] [--repeat N] [--new PERCENT]
    python benchmarks/linkage.py --febrl DIR [--accuracy] [--drop]

A home is one that `cdp run` filled; the truth has `record_key` and `person_id`, as the simulator
writes it (records.parquet). The Febrl directory holds dataset1.csv, dataset2.csv, dataset3.csv,
dataset4a.csv and dataset4b.csv. Each variant runs in a process of its own, from the comparison records
to clusters. Prints processor seconds, peak memory above that of the loaded records, and pairwise
precision, recall and F1 against the truth.

--times N    the company and N - 1 more, whose people have other surnames, contacts and addresses
--repeat N   every record N times, as systems that export everything every night deliver it
--new P      P % of the records are new: linking those is compared with linking all
--drop       without a random 1 % of the records, five times: how far F1 moves
--accuracy   leaves the plain script out

The plain script is what Splink's own tutorials come to: every record is a node, the blocking rules
are joined as they are, and clusters are the connected components of the pairs above the threshold. What
is measured of ours includes the exact rules' links, the constraints, the links with their reasons and
the index for the next night.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker

from dagster_project.identity import accuracy, linking, model, nodes, population, profile_ids
from dagster_project.lake import Lake, quoted

SQL = Path(__file__).parents[1] / "sql"
MODELS = (
    "guard_rules",
    "nicknames",
    "folded_records",
    "name_uses",
    "dialled_numbers",
    "placed_numbers",
    "clean_records",
    "record_houses",
    "carried_identifiers",
    "identifier_guards",
    "record_identifiers",
    "comparison_records",
    "link_keys",
    "exact_links",
)
# The tables that linkage reads, with the columns that name a record and those that tell people apart.
LINKED = {
    "comparison_records": (
        ("record_key",),
        ("last_name", "email", "email_local", "phone", "street_name", "city", "postal_code"),
    ),
    "exact_links": (("left_record", "right_record"), ()),
    "record_identifiers": (("record_key",), ("target",)),
}
SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789"

FEBRL = {"1": "1", "2": "2", "3": "3", "4": "4[ab]"}
NO_CORRECTIONS = """
    create table standard.judgements (left_record text, right_record text, judgement text);
    create table standard.guard_corrections (
        kind text, value text, action text, limit_count integer, window_days integer
    );
"""


def load_home(con: duckdb.DuckDBPyConnection, home: Path, truth: Path) -> None:
    """What linkage reads, as the home's lake holds it."""
    lake = Lake(home / "lake")
    for table in (*LINKED, "guard_rules", "link_keys"):
        con.execute(f"create table identity.{table} as {lake.scan(f'identity.{table}')}")
    con.execute(
        f"create table truth as select record_key, person_id from read_parquet({quoted(truth)})"
    )


def load_febrl(con: duckdb.DuckDBPyConnection, directory: Path, number: str, seed: int = 0) -> None:
    """One of the four data sets as person records, without the social security number; with a seed,
    without a random 1 % of them."""
    files = quoted(directory / f"dataset{FEBRL[number]}.csv")
    con.execute(f"""
        create table standard.person_records as
        with cells as (
            select
                trim(rec_id) as rec_id,
                nullif(trim(given_name), '') as first_name,
                nullif(trim(surname), '') as last_name,
                nullif(trim(concat_ws(' ', trim(street_number), trim(address_1))), '') as street,
                nullif(trim(suburb), '') as city,
                nullif(trim(state), '') as region,
                nullif(trim(postcode), '') as postal_code,
                try_strptime(nullif(trim(date_of_birth), ''), '%Y%m%d')::date as birth_on
            from read_csv({files}, all_varchar = true, header = true, normalize_names = true)
        )
        select
            'febrl:person:' || rec_id as record_key, first_name, last_name,
            null::varchar as name_suffix, null::varchar as email, null::varchar as phone,
            street, city, region, postal_code, 'AU' as country, birth_on, null::timestamp as observed_at
        from cells
        where {seed} = 0 or hash(rec_id, {seed}) % 100 > 0
    """)
    con.execute("create table standard.identifiers (record_key text, kind text, value text)")
    con.execute("""
        create table standard.person_texts (record_key text, phone_texts text[], country_text text);
        create table standard.phone_numbers (phone_text text, country text, phone text);
        create schema raw;
        create table raw.settings as select 'AU' as default_country;
    """)
    con.execute("create table standard.area_regions (area_code text, region text)")
    con.execute("create table standard.latin_names (name_text text, latin_name text)")
    con.execute(
        "create table standard.record_links (record_key text, linked_record text, rule text)"
    )
    for name in MODELS:
        if name == "name_uses":
            sql = population.name_uses()
        else:
            sql = (SQL / "identity" / f"{name}.sql").read_text(encoding="utf-8")
        con.execute(f"create table identity.{name} as {sql}")
    con.execute("""
        create table truth as
        select record_key, regexp_extract(record_key, 'rec-([0-9]+)', 1) as person_id
        from standard.person_records
    """)


def multiply(con: duckdb.DuckDBPyConnection, *, times: int, repeat: int) -> None:
    """Makes the loaded records those of several companies, or every record several."""
    for name, (keys, values) in LINKED.items():
        copies = [f"select * from identity.{name}"]
        for copy in range(1, times):
            # other letters in the same places: as common and as long, and nobody's of the first company
            other = SIGNS[7 * copy % 36 :] + SIGNS[: 7 * copy % 36]
            changed = [f"'{copy}:' || {key} as {key}" for key in keys]
            changed += [f"translate({value}, '{SIGNS}', '{other}') as {value}" for value in values]
            copies.append(f"select * replace ({', '.join(changed)}) from identity.{name}")
        con.execute(f"create table identity.many as {' union all '.join(copies)}")
        con.execute(f"drop table identity.{name}")
        con.execute(f"alter table identity.many rename to {name}")
    if times > 1:
        con.execute(f"""
            insert into truth
            select copy || ':' || record_key, copy || ':' || person_id
            from truth cross join range(1, {times}) as copies (copy)
        """)
    if repeat > 1:
        copies = f"cross join range(1, {repeat}) as copies (copy)"
        con.execute(f"""
            insert into identity.comparison_records
            select * exclude (copy) replace (copy || ':' || record_key as record_key)
            from identity.comparison_records {copies};
            insert into identity.link_keys
            select * exclude (copy) replace (copy || ':' || record_key as record_key)
            from identity.link_keys {copies};
            insert into truth select copy || ':' || record_key, person_id from truth {copies};
        """)
        stars = (SQL / "identity" / "exact_links.sql").read_text(encoding="utf-8")
        con.execute(f"create or replace table identity.exact_links as {stars}")


def run_ours(con: duckdb.DuckDBPyConnection) -> None:
    linking.start(con, model=model.shipped())
    linking.resolve(con, model=model.shipped())


def run_plain_splink(con: duckdb.DuckDBPyConnection) -> None:
    chosen = model.shipped()
    con.execute("""
        create table plain_records as
        select row_number() over (order by record_key) as row_id, * from identity.comparison_records
    """)
    [(prior,)] = con.execute("select number from identity.population where kind = 'prior'").fetchall()
    api = DuckDBAPI(con)
    linker = Linker(
        api.register("plain_records", dataset_display_name="plain"),
        chosen.splink_settings(prior) | {"unique_id_column_name": "row_id"},
        log_level=logging.ERROR,
    )
    predictions = linker.inference.predict(
        threshold_match_weight=chosen.accept_weight, warning_mode="never"
    )
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predictions, threshold_match_weight=chosen.accept_weight
    )
    con.execute(f"""
        create table identity_clusters as
        select plain_records.record_key, clusters.cluster_id as cluster
        from {clusters.physical_name} as clusters inner join plain_records using (row_id)
    """)


def open_loaded(load: tuple, *, times: int = 1, repeat: int = 1) -> duckdb.DuckDBPyConnection:
    """A database with what linkage reads, and the stored facts of that population."""
    con = duckdb.connect(config={"threads": 2})
    con.execute("set enable_progress_bar = false; create schema standard; create schema identity")
    con.execute((SQL / "functions.sql").read_text(encoding="utf-8"))
    con.execute(NO_CORRECTIONS)
    load[0](con, *load[1:])
    multiply(con, times=times, repeat=repeat)
    measured = population.measure(con, model=model.shipped())
    con.execute(f"create table identity.population as {measured}")
    return con


def measure(load: tuple, options: dict, run) -> tuple[float, float, float, accuracy.Score]:
    """One variant: CPU s, wall s, MiB above the load, score."""
    with open_loaded(load, **options) as con:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = time.process_time(), time.perf_counter()
        run(con)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        return cpu, wall, memory, accuracy.score(con, "identity_clusters", "truth")


def in_its_own_process(*arguments):
    """Runs `measure` in a fresh process, so that memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def compare(title: str, load: tuple, options: dict, *, accuracy_only: bool) -> None:
    variants = {"ours": run_ours} | ({} if accuracy_only else {"plain Splink": run_plain_splink})
    print(title)
    seconds = {}
    for name, run in variants.items():
        cpu, wall, memory, score = in_its_own_process(load, options, run)
        seconds[name] = cpu
        print(
            f"  {name:13} {cpu:7.1f} CPU s {wall:7.1f} s {memory:7.0f} MiB"
            f"   precision {score.precision:.4f} recall {score.recall:.4f} F1 {score.f1:.4f}"
            f"   largest cluster {score.largest_cluster} (true {score.largest_person})",
            flush=True,
        )
    if not accuracy_only:
        print(f"  plain / ours  {seconds['plain Splink'] / seconds['ours']:7.1f} x CPU")


def drop_some(title: str, load: tuple) -> None:
    """How far F1 moves when a random 1 % of the records is missing."""
    found = [in_its_own_process((*load, seed), {}, run_ours)[-1].f1 for seed in range(6)]
    moved = max(abs(f1 - found[0]) for f1 in found[1:])
    print(f"{title}: F1 moves by {moved:.4f} at most without 1 % of the records, five draws", flush=True)


def link_what_is_new(title: str, load: tuple, options: dict, *, percent: float) -> None:
    """Linking some new records to all others against linking all from nothing, from and to Parquet."""
    chosen = model.shipped()
    with open_loaded(load, **options) as con, tempfile.TemporaryDirectory() as place:
        for name in LINKED:
            con.execute(f"copy identity.{name} to '{place}/{name}.parquet' (compression zstd)")
            con.execute(f"drop table identity.{name}")

        def view(*, with_new: bool) -> None:
            for name, (keys, _) in LINKED.items():
                kept = " and ".join(f"not {is_new(key)}" for key in keys)
                con.execute(
                    f"create or replace view identity.{name} as from '{place}/{name}.parquet' "
                    + ("" if with_new else f"where {kept}")
                )

        def is_new(key: str) -> str:
            return f"hash({key}) % 10000 < {round(percent * 100)}"

        def seconds(work) -> float:
            cpu = time.process_time()
            work()
            return time.process_time() - cpu

        view(with_new=False)
        whole = seconds(lambda: run_ours(con))
        kept = {"links": "left_record", "clusters": "record_key", "blocks": "node_id"}
        for name, order in kept.items():
            con.execute(f"copy (from identity_{name} order by {order}) to '{place}/{name}.parquet'")
            con.execute(f"create or replace temp view {name}_before as from '{place}/{name}.parquet'")
        profile_ids.start(con)
        carry(con, "select record_key, cluster from clusters_before")
        con.execute("insert into previous_profile_records from profile_records_next")
        con.execute("insert into issued_profile_ids from issued_profile_ids_next")
        view(with_new=True)
        changes = {
            "identity.comparison_records": "from identity.comparison_records"
            f" where {is_new('record_key')}",
            "identity.exact_links": f"from identity.exact_links where {is_new('left_record')}"
            f" or {is_new('right_record')}",
        }
        for number, (name, relation) in enumerate(list(changes.items())):
            con.execute(f"create temp table new_rows_{number} as {relation}")
            changes[name] = [f"from new_rows_{number}"]

        def night() -> None:
            nodes.touch(con, changes)
            linking.resolve(con, model=chosen)

        new = seconds(night)
        print(f"{title}, {percent} % of the records new")
        print(f"  from nothing {whole:7.1f} CPU s\n  what is new  {new:7.1f} CPU s")
        print(f"  from nothing / what is new {whole / new:5.1f} x CPU")
        carry(
            con,
            """
            select record_key, cluster from clusters_before
            where record_key not in (from identity_cluster_keys)
            union all
            select record_key, cluster from identity_clusters
            """,
        )
        [(changed, known)] = con.execute("""
            select count(*) filter (where before.profile_id <> next.profile_id), count(*)
            from previous_profile_records as before
            inner join profile_records_next as next using (record_key)
        """).fetchall()
        print(f"  {changed:,} of {known:,} records known before have another profile id", flush=True)


def carry(con: duckdb.DuckDBPyConnection, clusters: str) -> None:
    """Gives the clusters profile ids, those of the state where they are known."""
    con.execute(f"create or replace table identity_clusters_tonight as {clusters}")
    profile_ids.carry(con, run_id="night", as_of=datetime(2026, 6, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home that `cdp run` filled")
    parser.add_argument("--truth", type=Path, help="Parquet file with record_key and person_id")
    parser.add_argument("--febrl", type=Path, help="directory of Febrl's four data sets")
    parser.add_argument("--accuracy", action="store_true", help="leave the plain script out")
    parser.add_argument("--drop", action="store_true", help="Febrl without 1 % of its records")
    parser.add_argument("--times", type=int, default=1, help="as many companies as this")
    parser.add_argument("--repeat", type=int, default=1, help="every record as often as this")
    parser.add_argument("--new", type=float, help="percentage of records that are new")
    options = parser.parse_args()
    if bool(options.home) != bool(options.truth) or not (options.home or options.febrl):
        parser.error("give --home and --truth, or --febrl, or all three")
    if options.home:
        load, size = (load_home, options.home, options.truth), {"times": options.times}
        title = f"the company {options.times} times" if options.times > 1 else "the company"
        if options.new:
            link_what_is_new(title, load, size, percent=options.new)
        else:
            size["repeat"] = options.repeat
            title += f", every record {options.repeat} times" if options.repeat > 1 else ""
            compare(title, load, size, accuracy_only=options.accuracy)
    for number in FEBRL if options.febrl else ():
        load = (load_febrl, options.febrl, number)
        if options.drop:
            drop_some(f"Febrl {number}", load)
        else:
            compare(f"Febrl {number}", load, {}, accuracy_only=options.accuracy)


if __name__ == "__main__":
    main()
