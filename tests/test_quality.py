"""Expectations about whole tables: what a suite says is judged, with its severity, and can fail."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import duckdb
import pytest
from support import nightly

from dagster_project import making, quality
from dagster_project.catalog import load_catalog
from dagster_project.glossary import load_glossary
from dagster_project.lake import Lake, connect
from dagster_project.proposing import propose
from dagster_project.quality import judge, list_rules, load_suites
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, SettingsError, load_settings
from dagster_project.sql_models import ModelError

sys.path.insert(0, str(PROJECT / "benchmarks"))
import mutations

ENTRY = {"claim": "few_things", "metric": "things", "max": 3, "severity": "critical", "remedy": "Count."}


def suite_of(place, *entries: dict, metrics: str = "select count(*) as things from marts.things"):
    (place / "marts").mkdir(exist_ok=True)
    (place / "marts" / "things.metrics.sql").write_text(metrics)
    (place / "marts" / "things.suite.json").write_text(json.dumps(entries))
    return load_suites(place)


@pytest.fixture
def things():
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("create table marts.things (system varchar, number integer)")
        con.execute("insert into marts.things values ('a', 1), ('b', 2), ('b', 9)")
        yield con


@pytest.mark.parametrize(
    ("bounds", "passed"),
    [({"max": 3}, True), ({"max": 2}, False), ({"min": 3}, True), ({"min": 4}, False),
     ({"min": 1, "max": 5}, True)],
)
@pytest.mark.parametrize(("severity", "told"), [("critical", "error"), ("warning", "warning")])
def test_a_metric_outside_its_bounds_fails_with_what_was_observed(
    things, tmp_path, bounds, passed, severity, told
):
    entry = {key: value for key, value in ENTRY.items() if key != "max"}
    (one,) = judge(things, suite_of(tmp_path, entry | bounds | {"severity": severity}))
    assert (one.table, one.claim, one.severity) == ("marts.things", "few_things", told)
    assert (one.passed, one.failing_rows) == (passed, 0 if passed else 1)
    assert one.observed.startswith("things is 3")
    assert one.holds is (severity == "critical")


def test_a_failing_group_is_named(things, tmp_path):
    metrics = "select system, max(number) as things from marts.things group by system order by system"
    (one,) = judge(things, suite_of(tmp_path, ENTRY, metrics=metrics))
    assert (one.passed, one.failing_rows) == (False, 1)
    assert one.observed == "things is 9 in b, not at most 3"


def test_a_check_that_cannot_be_run_has_failed(things, tmp_path):
    metrics = "select count(gone) as things from marts.things"
    (one,) = judge(things, suite_of(tmp_path, ENTRY, metrics=metrics))
    assert (one.passed, one.failing_rows) == (False, None)
    assert one.observed == "things.metrics.sql cannot be run"


def test_a_judge_that_says_nothing_of_a_metric_has_failed_it(things, tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "_passed", lambda cells: dict.fromkeys(cells, False))
    (one,) = judge(things, suite_of(tmp_path, ENTRY))
    assert not one.passed


def test_nothing_to_judge_is_no_failure_and_is_said(things, tmp_path):
    metrics = "select null::integer as things from marts.things limit 1"
    (one,) = judge(things, suite_of(tmp_path, ENTRY, metrics=metrics))
    assert one.passed and one.observed == "things: nothing to judge"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (ENTRY | {"metric": "thinks"}, "has no column 'thinks'; it has things"),
        (ENTRY | {"maximum": 3}, "maximum'; an entry has claim"),
        (ENTRY | {"severity": "fatal"}, "'fatal' is no severity; critical, warning, info are"),
        ({key: value for key, value in ENTRY.items() if key != "max"}, "can never fail"),
        ({key: value for key, value in ENTRY.items() if key != "remedy"}, "'remedy'; an entry has"),
    ],
)
def test_a_suite_that_cannot_be_meant_is_refused_with_file_and_remedy(tmp_path, entry, said):
    with pytest.raises(ModelError, match="things.suite.json") as error:
        suite_of(tmp_path, entry)
    assert said in str(error.value)


def test_every_expectation_is_about_a_table_that_is_made():
    settings = load_settings(directory=PROJECT, environment={})
    catalog = load_catalog(settings)
    for suite in load_suites(settings.sql):
        assert {suite.table, *suite.dependencies} <= set(catalog)
        assert not {one.claim for one in suite.expectations} & set(catalog[suite.table].claims)


def test_what_was_judged_is_published_with_the_checks(sample_home):
    path = (sample_home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute("select table_name, check_name from quality_results").fetchall()
    settings = load_settings(directory=PROJECT, environment={})
    expected = {
        (suite.table, one.claim) for suite in load_suites(settings.sql) for one in suite.expectations
    }
    assert expected <= set(found) and len(found) == len(set(found))


def test_a_run_with_nothing_new_judges_nothing(sample_home, monkeypatch):
    monkeypatch.setattr(quality, "_metrics", lambda *_: pytest.fail("something was asked"))
    settings = load_settings(directory=PROJECT, environment={}, home=sample_home)
    with open_run(settings) as run:
        assert len(quality.judged(run)) > 50


def test_what_is_proposed_of_a_table_holds_for_it(sample_home, tmp_path):
    lake, glossary = Lake(sample_home / "lake"), load_glossary(PROJECT / "sql" / "columns.csv")
    with connect() as con:
        for table in ("golden.sessions", "raw.as_of"):
            lake.view(con, table)
        found = propose(con, "golden.sessions", ("session_id",), glossary)
        (tmp_path / "golden").mkdir()
        (tmp_path / "golden" / "sessions.metrics.sql").write_text(found.metrics)
        (tmp_path / "golden" / "sessions.suite.json").write_text(found.suite)
        judged = judge(con, load_suites(tmp_path))
    assert len(judged) > 20
    assert [one.claim for one in judged if not one.passed] == []


def test_no_word_of_a_person_is_in_a_proposal(sample_home):
    lake, glossary = Lake(sample_home / "lake"), load_glossary(PROJECT / "sql" / "columns.csv")
    with connect() as con:
        lake.view(con, "marts.profiles")
        found = propose(con, "marts.profiles", ("profile_id",), glossary)
    assert "not in (" not in found.metrics


def test_every_rule_budget_check_and_expectation_is_listed():
    settings = load_settings(directory=PROJECT, environment={})
    found = list_rules(settings, load_catalog(settings))
    assert {one.kind for one in found} == {"rule", "budget", "check", "expectation"}
    assert {one.severity for one in found} <= {"error", "warn", "warning", "info"}
    assert {one.effect for one in found} == {
        "the row is set aside", "the value is left out", "it is told", "the run is held",
        "nothing is committed",
    }


@pytest.mark.parametrize(
    "written",
    ['"shopify order" = { warning = 0.1 }', '"shopify orders" = { blocking = 2 }',
     '"shopify orders" = 0.1', '"shopify orders" = { warning = 0.2, blocking = 0.1 }'],
)
def test_a_budget_that_cannot_be_meant_is_named(tmp_path, written):
    (tmp_path / "cdp.toml").write_text(f"[budgets]\n{written}\n")
    with pytest.raises(SettingsError, match="budgets: "):
        load_settings(directory=tmp_path, environment={})


# Every check can fail; `python benchmarks/mutations.py` tries all of them ------------------------

QUICK = (
    "golden.orders.totals_in_are_totals_out",
    "golden.orders.every_buyer_is_a_profile",
    "golden.customer_facts.revenue_is_that_of_the_orders",
    "golden.events.kinds_of_events_are_as_usual",
    "marts.deliveries.no_export_is_missing",
    "marts.profiles.key_is_unique_and_complete",
)


def test_damaged_tables_are_seen_by_their_checks(sample_home):
    settings = load_settings(directory=PROJECT, environment={}, home=sample_home)
    found = mutations.run(settings, only=QUICK)
    assert {one.check for one in found} == set(QUICK)
    assert [one for one in found if not one.seen] == []


def test_every_check_has_a_damage_that_is_meant_for_it():
    settings = load_settings(directory=PROJECT, environment={})
    catalog = load_catalog(settings)
    checks = {
        f"{name}.{claim}" for name, table in catalog.items() if table.model for claim in table.claims
    }
    checks = {name for name in checks if not name.endswith(f".{mutations.KEY_CLAIM}")}
    checks |= {
        f"{suite.table}.{one.claim}"
        for suite in load_suites(settings.sql)
        for one in suite.expectations
    }
    assert set(mutations.DAMAGES) == checks


def test_a_check_whose_query_fails_blocks_as_one_that_found_something(tmp_path, monkeypatch):
    """A check's own code fails: counted as failed, never as passed."""
    (tmp_path / "exports").mkdir()
    real = making.make_model

    def with_broken_check(run, model):
        if model.checks:
            broken = replace(model.checks[0], sql="select gone from (select 1)", blocking=True)
            model = replace(model, checks=(broken,))
        return real(run, model=model)

    monkeypatch.setattr("dagster_project.catalog.make_model", with_broken_check)
    with pytest.raises(making.ChecksFailed, match="could not be run"):
        nightly(tmp_path / "exports", tmp_path / "home")
