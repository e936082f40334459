"""Expectations about whole tables: what a suite says is judged, with its severity."""

from __future__ import annotations

import json

import duckdb
import pytest

from dagster_project.quality import judge


@pytest.mark.parametrize(
    ("rows", "passed"), [(0, False), (1, True), (3, True), (4, False)]
)
def test_a_metric_outside_its_bounds_fails_with_what_was_observed(tmp_path, rows, passed):
    place = tmp_path / "marts"
    place.mkdir()
    (place / "things.metrics.sql").write_text("select count(*) as things from marts.things")
    entry = {"metric": "things", "min": 1, "max": 3, "severity": "warning"}
    (place / "things.suite.json").write_text(json.dumps([entry]))
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute(f"create table marts.things as from range({rows})")
        (one,) = judge(con, tmp_path)
    assert (one.table, one.claim, one.severity) == (
        "marts.things", "things is at least 1 and at most 3", "warning")
    assert (one.passed, one.observed) == (passed, rows)
