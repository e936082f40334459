"""Records of people, given as a few fields and run through the SQL models and the shipped model."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project import normalise
from dagster_project.identity import linking, model, population

SQL = Path(__file__).parents[2] / "sql"
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
FIELDS = (
    "first_name",
    "last_name",
    "name_suffix",
    "email",
    "phone",
    "phone_text",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "birth_on",
    "observed_at",
)


@pytest.fixture
def con():
    """An in-memory database as the pipeline opens it."""
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("set threads = 2; create schema standard; create schema identity")
        connection.execute("create schema raw; create table raw.settings as select 'US' as default_country")
        connection.execute((SQL / "functions.sql").read_text(encoding="utf-8"))
        yield connection


@pytest.fixture
def load(con):
    """load(records, identifiers=…, record_links=…) fills `con`: see _load."""
    return partial(_load, con)


@pytest.fixture
def resolve(con):
    """resolve() links what was loaded with the shipped model and returns the clusters."""

    def run(chosen=None):
        chosen = chosen or model.shipped()
        measured = population.measure(con, model=chosen)
        con.execute(f"create or replace table identity.population as {measured}")
        linking.start(con, model=chosen)
        linking.resolve(con, model=chosen)
        return _clusters(con)

    return run


def _load(con, records, *, identifiers=(), record_links=(), judgements=(), guards=()):
    """Makes the standard tables that identity reads, and every identity model.

    `records` maps a record key to its fields; what is not given is null. Identifiers are
    (record_key, kind, value) and are completed by each record's own e-mail and phone; `phone_text` is a
    number as it was written by whoever told no country; links are
    (record, linked record, rule), judgements (left, right, 'same' or 'different') and guards (kind,
    value, action, limit, days).
    """
    rows = [{"record_key": key, **_fields(fields)} for key, fields in records.items()]
    found = [
        (row["record_key"], kind, row[kind])
        for row in rows
        for kind in ("email", "phone")
        if row[kind]
    ]
    types = {"birth_on": pa.date32(), "observed_at": pa.timestamp("us")}
    schema = pa.schema([(n, types.get(n, pa.string())) for n in ("record_key", *FIELDS)])
    _make(con, "standard.person_records", pa.Table.from_pylist(rows, schema=schema))
    _make(
        con,
        "standard.identifiers",
        _texts(("record_key", "kind", "value"), sorted({*found, *identifiers})),
    )
    _make(
        con,
        "standard.record_links",
        _texts(("record_key", "linked_record", "rule"), record_links),
    )
    spelt = [(row["record_key"], [row["phone_text"]]) for row in rows if row["phone_text"]]
    _make(
        con,
        "standard.person_texts",
        pa.table({
            "record_key": pa.array([key for key, _ in spelt], pa.string()),
            "phone_texts": pa.array([texts for _, texts in spelt], pa.list_(pa.string())),
            "country_text": pa.nulls(len(spelt), pa.string()),
        }),
    )
    _make(
        con,
        "standard.phone_numbers",
        _texts(
            ("phone_text", "country", "phone"),
            sorted((text, "US", normalise.phone(text, "US")) for text in {one for _, [one] in spelt}),
        ),
    )
    codes = sorted({row["phone"][:5] for row in rows if (row["phone"] or "").startswith("+1")})
    _make(
        con,
        "standard.area_regions",
        _texts(("area_code", "region"), [(code, normalise.area_region(code)) for code in codes]),
    )
    unfolded = (SQL / "standard" / "unfolded_names.sql").read_text(encoding="utf-8")
    names = [name for (name,) in con.execute(unfolded).fetchall()]
    _make(
        con,
        "standard.latin_names",
        _texts(("name_text", "latin_name"), [(name, normalise.latin(name)) for name in names]),
    )
    _make(
        con,
        "standard.judgements",
        _texts(("left_record", "right_record", "judgement"), judgements),
    )
    columns = ("kind", "value", "action", "limit_count", "window_days", "reason")
    given = [dict(zip(columns, (*guard, "asked for"), strict=True)) for guard in guards]
    types |= {"limit_count": pa.int32(), "window_days": pa.int32()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
    _make(con, "standard.guard_corrections", pa.Table.from_pylist(given, schema=schema))
    for name in MODELS:
        if name == "name_uses":
            sql = population.name_uses()
        else:
            sql = (SQL / "identity" / f"{name}.sql").read_text(encoding="utf-8")
        con.execute(f"create or replace table identity.{name} as {sql}")


def _make(con, name, table):
    con.register("given_rows", table)
    con.execute(f"create or replace table {name} as select * from given_rows")
    con.unregister("given_rows")


def _texts(columns, rows):
    schema = pa.schema([(name, pa.string()) for name in columns])
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(records, schema=schema)


def _fields(fields):
    unknown = set(fields) - set(FIELDS)
    assert not unknown, unknown
    values = dict.fromkeys(FIELDS) | {"country": "US"} | fields
    if isinstance(values["birth_on"], str):
        values["birth_on"] = date.fromisoformat(values["birth_on"])
    return values


def _clusters(con):
    """The clusters as a set of sets of record keys."""
    rows = con.execute("select list(record_key) from identity_clusters group by cluster").fetchall()
    return {frozenset(keys) for (keys,) in rows}
