"""Numbers from night to night: the bridges that the changes make."""

from datetime import date

import pytest

from dagster_project.settings import PROJECT
from dagster_project.sql_models import load_models


def change(run_number, reason, amount, number="profiles"):
    return {"number": number, "run_number": run_number, "run_id": f"run {run_number}",
            "as_of": date(2026, 6, run_number), "reason": reason, "amount": amount}


@pytest.fixture
def bridges(made):
    def make(*changes):
        return made("marts.number_bridges", {"marts.number_changes": changes},
                    "run_number, number_before, by_new_people, by_merges, number_after")

    return make


def test_every_bridge_begins_where_the_one_before_ended(bridges):
    told = (change(1, "new people", 8), change(2, "merges", -3), change(2, "new people", 1),
            change(4, "merges", -1))
    assert bridges(*told) == [(1, 0, 8, 0, 8), (2, 8, 1, -3, 6), (4, 6, 0, -1, 5)]


@pytest.mark.parametrize(("profiles", "wrong"), [(8, []), (7, [("profiles",)])])
def test_a_bridge_that_leads_elsewhere_is_not_published(bridges, engine, profiles, wrong):
    bridges(change(1, "new people", 8))
    for table, rows in (
        ("golden.profiles", f"from range({profiles})"),
        ("golden.customer_facts", "select 0 as order_count, 0.00 as spend_converted where false"),
        ("marts.segments", "select '' as segment, 0 as size where false"),
    ):
        engine.execute(f"create schema if not exists {table.partition('.')[0]}")
        engine.execute(f"create or replace table {table} as {rows}")
    [check] = [
        check for check in load_models(PROJECT / "sql")["marts.number_bridges"].checks
        if check.claim == "they_lead_to_what_is_published"
    ]
    assert check.blocking and engine.execute(check.sql).fetchall() == wrong
