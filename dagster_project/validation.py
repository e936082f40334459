"""Every check on what is published, made again on the lake's tables, whatever was made tonight."""

from __future__ import annotations

from dagster_project.lake import Lake, LakeError, connect
from dagster_project.making import KEY_CLAIM
from dagster_project.settings import Settings
from dagster_project.sql_models import load_models


def validate(settings: Settings) -> list[dict]:
    """One entry per check: table_name, check_name, severity, passed, failing_rows.

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
        failing = con.execute(f"select count(*) from ({relation})").fetchall()[0][0]
        results.append(
            {
                "table_name": table,
                "check_name": claim,
                "severity": "error" if blocking else "warning",
                "passed": failing == 0,
                "failing_rows": failing,
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
    con.close()
    return results
