"""Estimates the model's parameters from unlabelled records: a command, not a nightly step.

u (how often strangers agree) comes from random pairs, m (how often one person's records agree) from
expectation maximisation; both as Splink does them. Labels and truth are never read here.
"""

from __future__ import annotations

import json
import logging

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
FEWEST_PAIRS = 1_000
"""A training block with fewer pairs is left out."""

# A level that the sample never shows is rare, not impossible.
SMALLEST_M = 1e-4
SMALLEST_U = 1e-6


def train(con: duckdb.DuckDBPyConnection, *, seed: int = 1, max_pairs: float = 1e7) -> str:
    """The text of trained.json, estimated from identity.comparison_records in `con`.

    The same records and seed give the same text. Method: Fellegi and Sunter (1969) with u by
    random sampling and m by expectation maximisation (Winkler 1988), averaged over
    TRAINING_BLOCKS. It is done twice: among many records of few people, random pairs are too often
    one person's for u, so the second time u is taken from one record of each cluster that the
    first parameters give.
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
    measured = population.measure(con, model=first)
    con.execute(f"create or replace temp table training_population as {measured}")
    con.execute("create or replace view identity.population as from training_population")
    linking.start(con, model=first)
    linking.resolve(con, model=first)
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
    facts = {"seed": seed, "distinct_records": record_count}
    return json.dumps({"trained_on": facts, "comparisons": comparisons}, indent=1) + "\n"


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
    u_of = _parameters(strangers, "u_probability", SMALLEST_U)

    settings = model.splink_settings(COMPARISONS, BLOCKING_RULES)
    for comparison in settings["comparisons"]:
        levels = [lv for lv in comparison["comparison_levels"] if not lv.get("is_null_level")]
        for level, value in zip(levels, u_of[comparison["output_column_name"]], strict=True):
            level["u_probability"] = value
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
                max_pairs=2e6,
                record_sample_proportion=1.0,
            )
    m_of = _parameters(records, "m_probability", SMALLEST_M)
    for linker in (strangers, records):
        linker.table_management.delete_tables_created_by_splink_from_db()
    return {
        name: [{"m": m, "u": u} for m, u in zip(m_of[name], u_of[name], strict=True)]
        for name in u_of
    }


def _parameters(linker: Linker, key: str, floor: float) -> dict[str, list[float]]:
    estimated = linker.misc.save_model_to_json()["comparisons"]
    return {
        comparison["output_column_name"]: [
            _rounded(level.get(key), floor)
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        ]
        for comparison in estimated
    }


def _rounded(value: object, floor: float) -> float:
    """To four digits, so that the last bits of a parallel sum do not change the committed file."""
    return float(f"{max(value, floor):.4g}") if isinstance(value, float) else floor
