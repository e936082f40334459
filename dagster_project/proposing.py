"""Expectations proposed from what a table holds now, to be reviewed like code before they are kept.

Here belongs looking at a table and writing down what is true of it, with a margin. Nothing that names a
person is looked at beyond whether it is there.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import duckdb

from dagster_project.glossary import Glossary

NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL", "HUGEINT")
FEW_WORDS, MANY_ROWS = 12, 100
"""A column with at most so many different words in at least so many rows is a list of words."""

MARGIN = 0.1
"""So much less than now may a column be filled."""


@dataclass(frozen=True)
class Proposal:
    """The text of the two files."""

    metrics: str
    suite: str


def propose(
    con: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...], glossary: Glossary
) -> Proposal:
    """What is true of the table, a view in `con`: its key, how filled its columns are, their words, the
    sign of their numbers, and times that are not ahead."""
    name = table.partition(".")[2]
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    listed = ", ".join(f'"{column}"' for column in key)
    metrics = {
        "row_count": "count(*)",
        "repeated_count": f"count(*) - count(distinct ({listed}))",
    }
    said = [
        _entry("there_are_rows", "row_count", "critical", least=1),
        _entry("keys_are_unique", "repeated_count", "critical", most=0),
    ]
    if not rows:
        said[0]["severity"] = "warning"
    described = con.execute(f"describe from {table}").fetchall()
    for column, kind in ((row[0], row[1]) for row in described if rows):
        cell = f'"{column}"'
        filled, distinct = con.execute(
            f"select count({cell}) / count(*), approx_count_distinct({cell}) from {table}"
        ).fetchall()[0]
        least = 1 if filled == 1 else math.floor(100 * filled * (1 - MARGIN)) / 100
        if least:
            metrics[f"{column}_share"] = f"coalesce(count({cell}) / nullif(count(*), 0), 1)"
            claim = f"{column}_is_filled" if filled == 1 else f"{column}_is_filled_as_usual"
            severity = "critical" if column in key else "warning"
            said.append(_entry(claim, f"{column}_share", severity, least=least))
        meaning = glossary.of(name, column)
        is_of_people = meaning is None or meaning.data_class not in ("technical", "behavioural")
        if kind == "TIMESTAMP" and filled:
            metrics[f"{column}_ahead_count"] = (
                f"count(*) filter (where {cell} > now.as_of + interval 2 day)"
            )
            said.append(_entry(f"{column}_is_not_ahead", f"{column}_ahead_count", "warning", most=0))
        elif kind.startswith(NUMBERS) and not is_of_people and _none(con, table, f"{cell} < 0"):
            metrics[f"{column}_negative_count"] = f"count(*) filter (where {cell} < 0)"
            claim = f"{column}_is_not_negative"
            said.append(_entry(claim, f"{column}_negative_count", "warning", most=0))
        elif (
            kind == "VARCHAR"
            and not is_of_people
            and not column.endswith("_id")
            and rows >= MANY_ROWS
            and 0 < distinct <= FEW_WORDS
        ):
            words = con.execute(
                f"select distinct {cell} from {table} where {cell} is not null order by 1"
            ).fetchall()
            of = ", ".join("'" + word.replace("'", "''") + "'" for (word,) in words)
            metrics[f"{column}_unknown_count"] = f"count(*) filter (where {cell} not in ({of}))"
            said.append(_entry(f"{column}_is_known", f"{column}_unknown_count", "warning", most=0))
    return Proposal(_query(table, name, metrics), _json(said))


def _entry(
    claim: str, metric: str, severity: str, *, least: float | None = None, most: float | None = None
) -> dict:
    bounds = {key: value for key, value in (("min", least), ("max", most)) if value is not None}
    return {"claim": claim, "metric": metric, **bounds, "severity": severity,
            "remedy": "Say here what to do."}


def _none(con: duckdb.DuckDBPyConnection, table: str, condition: str) -> bool:
    return con.execute(f"select count(*) = 0 from {table} where {condition}").fetchall()[0][0]


def _query(table: str, name: str, metrics: dict[str, str]) -> str:
    listed = ",\n".join(f"    {sql} as {metric}" for metric, sql in metrics.items())
    asks = "\ncross join raw.as_of as now" if any("now." in sql for sql in metrics.values()) else ""
    return (
        f"-- One row: what {table} must look like as a whole. Judged by {name}.suite.json.\n"
        f"select\n{listed}\nfrom {table}{asks}\n"
    )


def _json(entries: list[dict]) -> str:
    return "[\n" + ",\n".join("  " + json.dumps(one) for one in entries) + "\n]\n"
