"""Linkage beside a plain Splink script with the same model, on the same records, in one run.

    python benchmarks/linkage.py --home DIR --truth records.parquet
    python benchmarks/linkage.py --febrl DIR [--accuracy]

A home is one that `cdp run` filled; the truth has `record_key` and `person_id`, as the simulator
writes it. The Febrl directory holds dataset1.csv, dataset2.csv, dataset3.csv, dataset4a.csv and
dataset4b.csv. Each variant runs in a process of its own, from the comparison records in memory to
clusters. Prints processor seconds, peak memory above that of the loaded records, and pairwise
precision, recall and F1 against the truth; `--accuracy` leaves the plain script out.

The plain script is what Splink's own tutorials come to: every record is a node, the blocking rules
are joined as they are, and clusters are the connected components of the pairs above the threshold.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import resource
import time
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker

from dagster_project.identity import linking, model, scoring
from dagster_project.lake import Lake, quoted

SQL = Path(__file__).parents[1] / "sql"
MODELS = (
    "junk_values",
    "nicknames",
    "mailboxes",
    "clean_records",
    "identifier_guards",
    "comparison_records",
    "exact_links",
)
FEBRL = {"1": "1", "2": "2", "3": "3", "4": "4[ab]"}


def load_home(con: duckdb.DuckDBPyConnection, home: Path, truth: Path) -> None:
    lake = Lake(home / "lake")
    for table in ("person_records", "identifiers", "record_links"):
        con.execute(f"create table standard.{table} as {lake.scan(f'standard.{table}')}")
    con.execute(
        f"create table truth as select record_key, person_id from read_parquet({quoted(truth)})"
    )


def load_febrl(con: duckdb.DuckDBPyConnection, directory: Path, number: str) -> None:
    """One of the four data sets as person records, without the social security number."""
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
            street, city, region, postal_code, 'AU' as country, birth_on
        from cells
    """)
    con.execute("create table standard.identifiers (record_key text, kind text, value text)")
    con.execute(
        "create table standard.record_links (left_record text, right_record text, rule text)"
    )
    con.execute("""
        create table truth as
        select record_key, regexp_extract(record_key, 'rec-([0-9]+)', 1) as person_id
        from standard.person_records
    """)


def run_ours(con: duckdb.DuckDBPyConnection) -> None:
    linking.resolve(con, model=model.shipped())


def run_plain_splink(con: duckdb.DuckDBPyConnection) -> None:
    chosen = model.shipped()
    con.execute("""
        create table plain_records as
        select row_number() over (order by record_key) as node, * from identity.comparison_records
    """)
    [(count,)] = con.execute("select count(*) from plain_records").fetchall()
    api = DuckDBAPI(con)
    linker = Linker(
        api.register("plain_records", dataset_display_name="plain"),
        chosen.splink_settings(count),
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
        from {clusters.physical_name} as clusters inner join plain_records using (node)
    """)


def measure(name: str, load: tuple, run, results: multiprocessing.Queue) -> None:
    """One variant in its own process; puts (name, CPU s, wall s, MiB above the load, score)."""
    with duckdb.connect(config={"threads": 2}) as con:
        con.execute("create schema standard; create schema identity")
        con.execute((SQL / "functions.sql").read_text(encoding="utf-8"))
        load[0](con, *load[1:])
        for model_name in MODELS:
            sql = (SQL / "identity" / f"{model_name}.sql").read_text(encoding="utf-8")
            con.execute(f"create table identity.{model_name} as {sql}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = time.process_time(), time.perf_counter()
        run(con)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        results.put((name, cpu, wall, memory, scoring.score(con, "identity_clusters", "truth")))


def compare(title: str, load: tuple, *, accuracy_only: bool) -> None:
    variants = {"ours": run_ours} | ({} if accuracy_only else {"plain Splink": run_plain_splink})
    spawn = multiprocessing.get_context("spawn")
    print(title)
    seconds = {}
    for name, run in variants.items():
        results = spawn.Queue()
        process = spawn.Process(target=measure, args=(name, load, run, results))
        process.start()
        name, cpu, wall, memory, score = results.get()
        process.join()
        seconds[name] = cpu
        print(
            f"  {name:13} {cpu:7.1f} CPU s {wall:7.1f} s {memory:7.0f} MiB"
            f"   precision {score.precision:.4f} recall {score.recall:.4f} F1 {score.f1:.4f}"
            f"   largest cluster {score.largest_cluster} (true {score.largest_person})"
        )
    if not accuracy_only:
        print(f"  plain / ours  {seconds['plain Splink'] / seconds['ours']:7.1f} x CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home that `cdp run` filled")
    parser.add_argument("--truth", type=Path, help="Parquet file with record_key and person_id")
    parser.add_argument("--febrl", type=Path, help="directory of Febrl's four data sets")
    parser.add_argument("--accuracy", action="store_true", help="leave the plain script out")
    options = parser.parse_args()
    if bool(options.home) != bool(options.truth) or not (options.home or options.febrl):
        parser.error("give --home and --truth, or --febrl, or all three")
    if options.home:
        load = (load_home, options.home, options.truth)
        compare(f"{options.home}", load, accuracy_only=options.accuracy)
    for number in FEBRL if options.febrl else ():
        load = (load_febrl, options.febrl, number)
        compare(f"Febrl {number}", load, accuracy_only=options.accuracy)


if __name__ == "__main__":
    main()
