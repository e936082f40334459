"""Estimates the model's parameters from unlabelled records: a command, not a nightly step.

u (how often strangers agree) comes from random pairs, m (how often one person's records agree) from
expectation maximisation; both as Splink does them. What each blocking rule then contributes is counted
here as well. Labels and truth are never read; what a report says of it is in pages/model_report.py.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

import duckdb
from splink import DuckDBAPI, Linker

from dagster_project.identity import linking, model, nodes, population
from dagster_project.identity.model import BLOCKING_RULES, COMPARISONS

# Pairs that share one of these are partly one person and partly strangers or relatives, which is
# what expectation maximisation needs. Each leaves other comparisons free to be estimated; none
# blocks on the address, for then the two classes found would be "household" and "strangers".
TRAINING_BLOCKS = (
    ("whole name", "l.first_name = r.first_name and l.last_name = r.last_name"),
    ("birth date", "l.birth_on = r.birth_on"),
    ("e-mail", "l.email = r.email"),
)
READS = (
    "identity.comparison_records",
    "identity.exact_links",
    "identity.guard_rules",
    "identity.record_identifiers",
    "standard.judgements",
)
FEWEST_PAIRS = 1_000
"""A training block with fewer pairs is left out."""

MAX_PAIRS = 1e7
"""Random pairs that u is estimated from; expectation maximisation takes a fifth of it per block."""

# A level that the sample never shows is rare, not impossible.
SMALLEST_M = 1e-4
SMALLEST_U = 1e-6


class TrainError(Exception):
    """The records do not suffice to estimate anything; the message says what is missing."""


@dataclass(frozen=True)
class Reach:
    """What one blocking rule finds: pairs, and accepted links by score among them; `_alone` are those
    that no other rule finds, so what would not be compared without it; `share` is of all such
    links. Blocks too large to say anything are counted as skipped."""

    rule: str
    reason: str
    pairs: int
    pairs_alone: int
    links: int
    links_alone: int
    share: float
    skipped_blocks: int


def train(
    con: duckdb.DuckDBPyConnection, *, seed: int = 1, max_pairs: float = MAX_PAIRS
) -> str:
    """The text of trained.json, estimated from what linkage reads (READS) in `con`.

    The same records and seed give the same text. A comparison that the records never show keeps the
    shipped parameters. Raises TrainError where the records are too few for any.

    Method: Fellegi and Sunter (1969) with u by random sampling and m by expectation maximisation
    (Winkler 1988), averaged over TRAINING_BLOCKS. It is done twice: among many records of few people,
    random pairs are too often one person's for u, so the second time u is taken from one record of each
    cluster that the first parameters give.
    """
    nodes.start(con)
    nodes.collapse(con)
    con.execute("""
        create or replace temp table training_nodes as
        select nodes.node_id, records.* exclude (record_key)
        from linkage_nodes as nodes
        inner join identity.comparison_records as records on records.record_key = nodes.first_record
        order by nodes.node_id
    """)
    con.execute("create or replace temp table training_strangers as from training_nodes")
    first = model.Model(_estimate(con, seed=seed, max_pairs=max_pairs / 4))
    _link(con, first)
    con.execute("""
        create or replace temp table training_strangers as
        select * from training_nodes
        where node_id in (select node_id from identity_clusters where record_key = cluster)
        order by node_id
    """)
    second = _estimate(con, seed=seed, max_pairs=max_pairs)
    comparisons = {
        comparison.name: [
            {"level": level, **parameters}
            for level, parameters in zip(
                [*(level.name for level in comparison.levels), "all other"],
                second[comparison.name],
                strict=True,
            )
        ]
        for comparison in COMPARISONS
    }
    [(record_count,)] = con.execute("select count(*) from training_nodes").fetchall()
    facts = {"seed": seed, "max_pairs": int(max_pairs), "distinct_records": record_count}
    return json.dumps({"trained_on": facts, "comparisons": comparisons}, indent=1) + "\n"


def reach(con: duckdb.DuckDBPyConnection, *, model: model.Model) -> tuple[Reach, ...]:
    """What each blocking rule of `model` finds among the records in `con`, linked from nothing."""
    _link(con, model)
    con.execute(
        """
        create or replace temp table training_pairs as
        with small as (
            select rule, block from identity_blocks
            group by rule, block having count(*) between 2 and $limit
        ),
        members as (from identity_blocks semi join small using (rule, block))
        select
            l.node_id as node_l,
            r.node_id as node_r,
            list(distinct l.rule order by l.rule) as rules
        from members as l
        inner join members as r on l.rule = r.rule and l.block = r.block and l.node_id < r.node_id
        group by l.node_id, r.node_id
        """,
        {"limit": model.block_limit},
    )
    found = con.execute(
        """
        with links as (
            select distinct
                least(l.node_id, r.node_id) as node_l, greatest(l.node_id, r.node_id) as node_r
            from identity_links as links
            inner join identity_clusters as l on l.record_key = links.left_record
            inner join identity_clusters as r on r.record_key = links.right_record
            where links.decision = 'accepted' and links.reason = 'splink'
        ),
        each_rule as (
            select
                unnest(pairs.rules) as rule,
                len(pairs.rules) = 1 as is_alone,
                links.node_l is not null as is_link
            from training_pairs as pairs left join links using (node_l, node_r)
        )
        select
            rule,
            count(*),
            count(*) filter (where is_alone),
            count(*) filter (where is_link),
            count(*) filter (where is_link and is_alone),
            count(*) filter (where is_link) / (select greatest(count(*), 1) from links)
        from each_rule group by rule
        """
    ).fetchall()
    skipped = con.execute(
        "select rule, count(*) from identity_skipped_blocks group by rule"
    ).fetchall()
    counts, too_large = {row[0]: row[1:] for row in found}, dict(skipped)
    return tuple(
        Reach(
            rule.name,
            rule.reason,
            *counts.get(number, (0, 0, 0, 0, 0.0)),
            skipped_blocks=too_large.get(rule.name, 0),
        )
        for number, rule in enumerate(model.blocking_rules)
    )


def _link(con: duckdb.DuckDBPyConnection, chosen: model.Model) -> None:
    """Link all records from nothing, by facts of the population measured for this model."""
    measured = population.measure(con, model=chosen)
    con.execute(f"create or replace temp table training_population as {measured}")
    con.execute("create or replace view identity.population as from training_population")
    linking.start(con, model=chosen)
    linking.resolve(con, model=chosen)


def _estimate(
    con: duckdb.DuckDBPyConnection, *, seed: int, max_pairs: float
) -> dict[str, list[dict[str, float]]]:
    """m from training_nodes and u from training_strangers, for every level of every comparison."""
    api = DuckDBAPI(con)
    strangers = Linker(
        api.register("training_strangers", dataset_display_name="strangers"),
        model.splink_settings(COMPARISONS, BLOCKING_RULES),
        log_level=logging.ERROR,
    )
    strangers.training.estimate_u_using_random_sampling(
        max_pairs=max_pairs, seed=seed, min_count_per_level=None, num_chunks=1
    )
    u_of = _parameters(strangers, "u_probability")

    settings = model.splink_settings(COMPARISONS, BLOCKING_RULES)
    for comparison in settings["comparisons"]:
        levels = [lv for lv in comparison["comparison_levels"] if not lv.get("is_null_level")]
        for level, value in zip(levels, u_of[comparison["output_column_name"]], strict=True):
            level["u_probability"] = _rounded(value, SMALLEST_U)
    api = DuckDBAPI(con)
    records = Linker(
        api.register("training_nodes", dataset_display_name="records"),
        settings,
        log_level=logging.ERROR,
    )
    for _, condition in TRAINING_BLOCKS:
        [(pair_count,)] = con.execute(f"""
            select count(*) from (
                select 1 from training_nodes as l inner join training_nodes as r
                on l.node_id < r.node_id and {condition} limit {FEWEST_PAIRS}
            )
        """).fetchall()
        if pair_count == FEWEST_PAIRS:
            records.training.estimate_parameters_using_expectation_maximisation(
                condition,
                estimate_without_term_frequencies=True,
                max_pairs=max_pairs / 5,
                record_sample_proportion=1.0,
            )
    m_of = _parameters(records, "m_probability")
    for linker in (strangers, records):
        linker.table_management.delete_tables_created_by_splink_from_db()
    # what is unlike is seen wherever anything is
    shown = [name for name in u_of if m_of[name][-1] is not None and u_of[name][-1] is not None]
    if not shown:
        blocks = ", ".join(name for name, _ in TRAINING_BLOCKS)
        raise TrainError(
            f"too few records to learn from: none of {blocks} is shared by {FEWEST_PAIRS:,} pairs of "
            "distinct records. Use the model that there is, or train on more records"
        )
    return {
        name: [
            {"m": _rounded(m, SMALLEST_M), "u": _rounded(u, SMALLEST_U)}
            for m, u in zip(m_of[name], u_of[name], strict=True)
        ]
        if name in shown
        else _kept(name)
        for name in u_of
    }


def _kept(comparison: str) -> list[dict[str, float]]:
    """The shipped parameters of a comparison. Raises TrainError where it is new."""
    try:
        return model.shipped().trained[comparison]
    except ValueError:
        raise TrainError(
            f"the records do not show {comparison}, and no shipped model fits model.py: train on "
            "records that have it"
        ) from None


def _parameters(linker: Linker, key: str) -> dict[str, list[float | None]]:
    """Comparison -> what was estimated for each level, None where it was never seen."""
    estimated = linker.misc.save_model_to_json()["comparisons"]
    return {
        comparison["output_column_name"]: [
            value if isinstance(value := level.get(key), float) else None
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        ]
        for comparison in estimated
    }


def _rounded(value: float | None, floor: float) -> float:
    """To four digits, so that the last bits of a parallel sum do not change the committed file."""
    return floor if value is None else float(f"{max(value, floor):.4g}")
