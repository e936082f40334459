"""Incremental equals full: whatever came, went or changed, in whatever steps, linking only that gives
the rows of a run from nothing with the same model and the same stored facts."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.identity import linking, model, population
from dagster_project.identity.nodes import touch

RESULTS = {
    "links": ("left_record", "identity_link_keys"),
    "clusters": ("record_key", "identity_cluster_keys"),
    "bridges": ("cluster", "identity_bridge_keys"),
    "blocks": ("node_id", "identity_block_keys"),
    "skipped_blocks": ("block", "identity_skipped_block_keys"),
}
INPUTS = ("comparison_records", "exact_links", "record_identifiers")
FIRSTS = ["John", "Jane", "J", "Johnny", "Emma", "Olivia", None, "Jon", "Abbott"]
LASTS = ["Abbott", "Baker", "Cox", "Abbot", None]
# blocks of more than five records are skipped, so that blocks cross the limit all the time
MODEL = dataclasses.replace(model.shipped(), block_limit=5)


def _record(rng):
    family = rng.randrange(4)
    return {
        "first_name": rng.choice(FIRSTS),
        "last_name": rng.choice(LASTS),
        "name_suffix": rng.choice([None, None, None, "Jr", "Sr"]),
        "email": rng.choice([None, f"us{family}@mail.com", f"own{rng.randrange(8)}@mail.com"]),
        "phone": rng.choice([None, f"+1212555010{family}"]),
        "street": rng.choice([None, f"{family + 1} Oak Street"]),
        "postal_code": rng.choice([None, "45402"]),
        "city": rng.choice([None, "Dayton"]),
        "birth_on": rng.choice([None, "1984-07-09", "1951-12-24"]),
    }


def _night(rng, world):
    """The next night's records and decisions: some come, some go, some are changed."""
    records, judgements, links = dict(world["records"]), set(world["judgements"]), set(world["links"])
    for _ in range(rng.randrange(1, 6)):
        records[f"r{rng.randrange(40):02}"] = _record(rng)
    for key in rng.sample(sorted(records), min(len(records), rng.randrange(0, 4))):
        if rng.random() < 0.5:
            del records[key]
        else:
            field = rng.choice(["first_name", "email", "phone", "birth_on"])
            records[key] = records[key] | {field: _record(rng)[field]}
    pair = tuple(sorted(rng.sample([f"r{n:02}" for n in range(40)], 2)))
    if rng.random() < 0.5:
        judgements = {j for j in judgements if j[:2] != pair}
        judgements.add((*pair, rng.choice(["same", "different"])))
    elif judgements:
        judgements.discard(rng.choice(sorted(judgements)))
    if rng.random() < 0.4:
        links.add((pair[1], pair[0], "salesforce_merge"))
    return {"records": records, "judgements": judgements, "links": links}


def _load(con, load, world):
    load(
        world["records"],
        judgements=sorted(world["judgements"]),
        record_links=sorted(world["links"]),
        guards=[("email", "", "max_per_profile", 3, None)],
    )


def _keep(con):
    """Keeps a night's inputs and results as those of the night before."""
    for name, (key, keys) in RESULTS.items():
        earlier = f"union all by name from kept_{name} where {key} not in (from {keys})"
        if not con.execute(f"from duckdb_tables() where table_name = 'kept_{name}'").fetchall():
            earlier = ""
        con.execute(f"create or replace table next_{name} as from identity_{name} {earlier}")
        con.execute(f"create or replace table kept_{name} as from next_{name}")
        con.execute(f"create or replace temp view {name}_before as from kept_{name}")
    for name in INPUTS:
        con.execute(f"create or replace table earlier_{name} as from identity.{name}")
    con.execute("create or replace table earlier_judgements as from standard.judgements")


def _run_from_nothing(con):
    for name in RESULTS:
        con.execute(f"drop table if exists kept_{name}")
    linking.start(con, model=MODEL)
    linking.resolve(con, model=MODEL)


def _differences(con, name, earlier):
    """The rows of a table that are not in the other, on either side."""
    return [f"from {earlier} except all from {name}", f"from {name} except all from {earlier}"]


def _rows(con, name):
    columns = [row[0] for row in con.execute(f"describe {name}").fetchall()]
    return con.execute(f"select {', '.join(sorted(columns))} from {name} order by all").fetchall()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 100_000))
def test_nights_one_by_one_equal_one_run_from_nothing(con, load, seed):
    rng = random.Random(seed)
    records = {f"r{n:02}": _record(rng) for n in range(25)}
    world = {"records": records, "judgements": set(), "links": set()}
    _load(con, load, world)
    measured = population.measure(con, model=MODEL)
    con.execute(f"create or replace table identity.population as {measured}")
    _run_from_nothing(con)
    _keep(con)
    for _ in range(3):
        world = _night(rng, world)
        _load(con, load, world)
        changes = {
            f"identity.{name}": _differences(con, f"identity.{name}", f"earlier_{name}")
            for name in INPUTS
        }
        changes["standard.judgements"] = _differences(con, "standard.judgements", "earlier_judgements")
        touch(con, changes)
        linking.resolve(con, model=MODEL)
        _keep(con)
    found = {name: _rows(con, f"kept_{name}") for name in RESULTS}
    _run_from_nothing(con)
    assert found == {name: _rows(con, f"identity_{name}") for name in RESULTS}


@pytest.mark.parametrize("count", [4, 5, 6])
def test_a_block_that_crosses_the_limit_changes_what_is_compared(con, load, count):
    """Six records of one landline are too many to compare, five are not."""
    records = {
        f"r{n}": {"first_name": f"Ann{'abcdef'[n]}", "last_name": "Abbott", "phone": "+12125550123"}
        for n in range(count)
    }
    load(records)
    measured = population.measure(con, model=MODEL)
    con.execute(f"create or replace table identity.population as {measured}")
    linking.start(con, model=MODEL)
    linking.resolve(con, model=MODEL)
    skipped = con.execute("select rule, record_count from identity_skipped_blocks").fetchall()
    assert skipped == ([("phone", 6)] if count == 6 else [])
