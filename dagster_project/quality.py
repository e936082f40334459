"""Expectations about whole tables: metrics computed in SQL, judged by Great Expectations.

`<model>.metrics.sql` gives numbers, in one row or in one per group (such as a system), and
`<model>.suite.json` beside it says what they may be. Only numbers reach Great Expectations, so no
personal data ever does. Queries that return wrong rows are checks beside their model and run with it
(making.py); what a failure holds up is said in gate.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

import connectors
from connectors.reading import all_rules
from dagster_project.lake import fingerprint, write_atomically
from dagster_project.making import Table
from dagster_project.run import Run
from dagster_project.settings import BUDGET, Settings
from dagster_project.sql_models import ModelError, tables_in

SEVERITIES = {"critical": "error", "warning": "warning", "info": "info"}
"""As Great Expectations names them, and as quality_results does."""

NAMED = 3
"""So many failing groups are named."""


@dataclass(frozen=True)
class Expectation:
    """What one metric must be, in every row of the metrics: from `min` to `max`. A metric that is null
    has nothing to be judged by. A critical one that fails holds the run, unless `holds` says no."""

    claim: str
    metric: str
    severity: str
    remedy: str
    min: float | None = None
    max: float | None = None
    holds: bool = True

    @property
    def bounds(self) -> str:
        said = (("at least", self.min), ("at most", self.max))
        return " and ".join(f"{word} {_number(limit)}" for word, limit in said if limit is not None)


@dataclass(frozen=True)
class Suite:
    """The expectations about one table, and the query of their metrics."""

    table: str
    path: Path
    sql: str
    dependencies: frozenset[str]
    expectations: tuple[Expectation, ...]

    @property
    def code(self) -> str:
        return fingerprint(self.sql, [asdict(one) for one in self.expectations])


@dataclass(frozen=True)
class Judgement:
    """One expectation as judged. `failing_rows` counts the rows of the metrics that are not as expected;
    None, where the query could not be run, is a failure too. `observed` is told in words."""

    table: str
    claim: str
    severity: str
    passed: bool
    failing_rows: int | None
    observed: str
    holds: bool = False
    remedy: str = ""


def load_suites(root: Path) -> list[Suite]:
    """Every suite below `root`. Raises ModelError for the first that breaks a rule."""
    return [_load_suite(path) for path in sorted(root.glob("*/*.suite.json"))]


def _load_suite(path: Path) -> Suite:
    layer, name = path.parent.name, path.name.partition(".")[0]
    metrics = path.with_name(f"{name}.metrics.sql")
    if not metrics.exists():
        raise ModelError(f"{path}: write {metrics.name} beside it, the query of its metrics")
    sql = metrics.read_text(encoding="utf-8").strip().rstrip(";")
    dependencies, columns = tables_in(metrics, sql, layer)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = tuple(Expectation(**entry) for entry in entries)
    except json.JSONDecodeError as error:
        raise ModelError(f"{path}: this is not valid JSON: {error}") from None
    except TypeError as error:
        known = ", ".join(Expectation.__dataclass_fields__)
        raise ModelError(f"{path}: {str(error).partition(') ')[2]}; an entry has {known}") from None
    for one in found:
        if one.metric not in columns:
            raise ModelError(
                f"{path}: {metrics.name} has no column {one.metric!r}; it has {', '.join(columns)}"
            )
        if one.severity not in SEVERITIES:
            raise ModelError(f"{path}: {one.severity!r} is no severity; {', '.join(SEVERITIES)} are")
        if one.min is None and one.max is None:
            raise ModelError(f"{path}: {one.claim} can never fail; give it a min or a max")
    if len({one.claim for one in found}) < len(found):
        raise ModelError(f"{path}: two expectations make the same claim; give each its own")
    return Suite(f"{layer}.{name}", path, sql, dependencies, found)


@dataclass(frozen=True)
class Listed:
    """One thing that data must pass: what it is, what about, and what follows when it does not."""

    kind: str
    about: str
    claim: str
    severity: str
    effect: str


def list_rules(settings: Settings, catalog: Mapping[str, Table]) -> list[Listed]:
    """Every rule of a contract, budget, check of a table, and expectation."""
    effects = {
        "set_aside": "the row is set aside",
        "null": "the value is left out",
        "flag": "it is told",
    }
    chosen = dict(settings.budgets)
    found = []
    for contract in connectors.contracts():
        name = f"{contract.system} {contract.export}"
        found += [
            Listed("rule", name, one.id, one.severity, effects[one.action])
            for one in all_rules(contract)
        ]
        warning, blocking = chosen.get(name, tuple(BUDGET.values()))
        found.append(
            Listed("budget", name, f"at most {warning:.2%} set aside", "warning", "it is told")
        )
        found.append(
            Listed("budget", name, f"at most {blocking:.2%} set aside", "error", "the run is held")
        )
    for table in catalog.values():
        found += [
            Listed("check", table.name, claim, "error" if blocking else "warning",
                   "nothing is committed" if blocking else "it is told")
            for claim, blocking in table.claims.items()
        ]
    found += [
        Listed("expectation", suite.table, f"{one.claim}: {one.metric} {one.bounds}",
               SEVERITIES[one.severity], "the run is held" if is_holding(one) else "it is told")
        for suite in load_suites(settings.sql)
        for one in suite.expectations
    ]
    return found


def is_holding(one: Expectation) -> bool:
    return one.severity == "critical" and one.holds


# Judging ---------------------------------------------------------------------------------------


def judged(run: Run) -> tuple[Judgement, ...]:
    """Every suite, judged on the tables as the run made them. What is as it was is not judged again."""
    return run.once("judged", lambda: _judged(run))


def _judged(run: Run) -> tuple[Judgement, ...]:
    path = run.settings.state / "judged.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    suites = load_suites(run.settings.sql)
    made_from = {
        suite.table: fingerprint(
            suite.code, {name: run.lake.content(name) for name in sorted(suite.dependencies)}
        )
        for suite in suites
    }
    changed = [
        suite
        for suite in suites
        if before.get(suite.table, {}).get("made_from") != made_from[suite.table]
    ]
    for name in sorted(set().union(*(suite.dependencies for suite in changed))):
        run.view(name)
    found = {suite.table: [] for suite in changed}
    for one in judge(run.con, changed):
        found[one.table].append(asdict(one))
    said = {
        table: {"made_from": made, "judged": found.get(table, before.get(table, {}).get("judged"))}
        for table, made in made_from.items()
    }
    if said != before:
        write_atomically(path, json.dumps(said, indent=1) + "\n")
    return tuple(Judgement(**one) for told in said.values() for one in told["judged"])


def judge(con: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> list[Judgement]:
    """The suites on tables that are views in `con`. What cannot be asked or judged counts as failed."""
    asked = {suite.table: _metrics(con, suite) for suite in suites}
    cells = {
        (suite.table, one.claim, number): (one, row[one.metric])
        for suite in suites
        for one in suite.expectations
        for number, (_, row) in enumerate(asked[suite.table] or ())
        if one.metric in row
    }
    passed = _passed(cells)
    found = []
    for suite in suites:
        rows = asked[suite.table]
        for one in suite.expectations:
            if rows is None:
                said = None, f"{suite.path.name.partition('.')[0]}.metrics.sql cannot be run"
            else:
                good = [passed.get((suite.table, one.claim, at), True) for at in range(len(rows))]
                said = good.count(False), _observed(one, rows, good)
            found.append(_told(suite, one, *said))
    return found


def _metrics(con: duckdb.DuckDBPyConnection, suite: Suite) -> list[tuple[str, dict]] | None:
    """The rows of the metrics: the name of its group, and its numbers. None where they cannot be had."""
    try:
        cursor = con.execute(suite.sql)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return None
    metrics = {one.metric for one in suite.expectations}
    return [
        (
            " ".join(str(value) for value in row.values() if isinstance(value, str | date)),
            {name: float(row[name]) for name in metrics if row[name] is not None},
        )
        for row in rows
    ]


def _passed(cells: Mapping[tuple, tuple[Expectation, float]]) -> dict[tuple, bool]:
    """Whether each number is as its expectation says.

    Great Expectations costs seconds to import, so it is imported here and nowhere else, and only if
    there is something to judge. It sees one row of numbers, and equal questions once.
    """
    if not cells:
        return {}
    import great_expectations as gx
    import pandas
    from great_expectations import expectations as expect
    from great_expectations.data_context.types.base import ProgressBarsConfig

    asked = {key: (value, one.min, one.max) for key, (one, value) in cells.items()}
    columns = {str(number): question for number, question in enumerate(dict.fromkeys(asked.values()))}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    metrics = context.data_sources.add_pandas("metrics").add_dataframe_asset("metrics")
    whole = metrics.add_batch_definition_whole_dataframe("all")
    frame = pandas.DataFrame({name: [value] for name, (value, _, _) in columns.items()})
    suite = gx.ExpectationSuite(
        name="all",
        expectations=[
            expect.ExpectColumnValuesToBeBetween(column=name, min_value=least, max_value=most)
            for name, (_, least, most) in columns.items()
        ],
    )
    batch = whole.get_batch(batch_parameters={"dataframe": frame})
    said = {
        columns[one.expectation_config.kwargs["column"]]: bool(one.success)
        for one in batch.validate(suite, result_format="BOOLEAN_ONLY").results
    }
    return {key: said.get(question, False) for key, question in asked.items()}


def _told(suite: Suite, one: Expectation, failing: int | None, observed: str) -> Judgement:
    return Judgement(
        suite.table,
        one.claim,
        SEVERITIES[one.severity],
        failing == 0,
        failing,
        observed,
        is_holding(one),
        one.remedy,
    )


def _observed(one: Expectation, rows: list[tuple[str, dict]], passed: list[bool]) -> str:
    """The metric's value; of several groups the failing ones, or from where to where they go."""
    there = [(group, row[one.metric], good) for (group, row), good in zip(rows, passed)
             if one.metric in row]
    failing = [(group, value) for group, value, good in there if not good]
    if not there:
        return f"{one.metric}: nothing to judge"
    if failing:
        named = [f"{_number(value)} {f'in {group}' if group else ''}".strip()
                 for group, value in failing[:NAMED]]
        more = f" and {len(failing) - NAMED} more" if len(failing) > NAMED else ""
        return f"{one.metric} is {', '.join(named)}{more}, not {one.bounds}"
    values = sorted(value for _, value, _ in there)
    return f"{one.metric} is " + " to ".join(dict.fromkeys(map(_number, (values[0], values[-1]))))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
