"""What holds a run: each reason seen on real nights, told with its remedy, and accepted by a person."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pytest
from support import nightly

from dagster_project import gate
from dagster_project.catalog import load_catalog
from dagster_project.nightly import accept
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings

FIRST = date(2026, 5, 1)
COLUMNS = ("Id", "LastName", "Email", "AccountId", "CreatedDate", "SystemModstamp")


def contacts(numbers: range, day: date, *, spoilt: int = 0) -> str:
    """An export of contacts with distinct names; in the first of them the time cannot be read."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for place, number in enumerate(numbers):
        at = "soon" if place < spoilt else f"{day}T00:00:00.000Z"
        rows.writerow((f"003{number:012}AAA", f"Name{number:x}", f"n{number}@example.com", "", at, at))
    return text.getvalue()


def deliver(exports: Path, night: int, size: int, *, spoilt: int = 0, name: str = "Contact.csv") -> date:
    """A night's file of contacts that are new; returns the day."""
    day = FIRST + timedelta(days=night)
    path = exports / str(day) / "salesforce" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contacts(range(night * 10_000, night * 10_000 + size), day, spoilt=spoilt))
    return day


def refused(exports: Path, home: Path, day: date) -> gate.Held:
    with pytest.raises(gate.Held) as error:
        nightly(exports, home, day + timedelta(days=1))
    return error.value


def accepted(exports: Path, home: Path) -> None:
    """What `cdp accept` does, in this process."""
    was = json.loads((home / "state" / "held.json").read_text())
    settings = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    with open_run(settings, as_of=date.fromisoformat(was["as_of"])) as run:
        accept(run, was["run_id"], load_catalog(settings))


def served(home: Path, sql: str) -> list[tuple]:
    path = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def usual_once(tmp_path_factory) -> Path:
    """A home whose contacts came six nights long, sixty a night after the first."""
    place = tmp_path_factory.mktemp("usual")
    for night in range(6):
        day = deliver(place / "exports", night, 100 if night == 0 else 60)
    nightly(place / "exports", place / "home", day + timedelta(days=1))
    return place


@pytest.fixture
def usual(usual_once, tmp_path) -> tuple[Path, Path]:
    place = shutil.copytree(usual_once, tmp_path / "usual", symlinks=True)
    return place / "exports", place / "home"


@dataclass(frozen=True)
class Night:
    """The night after the usual ones, which was held."""

    place: Path
    day: date
    held: gate.Held

    def copied(self, to: Path) -> tuple[Path, Path]:
        """Its exports and its home, for one test."""
        place = shutil.copytree(self.place, to / "night", symlinks=True)
        return place / "exports", place / "home"


@pytest.fixture(scope="module")
def held_night(usual_once, tmp_path_factory) -> Callable[..., Night]:
    """held_night(6) is the night with such an export, as deliver makes it; each is run once."""

    @cache
    def run(size: int, **chosen: int) -> Night:
        place = shutil.copytree(usual_once, tmp_path_factory.mktemp("held") / "night", symlinks=True)
        day = deliver(place / "exports", 6, size, **chosen)
        return Night(place, day, refused(place / "exports", place / "home", day))

    return run


@pytest.mark.fault(22, 38)
def test_a_tenth_of_the_volume_is_held_until_a_person_accepts_it(held_night, tmp_path):
    short = held_night(6)
    held, (exports, home) = short.held, short.copied(tmp_path)
    assert [one.kind for one in held.reasons] == ["volume"]
    assert "salesforce contact of 2026-05-07 has 6 rows, far below the 60 that are usual" in str(held)
    assert f"cdp accept {held.run_id}" in str(held)
    assert served(home, "select count(*) from profiles") == [(400,)]
    accepted(exports, home)
    assert served(home, "select count(*) from profiles") == [(406,)]
    assert not (home / "state" / "held.json").exists()


def test_a_whole_file_under_the_same_name_makes_a_short_one_good(held_night, tmp_path):
    exports, home = held_night(6).copied(tmp_path)
    nightly(exports, home, deliver(exports, 6, 60) + timedelta(days=1))
    assert served(home, "select count(*) from profiles") == [(460,)]


def test_a_good_file_under_the_same_name_is_judged_by_itself(held_night, tmp_path):
    """On the day of the bad one, which its folder names."""
    exports, home = held_night(60, spoilt=24).copied(tmp_path)
    day = deliver(exports, 6, 60)
    nightly(exports, home, day + timedelta(days=1))
    assert served(home, "select rows_read, rows_quarantined, budget_verdict from deliveries "
                        "order by delivered_on desc limit 1") == [(60, 0, "within")]


@pytest.mark.fault(37)
def test_a_hundred_times_the_volume_is_held_before_anybody_is_linked(usual):
    exports, home = usual
    day = deliver(exports, 6, 6_000)
    held = refused(exports, home, day)
    assert "far above the 60 that are usual" in str(held)
    assert json.loads((home / "state" / "held.json").read_text())["before"] == "linked"
    staged = json.loads((home / "lake/staging/salesforce__contact/manifest.json").read_text())
    assert staged["notes"]["rows"] == 400
    accepted(exports, home)
    assert served(home, "select count(*) from profiles") == [(6_400,)]


@pytest.mark.fault(30)
def test_an_export_over_its_budget_is_held_with_file_counts_reasons_and_remedy(held_night, tmp_path):
    spoilt = held_night(60, spoilt=24)
    held, day, (exports, home) = spoilt.held, spoilt.day, spoilt.copied(tmp_path)
    assert [one.kind for one in held.reasons] == ["budget"]
    for expected in (
        "24 of 60 rows are set aside, 40.0 %",
        "2026-05-07/salesforce/Contact.csv: 24 rows with system_modstamp: unreadable value",
        "the first in row 1",
        "Deliver the file again under its name",
    ):
        assert expected in str(held)
    assert "soon" not in str(held)
    nightly(exports, home, day + timedelta(days=1), budgets=(("salesforce contact", (0.1, 0.5)),))
    assert served(home, "select rows_quarantined, budget_verdict from deliveries "
                        "order by delivered_on desc limit 1") == [(24, "warning")]


@pytest.mark.fault(19)
def test_an_export_that_does_not_come_is_an_error_in_the_end_and_holds_nothing(usual):
    exports, home = usual
    late = "select check_name, severity, passed from quality_results where check_name in " \
        "('every_export_comes_as_usual', 'no_export_is_missing') order by 1"
    nightly(exports, home, FIRST + timedelta(days=14))
    assert served(home, late) == [
        ("every_export_comes_as_usual", "warning", False),
        ("no_export_is_missing", "error", False),
    ]


def test_one_acceptance_is_for_all_reasons_of_a_hold(usual):
    exports, home = usual
    deliver(exports, 6, 6, name="Short.csv")
    pairs = [f"salesforce:contact:003{n:012}AAA" for n in range(40)]
    rows = "".join(f"{pairs[0]},{other},same,ada,2026-05-07,one person\n" for other in pairs[1:])
    (exports / "pairs.csv").write_text(
        "left_record,right_record,decision,decided_by,decided_on,reason\n" + rows)
    held = refused(exports, home, FIRST + timedelta(days=6))
    assert [one.kind for one in held.reasons] == ["volume", "identity", "clusters"]
    assert "There are 367 profiles; 33 fewer than the 400 so far." in str(held)
    accepted(exports, home)
    assert served(home, "select count(*) from profiles") == [(367,)]
