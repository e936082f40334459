"""What is kept no longer than it may be: rows of raw by their age, and files of runs by theirs.

Here belong the rules and their doing. How long each holds is a setting ([retention]). Rows are taken out
of the raw tables, where they really go; the tables that follow from them are made by the ordinary job.
The rules go by whole months, so that what rests on events is made again once a month, not each night.
"""

from __future__ import annotations

import calendar
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import connectors
from dagster_project.lake import Part, quoted, write_parquet
from dagster_project.making import Made, Table
from dagster_project.privacy.delivered import LINES
from dagster_project.privacy.readings import readings_files
from dagster_project.run import Run
from dagster_project.settings import Settings

UNSPOKEN = {
    "sendgrid__events": "coalesce(lower(as_text(event)), '') not in"
    " ('unsubscribe', 'group_unsubscribe', 'group_resubscribe', 'spamreport', 'bounce')"
}
"""Which events are no words about consent: a no does not expire."""

KNOWN_VISITOR = "select visitor_id from identity.visitors where profile_id is not null"
KNOWN_EVENT = "select record_id from golden.events where profile_id is not null and system = 'weblogs'"

STRANGERS = {
    "segment__events": f"'segment:' || coalesce(as_text(anonymous_id), as_text(user_id)) not in"
    f" ({KNOWN_VISITOR})",
    **{
        name: f"md5(concat_ws('|', {line})) not in ({KNOWN_EVENT})" for name, line in LINES.items()
    },
}
"""Which rows are about nobody that is known, by last night's knowledge."""

Day = TypeVar("Day", bound=date)

BY_NIGHT = ("identity.visitors", "golden.events")


@dataclass(frozen=True)
class Rule:
    """Rows of a raw table that expire: `setting` is how long they are kept, `begins_on` SQL for the day
    from which on that counts, `where` which rows it is about, by last night's tables in `reads`."""

    setting: str
    table: str
    begins_on: str
    where: str = "true"
    reads: tuple[str, ...] = ()


def rules() -> list[Rule]:
    """Every rule about rows of raw."""
    events = [one.name for one in connectors.contracts() if one.day]
    return [
        *(
            Rule("events", f"raw.{name}", "occurred_on", UNSPOKEN.get(name, "true")) for name in events
        ),
        *(
            Rule("visitors", f"raw.{name}", "occurred_on", where, BY_NIGHT)
            for name, where in STRANGERS.items()
        ),
        Rule(
            "third_party",
            "raw.third_party__attributes",
            "coalesce(as_date(valid_until), (as_date(obtained_on) + interval 1 year)::date)",
        ),
    ]


def months_from(day: Day, months: int) -> Day:
    """The same day so many months later, or before; where that month is shorter, its last."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(
        year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1])
    )


def since(now: Day, duration: str) -> Day | None:
    """What is older than that has been kept so long; None where nothing expires."""
    if not duration:
        return None
    count, unit = int(duration[1:-1]), duration[-1]
    if unit in "DW":
        return now - timedelta(days=count * (7 if unit == "W" else 1))
    return months_from(now, -count * (12 if unit == "Y" else 1))


def until(as_of: date, duration: str) -> date | None:
    """What ended before that day has been kept so long, in whole months; None where nothing expires."""
    day = since(as_of, duration)
    return day and day.replace(day=1)


# Rows --------------------------------------------------------------------------------------------


def keeping(table: Table) -> Table:
    """The same table of exports, of which only that stays which may be kept."""

    def make(run: Run) -> Made:
        made = table.make(run)
        gone = _expire(run, table.name)
        rows = run.lake.manifest(table.name).notes.get("rows", 0)
        return replace(made, outcome="part", rows=rows) if gone else made

    return replace(table, make=make)


def _expire(run: Run, table: str) -> int:
    """Take out of a raw table what has expired, and what was set aside so long ago. A part that was
    looked at is looked at again with the next month. Returns how many rows went."""
    kept, manifest = run.settings.retention, run.lake.manifest(table)
    due = [
        (one, day)
        for one in rules()
        if one.table == table
        and (day := until(run.as_of, getattr(kept, one.setting)))
        and all(run.lake.manifest(read) for read in one.reads)
    ]
    aside = until(run.as_of, kept.quarantine)
    looked = {one.setting: day.isoformat() for one, day in due}
    looked |= {"quarantine": aside.isoformat()} if aside else {}
    parts = [part for part in manifest.parts if part.info.get("expired", {}) != looked]
    if not parts:
        return 0
    gone = _find_expired(run, table, parts, due, aside)
    for part in parts:
        if part.file in gone:
            _rewrite(run, table, part, part.info | {"expired": looked}, gone[part.file])
    told = {part.file: {"expired": looked} for part in parts if part.file not in gone}
    if told:
        run.lake.note_parts(table, told)
    counted = run.once("expired", dict)
    for counts in gone.values():
        for setting, rows in counts.items():
            counted[setting] = counted.get(setting, 0) + rows
    return sum(rows for counts in gone.values() for rows in counts.values())


def _find_expired(
    run: Run, table: str, parts: Sequence[Part], due: Sequence[tuple[Rule, date]], aside: date | None
) -> dict[str, dict[str, int]]:
    """expired_rows: file, row (from 0) and setting of what goes, in one look at all parts. Returns the
    counts by file. What was set aside has no day of its own, and goes with the first row that does."""
    con, place = run.con, run.lake.directory(table)
    for read in {read for rule, _ in due for read in rule.reads}:
        run.view(read)
    rows = f"({_rows(run, table, parts)})"
    selects = [
        f"select file, row, '{rule.setting}' as setting from {rows} "
        f"where ({rule.begins_on}) < date '{day}' and ({rule.where})"
        for rule, day in due
    ]
    asides = [
        f"select '{part.file}' as file, row_number - 1 as row "
        f"from read_parquet({quoted(place / part.excluded)})"
        for part in parts
        if part.excluded
    ]
    nothing = "select null::varchar as file, null::bigint as row where false"
    con.execute(
        f"create or replace temp table aside_rows as {' union '.join([nothing, *asides])}"
    )
    con.execute(
        f"""create or replace temp table expired_rows as
        select file, row, min(setting) as setting
        from ({" union all ".join(selects or [f"select *, '' as setting from ({nothing})"])})
        anti join aside_rows using (file, row)
        group by file, row"""
    )
    con.execute(
        f"""insert into expired_rows
        select aside_rows.file, aside_rows.row, 'quarantine'
        from aside_rows
        where aside_rows.file in (select file from expired_rows) or aside_rows.file in (
            select file from {rows}
            where file in (select file from aside_rows)
            group by file
            having max(_delivered_at) < ?
        )""",
        [aside or date.min],
    )
    found: dict[str, dict[str, int]] = {}
    for file, setting, count in con.execute(
        "select file, setting, count(*) from expired_rows group by all order by all"
    ).fetchall():
        found.setdefault(file, {})[setting] = count
    return found


def _rewrite(run: Run, table: str, part: Part, info: dict, counts: Mapping[str, int]) -> None:
    """Write a part again without the rows of expired_rows."""
    con, lake = run.con, run.lake
    manifest = lake.manifest(table)
    there = ", ".join(f'"{name}"' for name in manifest.columns if name not in part.lacks)
    every = ", ".join(f'"{name}"' for name in manifest.columns)
    rows = f"({_rows(run, table, [part])}) where true"
    goes = f"row in (select row from expired_rows where file = {quoted(part.file)})"
    is_read = f"row not in (select row from aside_rows where file = {quoted(part.file)})"
    with lake.staging(table) as staging:
        staged, lost = staging / "part.parquet", staging / "gone.parquet"
        write_parquet(con, f"select {there} from {rows} and not {goes} order by row", staged, order=())
        write_parquet(con, f"select {every} from {rows} and {goes} and {is_read}", lost, order=())
        went = sum(counts.values()) - counts.get("quarantine", 0)
        lake.commit_rewritten(
            table, part, staged, excluded=None, noted=None, gone=lost, info=info,
            rows=manifest.notes["rows"] - went,
        )
    run.tell("expired", table=table, **counts)


def _rows(run: Run, table: str, parts: Sequence[Part]) -> str:
    """SQL for all rows of parts, those that were set aside included, with their file and row (from 0). A
    column that none of them has is null."""
    place = run.lake.directory(table)
    lacking = set.intersection(*(set(part.lacks) for part in parts))
    columns = ", ".join(
        f'null::{kind} as "{name}"' if name in lacking else f'"{name}"'
        for name, kind in run.lake.manifest(table).columns.items()
    )
    files = ", ".join(quoted(place / part.file) for part in parts)
    return f"""select {columns}, parse_filename(filename) as file, file_row_number as row
        from read_parquet([{files}], union_by_name = true, hive_partitioning = false, filename = true,
            file_row_number = true)"""


# Files -------------------------------------------------------------------------------------------


def tidy(run: Run, catalog: Mapping[str, Table]) -> None:
    """Remove what has been kept long enough of earlier runs: rows that later ones replaced, publishes
    and their states, reports, logs. To be done once a run has published."""
    now, kept = datetime.now(UTC), run.settings.retention
    counted = run.once("expired", dict)
    for name, table in catalog.items():
        if _is_overgrown(run, name, since(now, kept.versions)):
            run.lake.compact(run.con, name, table.model.order if table.model else table.grain)
            counted["versions"] = counted.get("versions", 0) + 1
        run.lake.forget_gone(name)
    for name, paths in _files(run.settings).items():
        limit = since(now, getattr(kept, name))
        old = [path for path in paths if limit and _changed(path) < limit]
        for path in old:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if old:
            counted[name] = counted.get(name, 0) + len(old)
            run.tell("expired", files=name, count=len(old))


def _is_overgrown(run: Run, table: str, limit: datetime | None) -> bool:
    """Whether rows that were replaced before that moment still lie in the table's files."""
    manifest = run.lake.manifest(table)
    replacing = [part.file for part in manifest.parts if part.keys] if manifest and limit else []
    return any(_changed(run.lake.directory(table) / file) < limit for file in replacing)


def _files(settings: Settings) -> dict[str, list[Path]]:
    """The files of earlier runs by their setting; never what is served, nor the latest report."""
    served = {
        (place / "current").resolve() for place in (settings.warehouse, settings.state)
    }
    versions = [*settings.warehouse.glob("*"), *(settings.state / "versions").glob("[!.]*")]
    return {
        "publishes": [
            path for path in versions
            if path.is_dir() and not path.is_symlink() and path.resolve() not in served
        ],
        "readings": readings_files(settings),
        "reports": list((settings.home / "reports" / "runs").glob("*.html")),
        "logs": [path for path in settings.logs.glob("*.jsonl") if path.name != "running.jsonl"],
    }


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
