"""How many people share what the database without names still shows of each: k-anonymity, per table.

Here belongs the counting (Sweeney 2002: who is one of k with the same quasi-identifiers cannot be told
from the others by them). What a table shows, and in which form, is editions.py's; how much may stand in
small groups before somebody is warned is said beside the table in sql/marts.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from dagster_project.editions import PSEUDONYMISED, Shown
from dagster_project.glossary import load_glossary
from dagster_project.lake import quoted
from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run

TABLE = "marts.anonymity"
K = 5
"""Of fewer people than these a group is small."""


def table(catalog: Mapping[str, Table]) -> Table:
    """The table, which counts in all others of the contract."""
    counted = tuple(
        name
        for name in sorted(catalog)
        if name.startswith("marts.")
        or (name.startswith("golden.") and f"marts.{name.partition('.')[2]}" not in catalog)
    )

    def make(run: Run) -> Made:
        shown = {name: found for name in counted if (found := quasi_identifiers(run, catalog[name]))}
        return make_table(
            run,
            TABLE,
            code=(inspect.getsource(_count), K, {n: [one.sql for one in f] for n, f in shown.items()}),
            inputs=shown,
            grain=("table_name",),
            compute=lambda: " union all ".join(_count(run, *item) for item in sorted(shown.items())),
        )

    return Table(
        TABLE,
        "One row per table of the database without names that shows quasi-identifiers: how many people "
        "at least share what it shows, and how much stands in small groups.",
        ("table_name",),
        counted,
        make,
    )


def quasi_identifiers(run: Run, table: Table) -> list[Shown]:
    """The columns by which the database without names may single somebody out, as it shows them."""
    columns = list(run.lake.manifest(table.name).columns)
    glossary = load_glossary(run.settings.sql / "columns.csv")
    target = f"main.{table.name.partition('.')[2]}"
    return [
        one
        for one in PSEUDONYMISED.columns(target, columns, table.grain, glossary)
        if one.meaning.data_class == "quasi_identifier"
    ]


def _count(run: Run, name: str, shown: list[Shown]) -> str:
    """SQL for one table's row. People are counted where it has them, else its rows."""
    people = "distinct profile_id" if "profile_id" in run.lake.manifest(name).columns else "*"
    groups = ", ".join(f"{one.sql} as {one.name}" for one in shown)
    named = ", ".join(one.name for one in shown)
    small = f"people < {K}"
    return f"""select
            {quoted(name.partition('.')[2])} as table_name,
            {quoted(named)} as quasi_identifiers,
            {K} as group_limit,
            count(*) as group_count,
            coalesce(min(people), 0) as smallest_group,
            count(*) filter (where {small}) as small_group_count,
            coalesce(sum(row_count), 0)::bigint as row_count,
            coalesce(sum(row_count) filter (where {small}), 0)::bigint as small_group_row_count
        from (
            select {groups}, count({people}) as people, count(*) as row_count
            from {name}
            group by {", ".join(str(at + 1) for at in range(len(shown)))}
        )"""
