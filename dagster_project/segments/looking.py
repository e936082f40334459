"""Segments as a marketer looks at them: what is published, what a file would make of it, why somebody
is in.

Reads the published database and the segments' files; changes neither. Of people it tells ids, first
letters and counts. What it looks like on the screen is cli.py's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lake import connect, quoted
from dagster_project.segments.conditions import SOURCES, Condition, Group, read_conditions
from dagster_project.settings import Settings
from dagster_project.sql_models import SqlModel, load_model, names_in

SAMPLE_SIZE = 10

REASONS = {
    "behaviour": "what the person did, or time that passed",
    "identity": "a merge or a split",
    "consent": "what the person allowed or forbade",
    "definition": "the segment was new or changed",
    "erasure": "the person is not known any more",
}


class NoSegment(Exception):
    """What was named is no segment, or cannot be looked at yet; the message says what to do."""


@dataclass(frozen=True)
class Preview:
    """What a file would make of the published people: who is in, enters and leaves, and with whom it
    overlaps; `sample` is (profile id, first letter of the name). A new one was not published yet."""

    segment: str
    size: int
    before: int
    entering: int
    leaving: int
    breach: str | None
    is_new: bool
    overlaps: tuple[tuple[str, int], ...]
    sample: tuple[tuple[str, str | None], ...]


def find_model(settings: Settings, what: str) -> SqlModel:
    """The segment of that name, or of that file. Raises NoSegment, ModelError."""
    folder = settings.sql / "segments"
    if Path(what).suffix in (".sql", ".yaml"):
        if not Path(what).is_file():
            raise NoSegment(f"there is no file {what}")
        return load_model(Path(what).resolve(), folder=folder)
    found = [path for ending in ("sql", "yaml") if (path := folder / f"{what}.{ending}").is_file()]
    if not found:
        known = ", ".join(sorted(names_in(folder)))
        raise NoSegment(f"there is no segment {what}; there are {known}")
    return load_model(found[0])


def overview(con: duckdb.DuckDBPyConnection) -> list[dict]:
    """Every published segment with its size, and what the last night changed."""
    return _rows(
        con,
        """select
            segments.segment, segments.title, segments.owner, segments.purpose, segments.size,
            segments.is_held, segments.held_reason,
            coalesce(sizes.entered_count, 0) as entered_count,
            coalesce(sizes.left_count, 0) as left_count
        from segments
        left join segment_sizes as sizes
            on sizes.segment = segments.segment
            and sizes.as_of = (select max(as_of) from runs)
        order by segments.segment""",
    )


def details(con: duckdb.DuckDBPyConnection, model: SqlModel) -> dict:
    """All that is known of one segment; what is published of it is empty before its first night."""
    name = quoted(model.name)
    return {
        "segment": model.name,
        "title": model.fields["title"],
        "owner": model.fields["owner"],
        "purpose": model.fields["purpose"],
        "description": model.description,
        "guards": model.fields.get("guards", ""),
        "file": model.path.name,
        "sql": _query(model),
        "published": _rows(
            con,
            f"""select size, email_reachable_count, sms_reachable_count, ads_reachable_count, is_held,
                held_reason
            from segments where segment = {name}""",
        ),
        "sizes": _rows(
            con,
            f"""select as_of, size, entered_count, left_count from segment_sizes
            where segment = {name} order by as_of desc limit 7""",
        ),
        "overlaps": _rows(
            con,
            f"""select other_segment, shared_count, share, jaccard from segment_overlaps
            where segment = {name} order by shared_count desc, other_segment limit 7""",
        ),
        "definitions": _rows(
            con,
            f"""select first_as_of, definition_hash from segment_definitions
            where segment = {name} order by first_as_of, definition_hash""",
        ),
    }


def preview(settings: Settings, model: SqlModel) -> Preview:
    """The file's query over what is published. Raises NoSegment where it cannot be run on that."""
    with room(settings, model) as con:
        try:
            con.execute(f"create temp table found as select profile_id from ({model.query})")
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            said = str(error).splitlines()[0]
            raise NoSegment(f"{model.path.name} cannot be run: {said}") from None
        except duckdb.ConversionException:
            raise NoSegment(
                f"{model.path.name} cannot be run: it turns a value into a type that the value does not "
                "have; use try_cast"
            ) from None
        [(size, distinct, before, entering, leaving, is_new)] = con.execute(
            """with members as (
                select profile_id from published.segment_members where segment = ?
            )
            select
                (select count(*) from found),
                (select count(distinct profile_id) from found),
                (select count(*) from members),
                (select count(*) from found anti join members using (profile_id)),
                (select count(*) from members anti join found using (profile_id)),
                not exists (from published.segments where segment = ?)""",
            [model.name, model.name],
        ).fetchall()
        if size != distinct:
            raise NoSegment(
                f"{model.path.name} names {size - distinct:,} people twice or not at all; "
                "each is in a segment once: select distinct profile_id"
            )
        overlaps = con.execute(
            """select segment, count(*) from published.segment_members semi join found using (profile_id)
            where segment <> ? group by segment order by 2 desc, 1""",
            [model.name],
        ).fetchall()
        sample = con.execute(
            f"""select profile_id, left(first_name, 1) || '.'
            from published.profiles semi join found using (profile_id)
            order by md5(profile_id) limit {SAMPLE_SIZE}"""
        ).fetchall()
    breach = model.guards.breach(size=size, before=before, moved=entering + leaving)
    return Preview(
        model.name, size, before, entering, leaving, breach, is_new, tuple(overlaps), tuple(sample)
    )


def explain(
    settings: Settings, con: duckdb.DuckDBPyConnection, model: SqlModel, profile_id: str
) -> dict:
    """Why a person is in a segment or is not: since when, what happened before, and of a YAML file every
    condition with what is so of the person."""
    key, name = quoted(profile_id), quoted(model.name)
    return {
        "segment": model.name,
        "profile_id": profile_id,
        "member": _rows(
            con,
            f"""select entered_at, score, reason from segment_members
            where segment = {name} and profile_id = {key}""",
        ),
        "history": _rows(
            con,
            f"""select as_of, change, reason from segment_history
            where segment = {name} and profile_id = {key} order by as_of, change""",
        ),
        "held": _rows(
            con, f"select held_reason from segments where segment = {name} and is_held"
        ),
        "conditions": _conditions(settings, model, key),
    }


def _conditions(settings: Settings, model: SqlModel, key: str) -> list[dict]:
    if model.path.suffix != ".yaml":
        return []
    folder = settings.sql / "segments"
    text = model.path.read_text(encoding="utf-8")
    _, group = read_conditions(text, segments=names_in(folder) - {model.name})
    found = []
    with room(settings, model) as con:
        for depth, one in _walk(group, 0):
            if isinstance(one, Group):
                found.append({"depth": depth, "words": one.how, "value": None, "holds": None})
                continue
            asked = f"select ({one.value})::varchar, ({one.sql}) is true\n" + "\n".join(SOURCES)
            [(value, holds)] = con.execute(f"{asked}\nwhere people.profile_id = {key}").fetchall()
            found.append({"depth": depth, "words": one.words, "value": value, "holds": holds})
    return found


def _walk(part: Condition | Group, depth: int) -> Iterator[tuple[int, Condition | Group]]:
    yield depth, part
    for one in part.parts if isinstance(part, Group) else ():
        yield from _walk(one, depth + 1)


@contextmanager
def room(settings: Settings, model: SqlModel) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine in which the tables that the segment reads are those that are published."""
    con = connect(threads=settings.threads, memory=settings.memory_limit)
    try:
        con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
        con.execute(f"attach {quoted(settings.database.resolve())} as published (read_only)")
        there = {
            ".".join(row)
            for row in con.execute(
                """select schema_name, table_name from duckdb_tables()
                where database_name = 'published'
                union select schema_name, view_name from duckdb_views()
                where database_name = 'published'"""
            ).fetchall()
        }
        for table in sorted(model.dependencies):
            con.execute(f"create schema if not exists {table.partition('.')[0]}")
            if table == "raw.as_of":
                rows = "select max(as_of)::timestamp as as_of from published.runs"
            elif table in there:
                rows = f"from published.{table}"
            else:
                raise NoSegment(
                    f"{model.path.name} reads {table}, which is not published; "
                    "cdp run publishes a new segment, and raw and staging tables never are"
                )
            con.execute(f"create view {table} as {rows}")
        yield con
    finally:
        con.close()


# New ones ------------------------------------------------------------------------------------------

SQL_TEMPLATE = """\
-- title: {title}
-- owner: marketing
-- description: Say in a sentence who is in.
-- purpose: marketing
-- guards: min_size 100, max_change 30%
select
    facts.profile_id -- each person once; score and reason may stand beside it
from golden.customer_facts as facts
cross join raw.as_of as now -- the midnight that the night speaks for
where facts.last_order_at >= now.as_of - interval 90 days
"""

YAML_TEMPLATE = """\
title: {title}
owner: marketing
description: Say in a sentence who is in.
purpose: marketing                  # marketing, service, analytics or suppression
guards: min_size 100, max_change 30%
who:
  all:                              # all of these; any: one of these suffices; not: the contrary
    - attribute: order_count        # is, is_not, one_of, at_least, at_most, is_known
      at_least: 2
    - attribute: last_order_at      # of times also within_days, older_than_days
      older_than_days: 90
    - did: product_view             # what somebody did; order is a purchase
      within_days: 30
      times: 2
    # - score: recency_days
    #   at_most: 180
    # - not:
    #     segment: vip_customers
"""


def write_new(settings: Settings, name: str, *, as_yaml: bool) -> Path:
    """A file to start from. Raises NoSegment where the name cannot be a new segment's."""
    folder = settings.sql / "segments"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise NoSegment(f"{name} cannot be a segment's name; use small letters, digits and _")
    if name in names_in(folder):
        raise NoSegment(f"there is a segment {name} already: cdp segment show {name}")
    path = folder / f"{name}.{'yaml' if as_yaml else 'sql'}"
    template = YAML_TEMPLATE if as_yaml else SQL_TEMPLATE
    path.write_text(template.format(title=name.replace("_", " ").capitalize()), encoding="utf-8")
    return path


def _query(model: SqlModel) -> str:
    """The SELECT without its header."""
    lines = model.sql.splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
