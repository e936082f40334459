"""How a table is made: skipped when current, in part when its inputs say which rows changed, else whole.

Checks run on what was made before it is committed; a failed blocking check commits nothing. Which
tables there are is not known here: SQL models come from sql_models.py, Python tables from their own
packages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from dagster_project.lake import fingerprint, quoted, write_parquet
from dagster_project.run import Run
from dagster_project.sql_models import SqlModel

TOUCHED = "touched_values"
KEY_CLAIM = "key_is_unique_and_complete"

INLINE_VALUES = 64
"""Up to this many touched values go into the query as literals, which prunes row groups."""

WHOLE_SHARE = 1 / 3
"""When more than this share of the rows, or of the partition values, is touched, making the whole is cheaper."""


@dataclass(frozen=True)
class CheckResult:
    """One check of one table. `failing_rows` counts rows, None where the check could not be run, which
    is a failure; no value of any row is kept."""

    table: str
    claim: str
    blocking: bool
    failing_rows: int | None

    @property
    def passed(self) -> bool:
        return self.failing_rows == 0


class ChecksFailed(Exception):
    """Blocking checks failed, so the table was not committed. Carries every result."""

    def __init__(self, results: Sequence[CheckResult]) -> None:
        self.results = tuple(results)
        failed = [r for r in results if r.blocking and not r.passed]
        said = "; ".join(
            f"{r.table}: {r.claim} "
            + ("could not be run" if r.failing_rows is None else f"fails for {r.failing_rows} rows")
            for r in failed
        )
        super().__init__(f"nothing was committed: {said}")


@dataclass(frozen=True)
class Table:
    """One table of the lake and how it is made, whether by SQL or by Python."""

    name: str
    description: str
    grain: tuple[str, ...]
    inputs: tuple[str, ...]
    make: Callable[[Run], Made]
    model: SqlModel | None = None

    @property
    def claims(self) -> dict[str, bool]:
        """The checks made on it: what each claims, and whether a failure blocks."""
        found = {KEY_CLAIM: True}
        if self.model:
            found |= {check.claim: check.blocking for check in self.model.checks}
        return found


@dataclass(frozen=True)
class Rows:
    """What Python computed of a part of a table: the relation of its rows, and that of the keys (first
    column of the grain) outside which nothing can have changed."""

    relation: str
    keys: str


@dataclass(frozen=True)
class Made:
    """What became of one table, with the results of its checks as last run."""

    table: str
    outcome: str
    rows: int
    rows_written: int
    columns: dict[str, str]
    checks: tuple[CheckResult, ...]


def make_model(run: Run, model: SqlModel) -> Made:
    """Make the table of one SQL model. Raises ChecksFailed before anything is committed."""
    inputs = {name: run.lake.version(name) for name in sorted(model.reads)}
    made_from = {"code": fingerprint(model.code, run.functions), "inputs": inputs}
    before = run.lake.manifest(model.table)
    with run.step(model.table) as report:
        if before and before.made_from == made_from:
            return described(run, model.table, report)
        touched = _touched(run, model.partition, model.table, made_from)
        if touched == 0:
            run.lake.note_unchanged(model.table, made_from=made_from)
            return described(run, model.table, report)
        only = "" if touched is None else f"where {model.partition} in {_touched_list(run, touched)}"
        for name in inputs:
            columns = run.lake.manifest(name).columns
            run.view(name, only=only if model.partition in columns else "")
        return _write(run, model, made_from, touched, report)


def make_table(
    run: Run,
    table: str,
    *,
    code: object,
    inputs: Iterable[str],
    grain: Sequence[str],
    compute: Callable[[], str | Rows],
    extra: object = None,
) -> Made:
    """Make a table that Python computes: `compute` returns the relation of its rows, or of a part.

    It is committed by difference, keyed by the first column of the grain, so that its readers see
    only what changed. `extra` is whatever else the rows depend on.
    """
    made_from = made_from_now(run, code=code, inputs=inputs, extra=extra)
    before = run.lake.manifest(table)
    with run.step(table) as report:
        if before and before.made_from == made_from:
            return described(run, table, report)
        for name in made_from["inputs"]:
            run.view(name)
        return commit_difference(run, table, compute(), grain, made_from=made_from, report=report)


def computed_together(
    told: Mapping[str, tuple[str, tuple[str, ...]]],
    *,
    inputs: Sequence[str],
    work: Callable[[Run], object],
    code: object,
) -> list[Table]:
    """The tables that one piece of work computes: by name what a row is and the grain. The work is done
    once a run, and leaves the rows of each in the relation `<name>_now`."""

    def maker(table: str, grain: tuple[str, ...]) -> Callable[[Run], Made]:
        def make(run: Run) -> Made:
            def compute() -> str:
                run.once(f"{work.__module__}.{work.__name__}", lambda: work(run))
                return f"from {table.partition('.')[2]}_now"

            return make_table(run, table, code=code, inputs=inputs, grain=grain, compute=compute)

        return make

    return [Table(name, about, grain, inputs, maker(name, grain)) for name, (about, grain) in told.items()]


def made_from_now(run: Run, *, code: object, inputs: Iterable[str], extra: object = None) -> dict:
    """What a table that is made now is made from: all that decides whether it is current."""
    return {
        "code": fingerprint(code),
        "inputs": {name: run.lake.version(name) for name in sorted(inputs)},
        "extra": extra,
    }


def commit_difference(
    run: Run, table: str, found: str | Rows, grain: Sequence[str], *, made_from: dict, report: dict
) -> Made:
    """Commit computed rows: nothing, the changed keys, or everything, by what differs."""
    key, before = grain[0], run.lake.manifest(table)
    keys = found.keys if isinstance(found, Rows) else None
    relation = found.relation if isinstance(found, Rows) else found
    run.con.execute(f"create or replace temp table computed as select * from ({relation})")
    checks = [_check_grain(run, table, "computed", grain)]
    _raise_if_blocked(run, checks)
    columns = {row[0]: row[1] for row in run.con.execute("describe computed").fetchall()}
    touched, old = None, ""
    if before and before.columns == columns and before.partition == key and before.parts:
        old = f"({run.lake.scan(table)})"
        if keys:
            old = f"(select * from {old} where {key} in (select {key} from {keys}))"
        touched = _differing(run, "computed", old, key, grain, list(columns))
        everything = _count(run, f"(select distinct {key} from computed)")
        if keys is None and touched > WHOLE_SHARE * everything:
            touched = None
    changed = f"select * from computed where {key} in (select value from {TOUCHED})"
    with run.lake.staging(table) as place:
        staged = place / "rows.parquet"
        write_parquet(run.con, "from computed" if touched is None else changed, staged, order=grain)
        return _commit(run, table, staged, key, grain, made_from, touched, old, report, checks)


def _differing(
    run: Run, new: str, old: str, key: str, grain: Sequence[str], columns: Sequence[str]
) -> int:
    """The keys of rows that are not the same in `new` and in `old`, into the temp table. Rows are told apart
    by the grain, so that no row has to be compared but with the one that it may be."""
    same = [f'new."{key}" is not distinct from old."{key}"']
    same += [f'new."{column}" = old."{column}"' for column in grain if column != key]
    differ = ["new.is_there is null", "old.is_there is null"]
    differ += [
        f'new."{column}" is distinct from old."{column}"' for column in columns if column not in (key, *grain)
    ]
    run.con.execute(
        f"""create or replace temp table {TOUCHED} as
        select distinct coalesce(new."{key}", old."{key}") as value
        from (select *, true as is_there from {new}) as new
        full join (select *, true as is_there from {old}) as old on {" and ".join(same)}
        where {" or ".join(differ)}"""
    )
    return _count(run, TOUCHED)


def _touched(run: Run, partition: str | None, table: str, made_from: dict) -> int | None:
    """How many partition values must be made again (in the temp table), or None for all of them."""
    before = run.lake.manifest(table)
    if not partition or not before or before.partition != partition or not before.parts:
        return None
    old, new = before.made_from, made_from
    if old.get("code") != new["code"] or set(old["inputs"]) != set(new["inputs"]):
        return None
    selects = []
    for name, version in new["inputs"].items():
        if version == old["inputs"][name]:
            continue
        changes = run.lake.changes(name, old["inputs"][name])
        if changes.everything or partition not in run.lake.manifest(name).columns:
            return None
        for relation in (*changes.before, *changes.after):
            selects.append(f"select {partition} as value from ({relation})")
    if not selects:
        return 0
    run.con.execute(
        f"create or replace temp table {TOUCHED} as "
        f"select distinct value from ({' union all '.join(selects)}) where value is not null"
    )
    count = _count(run, TOUCHED)
    if count <= INLINE_VALUES:
        return count
    rows = _count(run, f"({run.lake.scan(table)}) where {partition} in (select value from {TOUCHED})")
    return None if max(count, rows) > WHOLE_SHARE * before.notes["rows"] else count


def _touched_list(run: Run, count: int) -> str:
    """The touched values as the right side of IN; a few literals let DuckDB skip row groups."""
    if count > INLINE_VALUES:
        return f"(select value from {TOUCHED})"
    found = run.con.execute(f"select value, typeof(value) from {TOUCHED} order by 1").fetchall()
    return "(" + ", ".join(f"{quoted(str(value))}::{kind}" for value, kind in found) + ")"


def _write(run: Run, model: SqlModel, made_from: dict, touched: int | None, report: dict) -> Made:
    """Write the model's rows beside the table, check them there, then commit."""
    with run.lake.staging(model.table) as place:
        staged = place / "rows.parquet"
        write_parquet(run.con, model.query, staged, order=model.order)
        run.show(model.table, f"from read_parquet({quoted(staged)})")
        checks = [_check_grain(run, model.table, model.table, model.order)]
        for check in model.checks:
            try:
                failing = _count(run, f"({check.sql})")
            except duckdb.OutOfMemoryException:
                raise
            except duckdb.Error:
                failing = None
            checks.append(CheckResult(model.table, check.claim, check.blocking, failing))
        _raise_if_blocked(run, checks)
        touched, old = _differing_from_before(run, model, staged, touched)
        return _commit(
            run, model.table, staged, model.partition, model.grain, made_from, touched, old, report, checks
        )


def _differing_from_before(
    run: Run, model: SqlModel, staged: Path, touched: int | None
) -> tuple[int | None, str]:
    """How many partition values of what was made differ from what was there, and the relation that has
    the rows that these had; the staged file is cut down to them, so that readers make again only what
    really changed.

    `touched` is how many were made again, None for all. None when the table is to be made whole.
    """
    before = run.lake.manifest(model.table)
    if not model.partition or not before or before.partition != model.partition or not before.parts:
        return None, ""
    new, old = f"read_parquet({quoted(staged)})", f"({run.lake.scan(model.table)})"
    columns = {row[0]: row[1] for row in run.con.execute(f"describe from {new}").fetchall()}
    if columns != before.columns:
        return None, ""
    if touched is not None:
        old = f"(select * from {old} where {model.partition} in (select value from {TOUCHED}))"
        run.con.execute(f"create or replace temp table replaced as from {old}")
        old = "replaced"
        if _count(run, old) == 0:
            return touched, old
    differing = _differing(run, new, old, model.partition, model.grain, list(columns))
    if touched is None and differing > max(
        INLINE_VALUES, WHOLE_SHARE * _count(run, f"(select distinct {model.partition} from {new})")
    ):
        return None, ""
    if differing not in (0, touched):
        changed = staged.with_name("changed.parquet")
        rows = f"select * from {new} where {model.partition} in (select value from {TOUCHED})"
        write_parquet(run.con, rows, changed, order=model.order)
        changed.rename(staged)
    return differing, old


def _commit(
    run: Run,
    table: str,
    staged: Path,
    partition: str | None,
    grain: Sequence[str],
    made_from: dict,
    touched: int | None,
    old: str,
    report: dict,
    checks: Sequence[CheckResult],
) -> Made:
    """Commit the staged rows as the whole table, or in place of the touched partition values, of which
    `old` has the rows that they had."""
    if touched == 0:
        run.lake.note_unchanged(table, made_from=made_from)
        return described(run, table, report)
    written = pq.read_metadata(staged).num_rows
    said = [asdict(check) for check in checks]
    if touched is None:
        notes = {"rows": written, "checks": said}
        run.lake.commit_whole(table, staged, made_from=made_from, partition=partition, notes=notes)
        return described(run, table, report, outcome="whole", rows_written=written)
    keys = staged.with_name("keys.parquet")
    values = f"select value as {partition} from {TOUCHED}"
    write_parquet(run.con, values, keys, order=(partition,))
    replaced = _count(run, f"{old} where {partition} in (select value from {TOUCHED})")
    rows = run.lake.manifest(table).notes["rows"] - replaced + written
    notes = {"rows": rows, "checks": said}
    run.lake.commit_replacing(table, staged, keys, made_from=made_from, notes=notes)
    return described(run, table, report, outcome="part", rows_written=written)


def described(
    run: Run, table: str, report: dict, *, outcome: str = "unchanged", rows_written: int = 0
) -> Made:
    """The committed table as it now is; fills in the step's report."""
    manifest = run.lake.manifest(table)
    rows = manifest.notes.get("rows", 0)
    report |= {"outcome": outcome, "rows": rows, "rows_written": rows_written}
    checks = tuple(CheckResult(**said) for said in manifest.notes.get("checks", ()))
    return Made(table, outcome, rows, rows_written, manifest.columns, checks)


def _check_grain(run: Run, table: str, relation: str, key: Sequence[str]) -> CheckResult:
    """The key is complete and unique: counts rows with a null in it or with a twin."""
    return CheckResult(table, KEY_CLAIM, True, _count(run, f"({wrong_keys(relation, key)})"))


def wrong_keys(relation: str, key: Sequence[str]) -> str:
    """SQL with a row for each row whose key is not complete, and for each key that is there twice."""
    missing = " or ".join(f'"{column}" is null' for column in key)
    listed = ", ".join(f'"{column}"' for column in key)
    return (
        f"select 1 from {relation} where {missing} union all "
        f"select 1 from {relation} group by {listed} having count(*) > 1"
    )


def _raise_if_blocked(run: Run, checks: Sequence[CheckResult]) -> None:
    for check in checks:
        if not check.passed:
            run.tell("check failed", **asdict(check))
    if any(check.blocking and not check.passed for check in checks):
        run.failed_checks.extend(checks)
        raise ChecksFailed(checks)


def _count(run: Run, relation: str) -> int:
    return run.con.execute(f"select count(*) from {relation}").fetchall()[0][0]
