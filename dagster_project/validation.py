"""Every check and expectation on what is published, made again on the lake, whatever tonight made."""

from __future__ import annotations

import duckdb

from dagster_project.lake import Lake, LakeError, connect
from dagster_project.making import KEY_CLAIM
from dagster_project.quality import judge
from dagster_project.settings import Settings
from dagster_project.sql_models import load_models


def validate(settings: Settings) -> list[dict]:
    """One entry per check or expectation: table_name, check_name, severity, passed, failing_rows (of
    a check), observed (of an expectation about the whole table).

    Raises LakeError when nothing was published or a file is damaged.
    """
    if not settings.database.exists():
        raise LakeError(f"nothing is published in {settings.home} yet; cdp run makes it")
    lake = Lake(settings.lake)
    con = connect(threads=settings.threads, memory=settings.memory_limit)
    con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
    for table in lake.tables():
        lake.view(con, table)
    results = []

    def check(table: str, claim: str, blocking: bool, relation: str) -> None:
        # A check that cannot be run says nothing good: it counts as failed.
        try:
            failing = con.execute(f"select count(*) from ({relation})").fetchall()[0][0]
        except duckdb.Error:
            failing = None
        results.append(
            {
                "table_name": table,
                "check_name": claim,
                "severity": "error" if blocking else "warning",
                "passed": failing == 0,
                "failing_rows": failing,
                "observed": None,
            }
        )

    for model in load_models(settings.sql).values():
        key = ", ".join(model.grain)
        missing = " or ".join(f"{column} is null" for column in model.grain)
        twins = f"select {key} from {model.table} group by {key} having count(*) > 1"
        empty = f"select {key} from {model.table} where {missing}"
        check(model.table, KEY_CLAIM, True, f"{twins} union all {empty}")
        for one in model.checks:
            check(model.table, one.claim, one.blocking, one.sql)
    results += [
        {
            "table_name": one.table,
            "check_name": one.claim,
            "severity": one.severity,
            "passed": one.passed,
            "failing_rows": None,
            "observed": one.observed,
        }
        for one in judge(con, settings.sql)
    ]
    con.close()
    return results
