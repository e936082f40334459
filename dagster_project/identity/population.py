"""What linkage knows of the population as a whole: how rare values are, how names are used, whether
people live together.

Measured on one night and then stored with the state, for a pair's score must not move because
strangers came or went: that is what lets a night score only what is new. When to measure again is said
here (`is_outgrown`); what the facts are used for is said in scoring.py and constraints.py.
"""

from __future__ import annotations

import duckdb

from dagster_project.identity import constraints, nodes
from dagster_project.identity.model import Model
from dagster_project.lake import fingerprint

GROWTH = 2.0
"""The facts are measured again once there are this many times more, or fewer, records."""

FEWEST_SURNAMES = 5
"""A first name that goes with so many surnames, and with one in 10,000 records, is a name that many
people have, and no slip of the hand."""


def name_uses() -> str:
    """SQL over identity.folded_records: how often a name is a first name and a surname among the records
    that give both (name, as_first, as_last)."""
    return """
        select name, sum(as_first)::bigint as as_first, sum(as_last)::bigint as as_last
        from (
            select first_name as name, 1 as as_first, 0 as as_last
            from identity.folded_records where first_name is not null and last_name is not null
            union all
            select last_name, 0, 1
            from identity.folded_records where first_name is not null and last_name is not null
        ) as each_use
        group by name
    """


def measure(con: duckdb.DuckDBPyConnection, *, model: Model) -> str:
    """SQL over a table (kind, value, number) with the facts of the records now in `con`.

    Reads what nodes.collapse reads. Kinds: record_count; prior (the odds that two random records are
    one person); households (1 or 0); common_first_name; tf:<column>, the share of a value among the
    distinct records, '' standing for every value that is not listed; measured_by, a fingerprint.
    """
    nodes.start(con)
    nodes.collapse(con)
    con.execute("""
        create or replace temp table measured_nodes as
        select records.*
        from linkage_nodes
        inner join identity.comparison_records as records on records.record_key = first_record
    """)
    # one true match per record: a constant would call the same pair ever surer as data grow
    con.execute(
        f"""
        create or replace temp table measured_population as
        select 'record_count' as kind, '' as value, count(*)::double as number
        from identity.comparison_records
        union all
        select 'measured_by', $measured_by::varchar, 1
        union all
        select 'prior', '', 1 / (count(*) + $pseudo) from measured_nodes
        union all
        select 'common_first_name', first_name, count(distinct last_name)
        from measured_nodes
        where first_name is not null
        group by first_name
        having count(distinct last_name)
            >= greatest({FEWEST_SURNAMES}, (select count(*) from measured_nodes) / 10000)
        """,
        {"pseudo": model.pseudo_records, "measured_by": measured_by(model)},
    )
    for column, usual in model.term_frequency_columns().items():
        # A frequency counted in few records is pulled towards that of a usual value. What is known of
        # one record only is as rare as what was never seen.
        con.execute(
            f"""
            insert into measured_population
            with counted as (
                select {column} as value, count(*) as n
                from measured_nodes where {column} is not null group by {column}
                union all
                select '', 1
            )
            select
                'tf:{column}',
                value,
                (n + $pseudo * $usual) / ((select sum(n) - 1 from counted) + $pseudo)
            from counted
            where n > 1 or value = ''
            """,
            {"pseudo": model.pseudo_records, "usual": usual},
        )
    con.execute(f"""
        create or replace temp table identity_nodes as
        select *, {constraints.is_common("measured_population")} as is_common from measured_nodes
    """)
    households = float(constraints.has_households(con))
    con.execute("insert into measured_population values ('households', '', ?)", [households])
    return "from measured_population"


def still_carried(stored: str, *, model: Model) -> str:
    """SQL over the stored facts for those that name no value which no record has any more: after an
    erasure they would tell what somebody was called. Nobody else's score rests on them."""
    columns = sorted(model.term_frequency_columns())
    carried = " union all ".join(
        [f"select 'tf:{one}' as kind, {one} as value from identity.comparison_records" for one in columns]
        + ["select 'common_first_name', first_name from identity.comparison_records"]
    )
    return f"""select * from ({stored})
        where kind not like 'tf:%' and kind <> 'common_first_name' or value = ''
            or (kind, value) in (select (kind, value) from ({carried}))"""


def names_still_carried(stored: str) -> str:
    """The same of the names."""
    return f"""select * from ({stored}) where name in (
        select unnest([first_name, last_name]) from identity.folded_records
    )"""


def measured_by(model: Model) -> str:
    """Changes with what would make stored facts those of another model."""
    return fingerprint(model.term_frequency_columns(), model.pseudo_records)


def is_outgrown(con: duckdb.DuckDBPyConnection, stored: str, *, records: str, model: Model) -> bool:
    """Whether the facts in the relation `stored` are none, another model's, or those of a population of
    another size than the table `records`."""
    [(then, measured)] = con.execute(f"""
        select
            max(number) filter (where kind = 'record_count'),
            max(value) filter (where kind = 'measured_by')
        from ({stored})
    """).fetchall()
    [(now,)] = con.execute(f"select count(*) from {records}").fetchall()
    if then is None or measured != measured_by(model):
        return True
    return now > GROWTH * then or now < then / GROWTH
