"""Whether data pass, without a run: what is published, exports before they are loaded, or one file.

Here belongs what is asked of each and how grave an answer is; nothing is written. How answers look is
pages/validation_report.py's, the exit code the command line's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from dagster_project.catalog import load_catalog
from dagster_project.glossary import load_glossary
from dagster_project.lake import Lake, LakeError, connect, quoted
from dagster_project.landing import inspect_paths
from dagster_project.making import KEY_CLAIM, Table
from dagster_project.pages.dictionary import read_entities
from dagster_project.publish import published_keys, published_name
from dagster_project.quality import judge, load_suites
from dagster_project.settings import BUDGET, Settings

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = {"error": ERROR, "warn": WARNING, "warning": WARNING, "info": INFO}

AT_LEAST = 20
"""So many rows of an export must be set aside, or all, before their share is an error: as in a run."""

LEFT = ("profile_changes", "profile_redirects", "profile_redirect_history", "segment_history")
"""What tells of profiles that are no more names some that `profiles` has no longer."""


@dataclass(frozen=True)
class Result:
    """One claim about a table, or about a delivered file, and whether it holds.

    `failing_rows` is how many rows are wrong (None: not counted by rows), `row_number` the first of
    them in its file. Holds no value of any cell.
    """

    subject: str
    claim: str
    severity: str
    passed: bool
    is_file: bool = False
    failing_rows: int | None = None
    row_number: int | None = None
    column_name: str | None = None
    expected: str = ""
    found: str = ""
    remedy: str = ""
    observed: float | None = None

    def as_dict(self) -> dict:
        said = asdict(self)
        is_file, subject, claim = said.pop("is_file"), said.pop("subject"), said.pop("claim")
        names = {"path": subject, "reason": claim} if is_file else {
            "table_name": subject, "check_name": claim
        }
        return names | said


def passes(results: Iterable[Result], *, strict: bool = False) -> bool:
    """No error; where it is strict, no warning either."""
    grave = (ERROR, WARNING) if strict else (ERROR,)
    return all(one.passed or one.severity not in grave for one in results)


def validate(path: Path | None, settings: Settings) -> list[Result]:
    """What holds of the home, or of the home, the published file or the exports at `path`.

    Raises LakeError when a home has nothing published or a damaged file.
    """
    if path is None or (path / "state").is_dir():
        return _of_home(settings)
    if path.is_file() and _is_database(path):
        return _of_database(path, settings)
    return _of_exports(path, settings)


# What is published -----------------------------------------------------------------------------


def _of_home(settings: Settings) -> list[Result]:
    """Every check and expectation, made again on the lake, whatever tonight made."""
    if not settings.database.exists():
        raise LakeError(f"nothing is published in {settings.home} yet; cdp run makes it")
    lake = Lake(settings.lake)
    con = connect(threads=settings.threads, memory=settings.memory_limit)
    con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
    for table in lake.tables():
        lake.view(con, table)
    models = [table for table in load_catalog(settings).values() if table.model]
    results = [one for table in models for one in (_key(con, table), *_checks(con, table))]
    results += _judged(con, settings)
    con.close()
    return results


def _of_database(path: Path, settings: Settings) -> list[Result]:
    """Keys, references between tables, and every check and expectation that the file can answer."""
    catalog = load_catalog(settings)
    try:
        with duckdb.connect(str(path), read_only=True) as reader:
            glossary = load_glossary(settings.sql / "columns.csv")
            entities = read_entities(reader, published_keys(catalog), glossary)
        con = connect(threads=settings.threads, memory=settings.memory_limit)
        con.execute(f"attach {quoted(path)} as published (read_only)")
        there = _tables_of(con, catalog)
    except duckdb.Error:
        remedy = "publish it again: cdp run; or serve an earlier one: cdp rollback"
        return [Result(path.name, "the file can be opened", ERROR, False, remedy=remedy)]
    if not entities:
        remedy = "name a database that cdp run published"
        return [Result(path.name, "it has the published tables", ERROR, False, remedy=remedy)]
    con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
    for table, target in there.items():
        con.execute(f"create schema if not exists {table.partition('.')[0]}")
        con.execute(f"create view {table} as from published.{target}")
    results = [_key(con, catalog[table]) for table in there]
    results += _references(con, entities)
    if any(table.startswith("standard.") for table in there):
        answerable = (
            check
            for table in there
            if catalog[table].model
            for check in catalog[table].model.checks
            if check.dependencies <= set(there)
        )
        results += [_check(con, one) for one in answerable]
        results += _judged(con, settings, set(there))
    con.close()
    return results


def _tables_of(con: duckdb.DuckDBPyConnection, catalog: dict[str, Table]) -> dict[str, str]:
    """The catalog's tables that the file has, with their places in it."""
    found = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'published'"
    ).fetchall()
    places = {place for (place,) in found}
    named = {table: published_name(table, catalog) for table in catalog}
    return {table: place for table, place in named.items() if place in places}


def _key(con: duckdb.DuckDBPyConnection, table: Table) -> Result:
    key = ", ".join(f'"{column}"' for column in table.grain)
    missing = " or ".join(f'"{column}" is null' for column in table.grain)
    twins = f"select {key} from {table.name} group by {key} having count(*) > 1"
    empty = f"select {key} from {table.name} where {missing}"
    return _asked(con, table.name, KEY_CLAIM, ERROR, f"{twins} union all {empty}")


def _checks(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[Result]:
    for one in table.model.checks:
        yield _check(con, one)


def _check(con: duckdb.DuckDBPyConnection, check) -> Result:
    table = f"{check.path.parent.name}.{check.path.name.partition('.')[0]}"
    remedy = f"sql/{table.replace('.', '/')}.{check.claim} returns the rows that are wrong"
    severity = ERROR if check.blocking else WARNING
    return _asked(con, table, check.claim, severity, check.sql, remedy=remedy)


def _references(con: duckdb.DuckDBPyConnection, entities: Iterable) -> Iterator[Result]:
    """What an id names in another table is there. A table with that very key may know more than the
    other: the copies of orders are no orders."""
    keys = {entity.name: entity.key for entity in entities}
    for entity in (one for one in entities if one.name not in LEFT):
        for field in entity.fields:
            is_id = field.name.endswith("_id") and field.name != "run_id" or field.name == "segment"
            if not is_id or field.refers_to not in keys or entity.key == (field.name,):
                continue
            other, (key,) = field.refers_to, keys[field.refers_to]
            lost = (
                f'select 1 from published.{entity.name} as here where "{field.name}" is not null '
                f'and not exists (from published.{other} as there where there."{key}" = here."{field.name}")'
            )
            claim = f"every {field.name} is one of {other}"
            yield _asked(con, entity.name, claim, ERROR, lost)


def _asked(
    con: duckdb.DuckDBPyConnection,
    subject: str,
    claim: str,
    severity: str,
    wrong: str,
    *,
    remedy: str = "",
) -> Result:
    """The claim that a query gives no row. One that cannot be asked says nothing good: it fails."""
    try:
        failing = con.execute(f"select count(*) from ({wrong})").fetchall()[0][0]
    except duckdb.Error:
        found = "the question cannot be asked of these tables"
        return Result(subject, claim, severity, False, found=found, remedy="cdp run makes what it reads")
    return Result(subject, claim, severity, failing == 0, failing_rows=failing, remedy=remedy)


def _judged(
    con: duckdb.DuckDBPyConnection, settings: Settings, there: set[str] | None = None
) -> list[Result]:
    suites = load_suites(settings.sql)
    if there is not None:
        suites = [suite for suite in suites if suite.dependencies <= there]
    return [
        Result(
            one.table, one.claim, one.severity, one.passed, found=one.observed, remedy=one.remedy
        )
        for one in judge(con, suites)
    ]


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".duckdb" or file.read(12)[8:] == b"DUCK"


# Exports before they are loaded ----------------------------------------------------------------


def _of_exports(path: Path, settings: Settings) -> list[Result]:
    """What would be set aside, file by file, and whether an export loses too many of its rows."""
    inspected = inspect_paths([path])
    if not inspected:
        remedy = "look whether exports land elsewhere"
        return [Result(str(path), "there is a file", ERROR, False, is_file=True, remedy=remedy)]
    results = [result for one in inspected for result in _of_file(one)]
    return [*results, *_of_budgets(inspected, dict(settings.budgets))]


def _of_file(one: dict) -> Iterator[Result]:
    path = one["path"]
    is_known = one["contract"] is not None
    if is_known:
        yield Result(path, f"it is an export that is known: {one['contract']}", ERROR, True, is_file=True)
    for finding in one["findings"]:
        severity = SEVERITIES[finding["severity"]]
        yield Result(
            path,
            finding["reason"],
            severity,
            severity == INFO,
            is_file=True,
            column_name=finding["column"],
            expected=finding["expected"],
            found=finding["found"],
            remedy=finding["remedy"],
        )
    for aside in one["set_aside"]:
        yield Result(
            path,
            aside["reason"],
            WARNING,
            False,
            is_file=True,
            failing_rows=aside["rows"],
            row_number=aside["row_number"],
            column_name=aside["column_name"],
            expected=aside["expected"],
            found=aside["found"],
            remedy=aside["remedy"],
        )


def _of_budgets(inspected: list[dict], budgets: dict[str, tuple[float, float]]) -> Iterator[Result]:
    """What a run would be held for, or warn of."""
    for contract in sorted({one["contract"] for one in inspected if one["contract"]}):
        files = [one for one in inspected if one["contract"] == contract]
        read = sum(one["rows_read"] for one in files)
        aside = sum(one["rows_quarantined"] for one in files)
        name = contract.replace("__", " ")
        warning, blocking = budgets.get(name, tuple(BUDGET.values()))
        is_over = aside > blocking * read and (aside >= AT_LEAST or aside == read)
        limit = blocking if is_over else warning
        yield Result(
            name,
            "few of its rows are set aside",
            ERROR if is_over else WARNING,
            aside <= limit * read,
            failing_rows=aside,
            expected=f"at most {limit:.0%} of {read:,} rows",
            remedy="look at what its files say, and have the source export again",
        )


def tell(result: Result) -> str:
    """One result in one line: what, where, what was expected, what was found, what to do."""
    where = [result.subject]
    where += [f"row {result.row_number}"] if result.row_number else []
    where += [f"column {result.column_name}"] if result.column_name else []
    said = [result.claim]
    if not result.passed and not result.is_file:
        said = [f"{result.claim} does not hold"]
    if result.failing_rows and not result.passed:
        said[0] += f", in {result.failing_rows:,} row{'s' if result.failing_rows > 1 else ''}"
    if result.observed is not None:
        said[0] += f": it is {result.observed:g}"
    said += [f"expected {result.expected}"] if result.expected else []
    said += [f"found {result.found}"] if result.found else []
    said += [result.remedy] if result.remedy else []
    return f"{', '.join(where)}: {'; '.join(said)}"
