"""Scores pairs with Splink: the model's levels, the population's stored frequencies, nothing else.

A pair's score depends on the compared values of its two records and on stored facts alone, so it is the
same on whichever night, beside whichever other pairs it is computed. What a score leads to is decided
in linking.py and constraints.py.
"""

from __future__ import annotations

import logging
import math

import duckdb
from splink import DuckDBAPI, Linker

from dagster_project.identity.model import Model

PROBABILITY = "1 / (1 + pow(2, -round(match_weight, 6)))"
"""SQL: the probability that a match weight stands for."""


def score_columns(model: Model) -> dict[str, str]:
    """Column -> type of what `score` says of a pair: those of identity.links that a score fills."""
    weights = {f"mw_{name}": "double" for name in ("prior", *model.comparison_names)}
    levels = {f"level_{name}": "tinyint" for name in model.comparison_names}
    return {"match_weight": "double", "match_probability": "double", **weights, **levels}


def score(
    con: duckdb.DuckDBPyConnection, pairs: str, nodes: str, *, model: Model, into: str, least: float
) -> None:
    """Makes the table `into` (node_l, node_r, score_columns) of the pairs that weigh at least `least`.

    `pairs` has node_l and node_r, `nodes` has node_id and the compared columns; identity.population has
    the stored facts. Weights are log2 Bayes factors: match_weight is the sum of mw_prior and of the
    comparisons', each with its term-frequency part. level_<comparison> is the level that agreed, counted
    from the model's first as 1; 0 is the model's "all other" and null a value that is missing.
    """
    api = DuckDBAPI(con)
    [(prior,)] = con.execute(
        "select number from identity.population where kind = 'prior'"
    ).fetchall()
    registered = api.register(nodes, dataset_display_name="nodes")
    # Splink's progress lines say nothing to a nightly run, its warnings are about training, and its look
    # at the settings, which the model made, would cost more than scoring a night's pairs.
    linker = Linker(
        registered,
        model.splink_settings(prior),
        log_level=logging.ERROR,
        validate_settings=False,
    )
    for column in model.term_frequency_columns():
        con.execute(f"""
            create or replace temp table linkage_frequency_{column} as
            with known as (
                select value, number from identity.population where kind = 'tf:{column}'
            )
            select
                {column},
                coalesce(known.number, (select number from known where value = '')) as tf_{column}
            from (select distinct {column} from {nodes} where {column} is not null) as used
            left join known on known.value = used.{column}
        """)
        frequencies = api.register(f"linkage_frequency_{column}")
        linker.table_management.register_term_frequency_lookup(frequencies, column)
    con.execute(f"""
        create or replace temp view linkage_splink_pairs as
        select node_l as join_key_l, node_r as join_key_r, '0' as match_key from {pairs}
    """)
    blocked = api.register("linkage_splink_pairs")
    linker.table_management.register_blocked_pairs_for_predict(blocked)
    scored = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
    columns = [
        "round(match_weight, 6) as match_weight",
        f"{PROBABILITY} as match_probability",
        f"{math.log2(prior / (1 - prior))!r} as mw_prior",
    ]
    for comparison in model.comparisons:
        adjusted = any(level.term_frequency_column for level in comparison.levels)
        extra = f" + coalesce(mw_tf_adj_{comparison.name}, 0)" if adjusted else ""
        columns.append(f"mw_{comparison.name}{extra} as mw_{comparison.name}")
    for comparison in model.comparisons:
        # A level is known by its weight; Splink keeps its number only beside all values compared.
        weights = model.level_weights(comparison.name)
        levels = [*range(1, len(weights)), 0]
        cases = " ".join(
            f"when abs(mw_{comparison.name} - {weight!r}) < 1e-9 then {level}"
            for level, weight in zip(levels, weights, strict=True)
        )
        columns.append(f"case {cases} end::tinyint as level_{comparison.name}")
    con.execute(f"""
        create or replace temp table {into} as
        select node_id_l as node_l, node_id_r as node_r, {", ".join(columns)}
        from {scored.physical_name}
    """)
    linker.table_management.delete_tables_created_by_splink_from_db()
