"""The report of a run says what the run did, whatever became of it, and nothing of anybody."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from support import SAMPLE, SAMPLE_AS_OF

from dagster_project import reporting
from dagster_project.definitions import build_defs
from dagster_project.ending import CURRENT, FAILED, HELD, PUBLISHED, Ending, Failure, ending_of
from dagster_project.identity.diff import Diff
from dagster_project.making import CheckResult, ChecksFailed
from dagster_project.nightly import open_night, read_runs
from dagster_project.pages.run_report import Check, Facts, render
from dagster_project.run import Step
from dagster_project.settings import Settings

BEGAN = datetime(2026, 6, 2, 2, 0, tzinfo=UTC)
FACTS = Facts(
    run_id="2026-06-02-0badcafe",
    as_of="2026-06-02",
    started_at=BEGAN,
    finished_at=BEGAN + timedelta(seconds=75),
    ending=Ending(PUBLISHED),
    serves="2026-06-01-0badf00d",
    currency="EUR",
    budget=0.02,
    cpu_seconds=60,
    peak_bytes=500_000_000,
    bytes={"raw": 1_500_000},
    steps=(Step("raw.a__b", "part", 10, 10, 1.5), Step("golden.c", "unchanged", 5, 0, 0.1)),
    checks=(Check("golden.c", "nobody_is_left_out", "warning", False, 3, "the query"),),
    runs=(),
)


class Reader(HTMLParser):
    """The texts of a page's cells, by section, table and row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sections: dict[str, list[list[list[str]]]] = {}
        self.words: list[str] = []
        self.tag = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "section":
            self.tables = self.sections.setdefault(dict(attributes)["id"], [])
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.tag = tag

    def handle_data(self, data):
        if self.tag != "style":
            self.words.append(data)
        if self.tag in ("td", "th", "b", "span", "code", "br") and getattr(self, "tables", None):
            self.tables[-1][-1][-1] += data.strip()


def said(facts: Facts) -> str:
    return " ".join(" ".join(Reader(render(facts)).words).split())


@pytest.fixture(scope="module")
def page(sample_home) -> str:
    return (sample_home / "reports" / "run.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(sample_home):
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


# A real run ----------------------------------------------------------------------------------------


def test_the_sums_of_the_sources_are_those_of_the_published_files(page, published):
    header, *rows, total = Reader(page).sections["sources"][0]
    number = {name: header.index(name) for name in ("Files", "Read", "Accepted", "Set aside")}

    def counts(row):
        return tuple(int(row[at].replace(",", "").replace("·", "0")) for at in number.values())

    found = published.execute(
        """select export, count(*), sum(rows_read), sum(rows_accepted), sum(rows_quarantined)
        from source_files group by system, export order by system nulls last, export"""
    ).fetchall()
    assert [(row[1], *counts(row)) for row in rows] == [tuple(row) for row in found]
    assert counts(total) == tuple(sum(row[at] for row in found) for at in range(1, 5))
    assert counts(total)[1] == counts(total)[2] + counts(total)[3]


def test_every_part_of_a_published_run_is_told(page, published):
    assert "Nothing of it is told" not in page
    [(people, records)] = published.execute(
        "select count(*), sum(source_record_count) from profiles"
    ).fetchall()
    words = " ".join(" ".join(Reader(page).words).split())
    assert f"{people:,} people from {records:,} source records." in words
    sections = Reader(page).sections
    segments = published.execute("select title, size from segments where size > 0").fetchall()
    assert all(any(title in row[0] and row[1] == f"{size:,}" for row in sections["segments"][0])
               for title, size in segments)
    assert "weblogs/www-access-2025-07.log</span>, row 14" in page
    assert len(sections["time-and-cost"][1]) == 11


def test_no_address_number_or_name_of_a_person_is_on_the_page(page, published):
    words = " ".join(Reader(page).words).lower()
    rows = published.execute(
        """select distinct unnest([email, phone, first_name || ' ' || last_name, street])
        from profiles"""
    ).fetchall()
    values = [row[0].lower() for row in rows if row[0]]
    assert len(values) > 500
    assert [value for value in values if value in words] == []


def test_the_report_is_kept_by_its_run_and_its_numbers_are_remembered(sample_home, page):
    (kept,) = (sample_home / "reports" / "runs").glob("*.html")
    assert kept.read_text(encoding="utf-8") == page.replace('href="', 'href="../').replace("../#", "#")
    (entry,) = json.loads((sample_home / "state" / "runs.json").read_text(encoding="utf-8"))
    assert kept.stem == entry["run_id"]
    numbers = entry["numbers"]
    assert numbers["rows_read"] == numbers["rows_accepted"] + numbers["rows_quarantined"] > 5000
    assert numbers["profiles"] > 200 and numbers["revenue"] > 0
    # Of 300 people most are alone in their year of birth and place: the file without names warns of it.
    assert numbers["failed_checks"] == 1


def test_dagster_leads_from_the_published_database_to_the_report(sample_home, tmp_path):
    """And a run that finds nothing new leaves what is told of the published one."""
    home = shutil.copytree(sample_home, tmp_path / "home", symlinks=True)
    key = sample_home.with_name(f"{sample_home.name}.key")
    defs = build_defs(Settings(exports=SAMPLE / "exports", home=home, pseudonym_key=key))
    asset = dg.AssetKey(["warehouse", "customers"])
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("nightly").execute_in_process(
            instance=instance,
            asset_selection=[asset],
            run_config={
                "resources": {"run": {"config": {"as_of": SAMPLE_AS_OF.isoformat()}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    (made,) = result.asset_materializations_for_node("warehouse__customers")
    kept = Path(made.metadata["report"].value)
    assert "published</span>" in kept.read_text(encoding="utf-8")
    latest = (home / "reports" / "run.html").read_text(encoding="utf-8")
    assert "nothing new</span>" in latest and f"what run {kept.stem} published" in latest


def test_what_stops_a_run_is_told_with_what_to_do(tmp_path):
    """However it ends: here by a check, by the disk, by an error of ours, and by a signal."""
    failed = (CheckResult("golden.c", "nobody_is_left_out", True, 3),)
    ends = {
        ChecksFailed(failed): ("nobody_is_left_out fails for 3 rows", "sql/golden/c.nobody_is_left_out"),
        OSError(28, "No space left on device"): ("the disk or the memory did not suffice", "Free space"),
        ValueError("ada@lovelace.example"): ("ValueError in test_run_report.py", "report it"),
        KeyboardInterrupt(): ("it was stopped before its end", "goes on where this run stopped"),
    }
    (tmp_path / "exports").mkdir()
    settings = Settings(exports=tmp_path / "exports", home=tmp_path / "home")
    for error, expected in ends.items():
        with pytest.raises(type(error)):
            with open_night(settings, as_of=SAMPLE_AS_OF) as run, run.step("golden.c"):
                raise error
        told = (settings.home / "reports" / "run.html").read_text(encoding="utf-8")
        assert "failed</span>" in told and "Nothing was published" in told
        assert all(words in told for words in expected)
        assert "ada@" not in told
        assert told.count("Nothing of it is told") == 5
    (entry,) = [one for one in read_runs(run) if one["run_id"] == run.run_id]
    assert entry["status"] == FAILED and "profiles" not in entry["numbers"]


# How it is said ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (Ending(PUBLISHED), "published A new database is served."),
        (Ending(CURRENT), "nothing new Nothing differs from what run 2026-06-01-0badf00d published"),
        (
            Ending(HELD, (Failure("identity", "held for a person, because …", "cdp accept RUN"),)),
            "held 60 of 1,000 known records would change profile, 6.0 %, where 2.0 % may. Nothing was "
            "published. Run 2026-06-01-0badf00d still serves. What to do. cdp accept RUN",
        ),
        (
            Ending(FAILED, (Failure("raw.a__b", "a part is damaged", "Restore the home."),)),
            "failed raw.a__b: a part is damaged. Nothing was published. Run 2026-06-01-0badf00d still "
            "serves. What to do. Restore the home.",
        ),
    ],
)
def test_the_verdict_is_a_sentence_with_its_remedy(ending, expected):
    assert expected in said(replace(FACTS, ending=ending, diff=Diff(1000, 60, (("merged", 30),))))


def test_each_number_leads_from_before_to_now():
    bridge = {
        "number": "orders", "number_before": Decimal(10), "by_new_people": Decimal(4),
        "by_behaviour": Decimal(1), "by_definition": Decimal(0), "by_merges": Decimal(0),
        "by_splits": Decimal(0), "by_erasures": Decimal(-2), "number_after": Decimal(13),
    }
    page = render(replace(FACTS, bridges=[bridge]))
    assert Reader(page).sections["what-changed"][0][1] == [
        "Orders", "10", "+4", "+1", "·", "·", "·", "−2", "13"
    ]
    assert "+3 since the night before" in page


def test_a_check_that_warns_comes_first():
    row = Reader(render(FACTS)).sections["checks"][0][1]
    assert row == ["warning", "golden.c", "nobody is left out", "3", "the query"]
    assert '<a href="#checks">1 check warns</a>' in render(FACTS)


HOSTILE = ("<script>alert(1)</script>.csv", "d[1].csv", '"onload="x', "a\u202egpj.csv", "x\udcff\n.csv")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name):
    aside = {
        "reason": name, "column_name": name, "expected": name, "remedy": name, "rows": 1, "files": 1,
        "first_row": 2, "examples": [(name, 2)],
    }
    source = {"system": name, "export": name, **dict.fromkeys(reporting.NUMBERS, 1)}
    source |= {f"new_{number}": 1 for number in reporting.NUMBERS}
    failure = Failure(name, f"{name}\n{name}", name)
    page = render(
        replace(
            FACTS, run_id=name, ending=Ending(FAILED, (failure,)), serves=name, sources=[source],
            set_aside=[aside], statuses=[{"status": name, "files": 1}],
            steps=(Step(name, "whole", 1, 1, 1.0),),
            checks=(Check(name, name, "blocking", False, None, name),),
        )
    )
    page.encode("utf-8")
    assert "<script" not in page and '"onload' not in page
    assert not re.search("[\u202e\udcff]", page)
    assert "script-src" not in page and "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe|object|form)|\bsrc=|url\(|@import", page)


def run_of(day: int, status: str, **numbers) -> dict:
    return {"run_id": f"r{day}", "as_of": f"2026-06-{day:02}", "status": status, "numbers": numbers}


def test_trends_show_what_each_run_added_and_how_it_ended():
    runs = [
        run_of(1, PUBLISHED, rows_read=100, profiles=10, seconds=5),
        run_of(2, FAILED, rows_read=130, seconds=2),
        run_of(3, PUBLISHED, rows_read=135, profiles=12, seconds=4),
    ]
    page = render(replace(FACTS, runs=runs))
    for title in ("2026-06-02: 30", "2026-06-03: 5", "2026-06-03: 12", "r2: failed", "2026-06-02: 2"):
        assert f"<title>{title}</title>" in page
    assert "2026-06-02: unknown" not in page  # what a failed run did not come to is no mark
    assert "plots begin with the next" in render(FACTS)


def test_what_is_remembered_keeps_a_published_run_published():
    entries = [run_of(1, PUBLISHED), run_of(2, FAILED)]
    again = reporting.remember(entries, run_of(2, PUBLISHED))
    assert [one["status"] for one in again] == [PUBLISHED, PUBLISHED]
    assert reporting.remember(again, run_of(2, CURRENT)) == again
    damaged = reporting.remember(again, run_of(2, FAILED))
    assert [one["status"] for one in damaged] == [PUBLISHED, PUBLISHED, FAILED]
    assert reporting.remember(damaged, run_of(2, CURRENT)) == again


def test_the_last_thirty_reports_are_kept(tmp_path):
    settings = Settings(exports=tmp_path, home=tmp_path / "home")
    for number in range(reporting.KEPT_REPORTS + 3):
        reporting.write(settings, replace(FACTS, run_id=f"r{number:02}"), [])
    kept = sorted(path.stem for path in (settings.home / "reports" / "runs").iterdir())
    assert kept == [f"r{number:02}" for number in range(3, reporting.KEPT_REPORTS + 3)]


def test_the_worst_failure_gives_the_exit_code():
    assert Ending(FAILED, (Failure("a", "b", "c", 1), Failure("a", "b", "c", 4))).code == 4
    assert Ending(PUBLISHED).code == 0 and ending_of.__doc__
