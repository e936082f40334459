"""Trains the shipped model: a simulated company with households, and registers without.

    cdp simulate company --people 15000 --seed 2
    cdp run --exports company/exports --home home --as-of 2026-06-02
    python benchmarks/shipped_model.py --home home --febrl DIR --out trained.json

The Febrl directory holds dataset1.csv, dataset2.csv, dataset3.csv, dataset4a.csv and dataset4b.csv;
the social security number is left out. Neither truth is read. The same files and seed give the
same bytes. A home of one's own is trained on by `cdp train`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from dagster_project.catalog import load_catalog
from dagster_project.identity import population, train
from dagster_project.lake import Lake, connect, quoted
from dagster_project.settings import PROJECT, load_settings

READ_OF_HOME = (
    "person_records",
    "identifiers",
    "record_links",
    "area_regions",
    "latin_names",
    "judgements",
    "guard_corrections",
)

FEBRL = """
    select
        'febrl:' || parse_filename(filename, true) || ':' || trim(rec_id) as record_key,
        nullif(trim(given_name), '') as first_name,
        nullif(trim(surname), '') as last_name,
        nullif(trim(concat_ws(' ', trim(street_number), trim(address_1))), '') as street,
        nullif(trim(suburb), '') as city,
        nullif(trim(state), '') as region,
        nullif(trim(postcode), '') as postal_code,
        'AU' as country,
        try_strptime(nullif(trim(date_of_birth), ''), '%Y%m%d')::date as birth_on
    from read_csv({files}, all_varchar = true, header = true, normalize_names = true, filename = true)
"""


def load(con: duckdb.DuckDBPyConnection, home: Path, febrl: Path) -> None:
    """Makes the tables that training reads, from the records of the home and of Febrl's four sets."""
    settings = load_settings(directory=PROJECT, environment={}, home=home)
    lake = Lake(settings.lake)
    con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
    con.execute("create schema standard; create schema identity")
    for name in READ_OF_HOME:
        con.execute(f"create table standard.{name} as {lake.scan(f'standard.{name}')}")
    registers = FEBRL.format(files=quoted(febrl / "dataset*.csv"))
    con.execute(f"insert into standard.person_records by name {registers}")
    catalog = load_catalog(settings)
    needed = set(train.READS)
    for name in reversed(list(catalog)):
        if name in needed and name.startswith("identity."):
            needed |= set(catalog[name].inputs)
    for name, table in catalog.items():
        if name in needed and name.startswith("identity."):
            rows = table.model.sql if table.model else population.name_uses()
            con.execute(f"create table {name} as {rows}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="a home that `cdp run` filled")
    parser.add_argument("--febrl", type=Path, required=True, help="directory of Febrl's four data sets")
    parser.add_argument("--out", type=Path, required=True, help="where the model is written")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with connect() as con:
        load(con, options.home.resolve(), options.febrl)
        options.out.write_text(train.train(con, seed=options.seed), encoding="utf-8")


if __name__ == "__main__":
    main()
