"""The report of a run, however it ended: its facts gathered, its page written, its numbers remembered.

Here belongs what the page is made of and where it is kept. How it looks is in pages/run_report.py. A
part is told only where this run came to the tables that it is made of.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

import duckdb

from connectors.reading import ERASED
from dagster_project import gate
from dagster_project.ending import CURRENT, PUBLISHED, ending_of, query_of
from dagster_project.lake import LakeError, quoted, write_atomically
from dagster_project.making import CheckResult
from dagster_project.pages.run_report import PUBLISHING, SEVERITIES, Check, Facts, render
from dagster_project.run import Run
from dagster_project.settings import Settings

KEPT_REPORTS = 30

NUMBERS = (
    *("files", "files_quarantined", "rows_read", "rows_accepted", "rows_quarantined", "rows_erased"),
)
"""What is summed up of the sources, of all and of each."""

EXAMPLES, FILES = 3, 20
"""So many rows are named for a reason for which rows were set aside, and so many whole files."""

CLUSTERS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, None))
"""Sizes of profiles that are counted together."""


def latest(settings: Settings) -> Path:
    return settings.home / "reports" / "run.html"


def kept(settings: Settings, run_id: str) -> Path:
    """The report of one run, for as long as it is among the last thirty."""
    return settings.home / "reports" / "runs" / f"{run_id}.html"


def gather(run: Run, entries: Sequence[dict]) -> Facts:
    """All that is to be told of a run that is over; `entries` are those of the runs before it."""
    facts = Facts(
        run_id=run.run_id,
        as_of=run.as_of.isoformat(),
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
        ending=ending_of(run),
        serves=_read_serving(run.settings),
        currency=run.settings.reporting_currency or run.settings.default_currency,
        budget=run.settings.identity_budget,
        cpu_seconds=time.process_time() - run.began_cpu,
        peak_bytes=_peak_bytes(),
        bytes=_written(run),
        steps=tuple(run.steps),
        checks=_part(run, (), lambda: _checks(run)) or (),
        runs=(),
        expired=run.done("expired"),
    )
    published = [one for one in entries if one["status"] == PUBLISHED and one["run_id"] != run.run_id]
    before = published[-1] if published else {}
    return replace(
        facts,
        sources=_part(run, ("raw.source_files",), lambda: _sources(run, before)),
        statuses=_part(run, ("raw.source_files",), lambda: _statuses(run)),
        set_aside=_part(run, ("raw.source_files", "raw.quarantine"), lambda: _set_aside(run)),
        bridges=_part(run, ("marts.number_bridges",), lambda: _bridges(run)),
        people=_part(run, ("marts.profiles", "marts.visitors"), lambda: _people(run)),
        clusters=_part(run, ("marts.profiles",), lambda: _clusters(run)),
        diff=_part(run, (gate.RECORDS, gate.MEMBERS), lambda: gate.tonight(run)),
        accuracy=_part(run, ("identity.accuracy",), lambda: _accuracy(run)),
        segments=_part(run, ("marts.segments", "marts.segment_history"), lambda: _segments(run)),
        scores=_part(run, ("golden.score_models",), lambda: _scores(run)),
    )


def numbers_of(facts: Facts) -> dict:
    """What is remembered of a run for the plots of later ones: small numbers only, none of them made
    where the run did not come to it."""
    found = {
        "seconds": round(facts.seconds, 1),
        "cpu_seconds": round(facts.cpu_seconds, 1),
        "peak_bytes": facts.peak_bytes,
        "bytes_written": sum(facts.bytes.values()),
        "checks": len(facts.checks),
        "failed_checks": sum(not check.passed for check in facts.checks),
    }
    if facts.sources is not None:
        found |= {name: sum(row[name] for row in facts.sources) for name in NUMBERS}
        found["sources"] = {
            f"{row['system']} {row['export']}": [row[name] for name in NUMBERS] for row in facts.sources
        }
    if facts.people:
        found |= {"profiles": facts.people["profiles"], "records": facts.people["records"]}
    for row in facts.bridges or ():
        if row["number"] in ("customers", "orders", "revenue"):
            found[row["number"]] = float(row["number_after"])
    return found


def remember(entries: Sequence[dict], entry: dict) -> list[dict]:
    """The entries with that of a run that is over. A published run stays what it is: one that found
    nothing new, or failed on the same inputs, adds nothing or stands beside it."""
    this = [one for one in entries if one["run_id"] == entry["run_id"]]
    others = [one for one in entries if one["run_id"] != entry["run_id"]]
    was = [one for one in this if one["status"] == PUBLISHED] if entry["status"] != PUBLISHED else []
    return [*others, *was, *([] if was and entry["status"] == CURRENT else [entry])]


def write(settings: Settings, facts: Facts, entries: Sequence[dict]) -> Path:
    """Write the page as the latest, and where it is kept unless that run's publishing is told there.
    Returns where it can be found later."""
    facts = replace(facts, runs=entries[-KEPT_REPORTS:])
    path = kept(settings, facts.run_id)
    write_atomically(latest(settings), render(facts))
    is_told = facts.ending.status != PUBLISHED and facts.serves == facts.run_id and path.exists()
    if is_told:
        return latest(settings)
    write_atomically(path, render(facts, reports="../"))
    old = sorted(path.parent.glob("*.html"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for one in old[KEPT_REPORTS:]:
        one.unlink()
    return path


# What it is made of --------------------------------------------------------------------------------


def _part(run: Run, tables: Sequence[str], work: Callable[[], object]) -> object:
    """What `work` finds in tables that this run came to; None where it did not, or cannot read them."""
    made = {step.table for step in run.steps if step.outcome != "failed"}
    if not (run.done("published") or set(tables) <= made):
        return None
    try:
        for table in tables:
            run.view(table)
        return work()
    except (duckdb.Error, LakeError, OSError):
        return None


def _sources(run: Run, before: dict) -> list[dict]:
    """Every export ever delivered, with what it has that the last published run had not."""
    rows = _rows(
        run,
        """select system, export, count(*) as files,
            count(*) filter (where status = 'quarantined') as files_quarantined,
            sum(rows_read)::bigint as rows_read,
            sum(rows_accepted)::bigint as rows_accepted,
            sum(rows_quarantined)::bigint as rows_quarantined,
            sum(rows_erased)::bigint as rows_erased
        from raw.source_files group by all order by system nulls last, export""",
    )
    known = before.get("numbers", {}).get("sources", {})
    for row in rows:
        was = known.get(f"{row['system']} {row['export']}", [])
        for name, count in zip_longest(NUMBERS, was, fillvalue=0):
            row[f"new_{name}"] = max(0, row[name] - count)
    return rows


def _statuses(run: Run) -> list[dict]:
    return _rows(
        run, "select status, count(*) as files from raw.source_files group by all order by all"
    )


def _set_aside(run: Run) -> list[dict]:
    """The reasons, the newest deliveries' first, each with a few rows by file and number."""
    return _rows(
        run,
        f"""with found as (
            select aside.*, files.delivered_at
            from raw.quarantine as aside
            left join (
                select path, max(delivered_at) as delivered_at from raw.source_files group by path
            ) as files using (path)
            where reason <> {quoted(ERASED)}
        )
        select reason, column_name, expected, remedy,
            count(row_number) as rows, count(distinct path) as files, min(row_number) as first_row,
            list((path, row_number) order by delivered_at desc, path, row_number)[
                :if(count(row_number) > 0, {EXAMPLES}, {FILES})
            ] as examples
        from found
        group by reason, column_name, expected, remedy, row_number is null
        order by max(delivered_at) desc, rows desc, reason, column_name, expected, remedy
        limit 40""",
    )


def _bridges(run: Run) -> list[dict]:
    """The four numbers of the business, and how they came to be what they are since the last run."""
    return _rows(
        run,
        f"""with latest as (
            select * from marts.number_bridges
            where number in ('profiles', 'customers', 'orders', 'revenue')
            qualify row_number() over (partition by number order by run_number desc) = 1
        )
        select number, number_after,
            if(run_id = $run, number_before, number_after) as number_before,
            {", ".join(f"if(run_id = $run, {by}, 0) as {by}" for by in _BY)}
        from latest
        order by list_position(['profiles', 'customers', 'orders', 'revenue'], number)""",
        {"run": run.run_id},
    )


_BY = ("by_new_people", "by_behaviour", "by_definition", "by_merges", "by_splits", "by_erasures")


def _people(run: Run) -> dict:
    [found] = _rows(
        run,
        """select count(*) as profiles, coalesce(sum(source_record_count), 0)::bigint as records,
            coalesce(sum(source_record_count) filter (where source_record_count > 1), 0)::bigint
                as linked_records,
            coalesce(max(source_record_count), 0) as largest
        from marts.profiles""",
    )
    [seen] = _rows(
        run, "select count(*) as visitors, count(profile_id) as known_visitors from marts.visitors"
    )
    return found | seen


def _clusters(run: Run) -> list[dict]:
    counts = dict(
        run.con.execute("select source_record_count, count(*) from marts.profiles group by 1").fetchall()
    )
    rows = []
    for low, high in CLUSTERS:
        size = str(low) if low == high else f"{low} to {high}" if high else f"{low} and more"
        found = sum(n for records, n in counts.items() if low <= records <= (high or records))
        rows.append({"size": size, "profiles": found})
    while rows and not rows[-1]["profiles"]:
        rows.pop()
    return rows


def _accuracy(run: Run) -> list[dict]:
    run.view("identity.accuracy_reference")
    return _rows(
        run,
        """select now.*, now.subset in ('all', 'two facts to compare') as is_main,
            coalesce(now.high < before.low, false) as is_fallen
        from identity.accuracy as now
        left join identity.accuracy_reference as before using (measure, subset)
        where now.pair_count > 0
        order by measure desc, subset""",
    )


def _segments(run: Run) -> list[dict]:
    return _rows(
        run,
        """with moved as (
            select segment, count(*) filter (where change = 'entered') as entered,
                count(*) filter (where change = 'left') as "left"
            from marts.segment_history where run_id = $run group by segment
        )
        select segments.*, coalesce(entered, 0) as entered, coalesce("left", 0) as "left"
        from marts.segments left join moved using (segment)
        order by segment""",
        {"run": run.run_id},
    )


def _scores(run: Run) -> list[dict]:
    """The models, each beside its naive rule, by whichever measure it is judged."""
    run.view("golden.lookalike_reports")
    return _rows(
        run,
        """select score, is_published, reason, coalesce(auc, hit_rate_at_5) as own,
            coalesce(naive_auc, naive_hit_rate_at_5) as naive,
            if(score in ('rebuy', 'discover'), 'hits among five', 'AUC') as measured
        from golden.score_models
        union all
        select 'lookalikes of ' || segment, is_published, reason, recall_at_10, spender_recall_at_10,
            'hidden seeds in the best tenth'
        from golden.lookalike_reports
        order by is_published desc, score""",
    )


def _checks(run: Run) -> tuple[Check, ...]:
    """Every check as last made on the tables that this run came to, those that stopped it, and the
    expectations that it came to judge."""
    made = {step.table for step in run.steps if step.outcome != "failed"}
    tables = run.lake.tables() if run.done("published") else sorted(made)
    noted = [one for table in tables for one in run.lake.manifest(table).notes.get("checks", ())]
    checks = (
        Check(
            one.table,
            one.claim,
            SEVERITIES[not one.blocking],
            one.passed,
            one.failing_rows,
            query_of(one),
        )
        for one in (*run.failed_checks, *(CheckResult(**one) for one in noted))
    )
    expectations = (
        Check(
            one.table,
            one.claim,
            SEVERITIES[0] if one.holds else "info" if one.severity == "info" else "warning",
            one.passed,
            one.failing_rows,
            f"{one.observed}. {one.remedy}",
        )
        for one in run.done("judged") or ()
    )
    return (*checks, *expectations)


def _written(run: Run) -> dict[str, int]:
    """Bytes of the files that are there since the run began, by layer."""
    found: dict[str, int] = {}
    places = [(place.name, place) for place in sorted(run.settings.lake.glob("[!.]*"))]
    for name, place in (*places, (PUBLISHING, run.settings.warehouse)):
        for folder, _, files in os.walk(place):  # which follows no link
            for status in (os.stat(os.path.join(folder, file)) for file in files):
                if status.st_mtime >= run.started_at.timestamp():
                    found[name] = found.get(name, 0) + status.st_size
    return found


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _read_serving(settings: Settings) -> str | None:
    """The run whose database is served now: the target of the link."""
    current = settings.warehouse / "current"
    return current.resolve().name if current.is_symlink() else None


def _rows(run: Run, sql: str, values: dict | None = None) -> list[dict]:
    cursor = run.con.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
