"""An erasure that is killed at random moments and started again ends as one that nobody disturbed.

CDP_ERASE_KILLS says how often.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import forked
from support import SAMPLE, tables_of

from dagster_project.privacy import erasing
from dagster_project.privacy.subjects import find_subjects
from dagster_project.privacy.verifying import verify
from dagster_project.settings import PROJECT, Settings, load_settings

ERASE = """
import sys; from pathlib import Path
sys.path.append("tests/privacy"); from test_erase_kills import erase
erase(Path(sys.argv[1]))
"""

KILLS = int(os.environ.get("CDP_ERASE_KILLS", "1"))


def settings_of(place: Path) -> Settings:
    found = load_settings(
        directory=PROJECT, environment={}, exports=place / "exports", home=place / "home"
    )
    return replace(found, erase_exports="rewrite")


def subjects(settings: Settings) -> list:
    """Two people, by the ids that they have in every copy of the home."""
    with duckdb.connect(str(settings.database), read_only=True) as con:
        ids = con.execute(
            "select profile_id from profiles order by source_record_count desc, profile_id limit 2"
        ).fetchall()
    return list(zip(("request-1", "request-2"), find_subjects(settings, [list(one) for one in ids])))


def erase(place: Path) -> None:
    """What a person does who is not told how far the last attempt came: ask again, else let it
    finish."""
    settings = settings_of(place)
    if any(one.kind == "erase" for one in erasing.ledger.read_ledger(settings)):
        erasing.settle(settings)
    else:
        erasing.erase(settings, subjects(settings))


def erased(place: Path, *, after: float | None = None) -> int:
    """Erase in a process of its own, killed after so many seconds; its exit code."""
    done = forked.python(ERASE, place, cwd=PROJECT).end(after=after)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


def copied(place: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(place, to, symlinks=True)


def served(home: Path) -> dict[str, list[tuple]]:
    """What is published, without the names of runs: how often raw was rewritten on the way is in them."""
    found = {}
    path = home / "warehouse" / "current" / "customers.duckdb"
    with duckdb.connect(str(path.resolve()), read_only=True) as con:
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where table_name <> 'runs' order by all"
        ).fetchall():
            said = con.execute(f"describe {schema}.{table}").fetchall()
            columns = ", ".join(f'"{row[0]}"' for row in said if row[0] not in ("run_id", "change_id"))
            rows = con.execute(f"select {columns} from {schema}.{table}").fetchall()
            found[f"{schema}.{table}"] = sorted(rows, key=repr)
    return found


def exports_of(place: Path) -> dict[str, bytes]:
    files = [path for path in sorted((place / "exports").rglob("*")) if path.is_file()]
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


def test_killed_at_random_moments_and_started_again(sample_home, tmp_path):
    before = tmp_path / "before"
    shutil.copytree(sample_home.parent, before, symlinks=True)
    shutil.copytree(SAMPLE / "exports", before / "exports")
    sought = erasing.sought_of([one for _, one in subjects(settings_of(before))], country="US")
    copied(before, tmp_path / "undisturbed")
    began = time.monotonic()
    assert erased(tmp_path / "undisturbed") == 0
    whole = time.monotonic() - began
    chance = random.Random(7)
    killed = 0
    copied(before, tmp_path / "disturbed")
    while killed < KILLS:
        if erased(tmp_path / "disturbed", after=chance.uniform(0.05, 0.6) * whole) == 0:
            copied(before, tmp_path / "disturbed")
        else:
            killed += 1
    assert erased(tmp_path / "disturbed") == 0
    homes = [tmp_path / name / "home" for name in ("disturbed", "undisturbed")]
    disturbed, calm = map(tables_of, homes)
    for tables in (disturbed, calm):
        tables.pop("raw.ledger_requests")  # says to the second when each home was asked
    assert disturbed == calm
    assert served(homes[0]) == served(homes[1])
    assert exports_of(tmp_path / "disturbed") == exports_of(tmp_path / "undisturbed")
    settings = settings_of(tmp_path / "disturbed")
    assert erasing.owed(settings) == [] and verify(settings, sought) == []
