"""The gate before publishing: what a person must see before it is served.

Here belong the reasons for which a run is held, and what is remembered of a held run and of a person's
acceptance. What a change of identity is made of is in identity/diff.py, what it looks like in
pages/changes.py; expectations are judged in quality.py, deliveries by sql/raw/deliveries.sql.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dagster_project import quality
from dagster_project.identity import diff
from dagster_project.lake import fingerprint, quoted, write_atomically
from dagster_project.making import Made, Table
from dagster_project.pages import changes
from dagster_project.pages.page import page
from dagster_project.privacy.tombstones import StillPublished, left_over
from dagster_project.run import Run
from dagster_project.settings import Settings

RECORDS, MEMBERS = "identity.profile_records", "marts.segment_members"
NO_MEMBERS = "select null::varchar as segment, null::varchar as profile_id where false"
DELIVERIES, FILES = "raw.deliveries", "raw.source_files"
NO_FILES = "select null::varchar as path, null::varchar as sha256 where false"

REPORT = "identity_diff"
"""The diff's page and its table below reports/."""

LARGEST = 200
"""A profile of more records than this, and of twice as many as the largest so far, is no person."""

FEWER, FEW = 0.05, 20
"""The share of profiles, and their number, that may go in one night."""

ASIDE_NAMED = 3
"""So many reasons for which rows are set aside are named for each delivery."""


@dataclass(frozen=True)
class Reason:
    """One thing that a person must see: `kind` is identity, clusters, budget, volume or expectation.
    The fingerprint changes with what is to be seen."""

    kind: str
    lines: tuple[str, ...]
    remedy: str
    fingerprint: str


class Held(Exception):
    """A person must look before the run is published; the message says why, and what to do."""

    def __init__(self, run_id: str, reasons: Sequence[Reason]) -> None:
        self.run_id, self.reasons = run_id, tuple(reasons)
        said = [f"held for a person, for {len(reasons)} reason{'s' * (len(reasons) > 1)}."]
        for one in reasons:
            said += [*(f"  {line}" for line in one.lines), f"  {one.remedy}"]
        super().__init__("\n".join([*said, f"To publish it all the same: cdp accept {run_id}"]))


class NotHeld(Exception):
    """What a person accepted is not what is held."""


def tonight(run: Run) -> diff.Diff | None:
    """Tonight's profiles against those last published; None in a first run."""
    return run.once("identity diff", lambda: _compare(run))


def check(run: Run) -> None:
    """Raises Held where there is a reason that nobody accepted, and StillPublished, which nobody can
    accept, where an erased person would be published. Writes the page of identity's diff."""
    if count := left_over(run, run.lake.scan(RECORDS)):
        raise StillPublished(count)
    _hold(run, _reasons(run), "published")


def guarding(table: Table, inputs: Sequence[str]) -> Table:
    """The table of deliveries, after all that is raw: before people are linked, a run is held for a
    volume that may be too much to link."""

    def make(run: Run) -> Made:
        made = table.make(run)
        with run.noting("the deliveries"):
            _hold(run, _early_reasons(run), "linked")
        return made

    return Table(table.name, table.description, table.grain, tuple(inputs), make, table.model)


def _hold(run: Run, reasons: Sequence[Reason], before: str) -> None:
    """What an erasing run changes follows from the rows that are gone: it reads no delivery, and nobody
    whom it erases may stay published because somebody else has to look first."""
    if run.is_erasing:
        return
    accepted = {
        seen
        for one in _read(_accepted_path(run.settings)) or ()
        if one["run_id"] == run.run_id
        for seen in one.get("reasons", (one["fingerprint"],))
    }
    reasons = [one for one in reasons if one.fingerprint not in accepted]
    if not reasons:
        return
    note = {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "before": before,
        "fingerprint": fingerprint([one.fingerprint for one in reasons]),
        "reasons": [asdict(one) for one in reasons],
    }
    write_atomically(_held_path(run.settings), json.dumps(note, indent=1) + "\n")
    raise Held(run.run_id, reasons)


def is_held(settings: Settings) -> bool:
    """Whether a run waits for a person."""
    return _held_path(settings).exists()


def held(settings: Settings, run_id: str) -> dict:
    """What is remembered of the held run of that name. Raises NotHeld."""
    found = _read(_held_path(settings))
    if not found:
        raise NotHeld("no run is held, so there is nothing to accept")
    if found["run_id"] != run_id:
        raise NotHeld(f"{run_id} is not held; the run that is held is {found['run_id']}")
    return found


def accept(run: Run, run_id: str) -> None:
    """Note that a person accepted a held run, if the lake still holds what that run made."""
    was = held(run.settings, run_id)
    seen = {one["fingerprint"] for one in was["reasons"]}
    is_early = was["before"] == "linked"
    is_same = run.run_id == run_id
    now = _early_reasons(run) if is_early else _reasons(run) if is_same else []
    if not is_same or not seen <= {one.fingerprint for one in now}:
        raise NotHeld(
            f"since {run_id} was held, something it was made from has changed: exports, settings or "
            "code. Run cdp run again and judge what that says"
        )
    said = {
        "run_id": run_id,
        "as_of": was["as_of"],
        "fingerprint": was["fingerprint"],
        "reasons": sorted(seen),
        "accepted_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
    }
    path = _accepted_path(run.settings)
    write_atomically(path, json.dumps([*(_read(path) or ()), said], indent=1) + "\n")


def release(run: Run) -> None:
    """Forget what was held: another run was published."""
    _held_path(run.settings).unlink(missing_ok=True)


def write_report(run: Run, found: diff.Diff, name: str, text: str) -> Path:
    """Write a diff's page, and beside it the table with a row for every change. Returns the page."""
    reports = run.settings.home / "reports"
    write_atomically(reports / f"{name}.html", text)
    if found.changed:
        write_csv(run, "from identity_diff order by rank", reports / f"{name}.csv")
    else:
        (reports / f"{name}.csv").unlink(missing_ok=True)
    return reports / f"{name}.html"


def write_csv(run: Run, relation: str, path: Path) -> None:
    """Replace a CSV file in one step. A text that a spreadsheet would take for a formula gets the
    apostrophe before it by which spreadsheets know texts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}")
    described = run.con.execute(f"describe select * from ({relation})").fetchall()
    cells = ", ".join(_inert(name) if kind == "VARCHAR" else f'"{name}"' for name, kind, *_ in described)
    run.con.execute(f"copy (select {cells} from ({relation})) to {quoted(staged)} (format csv, header)")
    staged.rename(path)


def _inert(name: str) -> str:
    """SQL for a text column in which no cell begins a formula."""
    cell = f'"{name}"'
    is_formula = f"regexp_matches({cell}, '^[=+@\\t\\r-]')"
    return f"case when {is_formula} then chr(39) || {cell} else {cell} end as {cell}"


def _compare(run: Run) -> diff.Diff | None:
    manifest = run.state.lake.manifest(RECORDS)
    if not manifest:
        return None
    if manifest.version == run.lake.version(RECORDS):
        return diff.Diff(manifest.notes["rows"], 0)
    for name in diff.READS:
        run.view(name)
    return diff.compare(
        run.con,
        records_before=run.state.lake.scan(RECORDS),
        records_now=run.lake.scan(RECORDS),
        members_before=run.state.relation(MEMBERS, NO_MEMBERS),
        members_now=run.lake.scan(MEMBERS),
    )


# The reasons -----------------------------------------------------------------------------------


def _reasons(run: Run) -> list[Reason]:
    """All of them. Nothing is compared with what this same run published before it was killed."""
    if run.state.origin.get("run_id") == run.run_id:
        return []
    return [
        *_deliveries(run, ("far above", "far below"), is_over=True),
        *_identity(run),
        *_clusters(run),
        *_expectations(run),
    ]


def _early_reasons(run: Run) -> list[Reason]:
    """Those for which people are not even linked."""
    return _deliveries(run, ("far above",))


def _identity(run: Run) -> list[Reason]:
    found = tonight(run)
    if found is None:
        return []
    budget = run.settings.identity_budget
    is_over = found.share > budget
    verdict = [f"Compared with what run {run.state.origin['run_id']} published."]
    verdict += changes.tell_verdict(found, budget=budget)
    if is_over:
        verdict.append(f"Nothing is published until a person says so: cdp accept {run.run_id}")
    title = f"What run {run.run_id} changes in identity"
    told = changes.tell(found, title=title, verdict=verdict)
    where = write_report(run, found, REPORT, page(told))
    if not is_over:
        return []
    lines = changes.tell_held(found, budget=budget, where=where)
    remedy = "To undo what is wrong, deliver corrections (docs/corrections.md) and run again."
    return [Reason("identity", tuple(lines), remedy, found.fingerprint)]


def _clusters(run: Run) -> list[Reason]:
    """Profiles that grew out of all proportion, or ran into one another."""
    if run.state.lake.version(RECORDS) == run.lake.version(RECORDS):
        return []
    count, largest = _sizes(run, run.lake.scan(RECORDS))
    before = run.state.lake.manifest(RECORDS)
    count_before, largest_before = _sizes(run, run.state.lake.scan(RECORDS)) if before else (0, 0)
    lines = []
    if largest > max(LARGEST, 2 * largest_before):
        lines.append(f"The largest profile has {largest:,} records; so far it was {largest_before:,}.")
    gone = count_before - count
    if gone > max(FEW, FEWER * count_before):
        lines.append(f"There are {count:,} profiles; {gone:,} fewer than the {count_before:,} so far.")
    if not lines:
        return []
    remedy = (
        "Look for a value that many records share (cdp explain RECORD RECORD), guard it by a correction "
        "(docs/corrections.md) and run again."
    )
    return [Reason("clusters", tuple(lines), remedy, fingerprint("clusters", count, largest))]


def _sizes(run: Run, records: str) -> tuple[int, int]:
    """How many profiles there are, and how many records the largest has."""
    return run.con.execute(
        f"""select count(*), coalesce(max(size), 0)
        from (select count(*) as size from ({records}) group by profile_id)"""
    ).fetchall()[0]


def _expectations(run: Run) -> list[Reason]:
    return [
        Reason(
            "expectation",
            (f"{one.table}: {one.claim} does not hold: {one.observed}.",),
            one.remedy,
            fingerprint(asdict(one)),
        )
        for one in quality.judged(run)
        if one.holds and not one.passed
    ]


def _deliveries(run: Run, volumes: Sequence[str], *, is_over: bool = False) -> list[Reason]:
    """Deliveries that are in nothing published yet and whose volume is far from usual, or that are over
    their budget. One whose files were all delivered again since, under their names, is made good.

    There is no usual volume for a first run, which may read years at once.
    """
    is_first = not run.state.origin
    if not is_first and run.state.lake.manifest(FILES) is None:
        return []
    published = run.state.relation(FILES, NO_FILES)
    wanted = [] if is_first else [f"volume_verdict in ({', '.join(map(quoted, volumes))})"]
    wanted += ["budget_verdict = 'over'"] if is_over else []
    if not wanted:
        return []
    run.con.execute(
        f"""create or replace temp table new_files as
        select * from (
            select *, row_number() over (partition by path order by delivered_at desc, sha256) as latest
            from ({run.lake.scan(FILES)}) where status = 'accepted' and is_restated is not true
        )
        where latest = 1 and (path, sha256) not in (select (path, sha256) from ({published}))"""
    )
    cursor = run.con.execute(
        f"""select * from ({run.lake.scan(DELIVERIES)}) as deliveries
        where ({" or ".join(wanted)}) and (system, export, delivered_on) in (
            select (system, export, delivered_at::date) from new_files
        )
        order by system, export, delivered_on"""
    )
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row)) for row in cursor.fetchall()]
    reasons = []
    for one in found:
        if not is_first and one["volume_verdict"] in volumes:
            reasons.append(_volume(run, one))
        if is_over and one["budget_verdict"] == "over":
            reasons.append(_budget(run, one))
    return reasons


def _volume(run: Run, one: dict) -> Reason:
    line = (
        f"{one['system']} {one['export']} of {one['delivered_on']} has {one['rows_read']:,} rows, "
        f"{one['volume_verdict']} the {one['usual_rows']:,.0f} that are usual."
    )
    remedy = (
        f"Look at {_files_of(run, one)}: deliver the whole file again under its name and run again, or "
        "accept it if it is meant."
    )
    return Reason("volume", (line,), remedy, fingerprint("volume", line))


def _budget(run: Run, one: dict) -> Reason:
    line = (
        f"{one['system']} {one['export']} of {one['delivered_on']}: {one['rows_quarantined']:,} of "
        f"{one['rows_read']:,} rows are set aside, {changes.percent(one['set_aside_share'])}, which is "
        "over its budget."
    )
    aside = run.con.execute(
        f"""select path, coalesce(column_name, 'the row'), reason, count(*) as rows, min(row_number),
            min(remedy)
        from ({run.lake.scan("raw.quarantine")})
        where action = 'set_aside' and row_number is not null
            and path in (from ({_paths(one)}))
        group by all order by rows desc, 1, 2, 3 limit {ASIDE_NAMED}"""
    ).fetchall()
    lines = [
        f"{path}: {rows:,} rows with {column}: {reason}, the first in row {first}; {remedy}."
        for path, column, reason, rows, first, remedy in aside
    ]
    remedy = (
        "Deliver the file again under its name, put right, and run again; or raise its budget in "
        "cdp.toml ([budgets])."
    )
    return Reason("budget", (line, *lines), remedy, fingerprint("budget", line))


def _files_of(run: Run, one: dict) -> str:
    """A delivery's files by name."""
    found = [row[0] for row in run.con.execute(f"{_paths(one)} order by path").fetchall()]
    more = f" and {len(found) - ASIDE_NAMED} more" if len(found) > ASIDE_NAMED else ""
    return ", ".join(found[:ASIDE_NAMED]) + more


def _paths(one: dict) -> str:
    return (
        f"select path from new_files where system = {quoted(one['system'])} "
        f"and export = {quoted(one['export'])} and delivered_at::date = date '{one['delivered_on']}'"
    )


# What is remembered ----------------------------------------------------------------------------


def _read(path: Path) -> dict | list | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _held_path(settings: Settings) -> Path:
    return settings.state / "held.json"


def _accepted_path(settings: Settings) -> Path:
    return settings.state / "accepted.json"
