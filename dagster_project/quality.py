"""Expectations about whole tables: metrics computed in SQL, judged by Great Expectations.

`<model>.metrics.sql` gives one row of numbers and `<model>.suite.json` beside it says what they may
be. Only that row reaches Great Expectations, so no personal data ever does. Queries that return wrong
rows are checks beside their model and run with it (making.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

SEVERITIES = {"critical": "error", "warning": "warning", "info": "info"}


@dataclass(frozen=True)
class Judgement:
    """One expectation about one metric: `observed` is the metric's value."""

    table: str
    claim: str
    severity: str
    passed: bool
    observed: float


def judge(con: duckdb.DuckDBPyConnection, root: Path) -> list[Judgement]:
    """Every suite below `root`, on tables that are views in `con`. Errors count as failures.

    Great Expectations costs seconds to import, so it is imported here and nowhere else.
    """
    import great_expectations as gx
    from great_expectations import expectations as expect
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("metrics")
    found = []
    for path in sorted(root.glob("*/*.suite.json")):
        table = f"{path.parent.name}.{path.name.partition('.')[0]}"
        metrics = path.with_name(path.name.replace(".suite.json", ".metrics.sql"))
        frame = con.execute(metrics.read_text(encoding="utf-8")).df()
        entries = json.loads(path.read_text(encoding="utf-8"))
        batches = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
        suite = gx.ExpectationSuite(
            name=table,
            expectations=[
                expect.ExpectColumnValuesToBeBetween(
                    column=entry["metric"],
                    min_value=entry.get("min"),
                    max_value=entry.get("max"),
                    severity=entry["severity"],
                )
                for entry in entries
            ],
        )
        batch = batches.get_batch(batch_parameters={"dataframe": frame})
        judged = batch.validate(suite, result_format="BOOLEAN_ONLY").results
        passed = {one.expectation_config.kwargs["column"]: bool(one.success) for one in judged}
        found += [
            Judgement(
                table,
                _claim(entry),
                SEVERITIES[entry["severity"]],
                passed[entry["metric"]],
                float(frame[entry["metric"]][0]),
            )
            for entry in entries
        ]
    return found


def _claim(entry: dict) -> str:
    bounds = [f"{word} {entry[key]}" for key, word in (("min", "at least"), ("max", "at most"))
              if key in entry]
    return f"{entry['metric']} is {' and '.join(bounds)}"
