"""Rows in, rows out: a model's own SQL over the few rows that a test gives it.

Columns that a test does not name are null, tables that it does not name are empty. The types of the
input tables are those of a job run once on an empty folder, so no test repeats a schema.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

import connectors
from dagster_project.catalog import load_catalog
from dagster_project.lake import connect
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, Settings
from dagster_project.sql_models import load_models

SQL = PROJECT / "sql"
AS_OF = datetime(2026, 6, 2)
ALWAYS = {
    "raw.as_of": [{"as_of": AS_OF}],
    "raw.settings": [
        {
            "default_country": "US",
            "default_currency": "USD",
            "reporting_currency": "USD",
            "visitor_cookies": ["vid", "_ga"],
            "site_hosts": ["shop.example"],
            "holdout_share": 0.1,
        }
    ],
}


@pytest.fixture(scope="session")
def schemas(tmp_path_factory) -> dict[str, dict[str, str]]:
    """Table -> column -> type, of a company that delivered nothing."""
    place: Path = tmp_path_factory.mktemp("empty")
    (place / "exports").mkdir()
    settings = Settings(exports=place / "exports", home=place / "home")
    with open_run(settings, as_of=date(2026, 6, 2)) as run:
        for table in load_catalog(settings).values():
            table.make(run)
        return {name: run.lake.manifest(name).columns for name in run.lake.tables()}


@pytest.fixture(scope="session")
def engine():
    con = connect(threads=2)
    con.execute((SQL / "functions.sql").read_text(encoding="utf-8"))
    yield con
    con.close()


@pytest.fixture(scope="session")
def models():
    return load_models(SQL)


@pytest.fixture
def made(engine, schemas, models):
    """made("golden.orders", {"standard.orders": [{…}]}, "order_id, net") -> sorted tuples.

    `through` names models between the given tables and the model, in the order of their making.
    """
    def make(model, given, columns="*", *, where="true", through=()):
        computed = (*through, model)
        needed = set().union(*(models[name].dependencies for name in computed))
        unused = set(given) - needed
        assert not unused, f"{model} does not read {', '.join(sorted(unused))}"
        for name in needed - set(computed):
            _fill(engine, name, schemas[name], given.get(name, ALWAYS.get(name, [])))
        for name in computed:
            _create(engine, name, f"as {models[name].sql}")
        rows = f"select {columns} from {model} where {where} order by all"
        return engine.execute(rows).fetchall()

    return make


def _create(con, table, definition):
    con.execute(f"create schema if not exists {table.partition('.')[0]}")
    con.execute(f"create or replace table {table} {definition}")


def _fill(con, table, columns, rows):
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    _create(con, table, f"({declared})")
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        con.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))
    for contract in connectors.contracts():
        if table == f"raw.{contract.name}":
            made = [*contract.keys, *((("occurred_on", contract.day),) if contract.day else ())]
            for name, sql in made:
                con.execute(f'update {table} set "{name}" = {sql}')
