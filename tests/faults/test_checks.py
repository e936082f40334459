"""A check whose own code fails counts as failed, never as passed (fault 44); poison values (39)."""

from __future__ import annotations

import os
import shutil
from datetime import date

import duckdb
import pytest
from click.testing import CliRunner
from faults.deliveries import contact, contacts
from support import nightly

from dagster_project import settings
from dagster_project.cli import main
from dagster_project.making import ChecksFailed


@pytest.fixture
def broken_check(tmp_path, monkeypatch) -> str:
    """The project with a check that reads a column that nobody has."""
    project = tmp_path / "project"
    shutil.copytree(settings.PROJECT / "sql", project / "sql")
    name = "profiles.nobody_is_nameless"
    (project / "sql" / "golden" / f"{name}.check.sql").write_text("select no_such_column from golden.profiles")
    monkeypatch.setattr(settings, "PROJECT", project)
    return name.partition(".")[2]


def cdp(*given: object):
    return CliRunner().invoke(main, [str(one) for one in given], catch_exceptions=False)


@pytest.mark.fault(44)
def test_a_check_that_cannot_be_asked_fails_the_validation(first_night, broken_check):
    done = cdp("validate", first_night / "home")
    assert done.exit_code == 1
    assert f"golden.profiles: {broken_check} does not hold; found the question cannot be asked" in done.output


@pytest.mark.fault(44)
def test_a_check_that_cannot_be_asked_stops_the_run(night, broken_check):
    home = night / "home"
    before = (home / "warehouse" / "current").readlink()
    (night / "exports" / "2026-06-03.csv").write_bytes(contacts(contact(900)))
    with pytest.raises((duckdb.Error, ChecksFailed)):
        nightly(night / "exports", home, date(2026, 6, 3))
    assert (home / "warehouse" / "current").readlink() == before


POISON = "test@test.com"
POISONED = int(os.environ.get("CDP_POISONED", "1000"))


@pytest.mark.fault(39)
def test_a_poison_value_on_a_thousand_rows_makes_no_giant(land):
    """`python benchmarks/faults.py 39 --poisoned 100000` does it for so many."""
    lines = [
        contact(n, last=f"Name{n:x}", first=f"First{n:x}", email=POISON, street=f"{n} Oak Street")
        .replace("(212) 555-0147", "(000) 000-0000").replace("1985-12-10", "")
        for n in range(POISONED)
    ]
    found = land({"2026-06-01/Contact.csv": contacts(*lines)}, "identity.profile_records")
    sizes = [n for (n,) in found.rows("identity.profile_records", "count(*) over (partition by profile_id)")]
    assert len(sizes) == POISONED and max(sizes) < 10
    guarded = dict(found.rows("identity.identifier_guards", "value, reason"))
    assert POISON in guarded


