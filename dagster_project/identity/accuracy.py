"""Measures clusters against a known truth. Nothing here is read by the pipeline itself."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Score:
    """Over pairs of records that are in both tables."""

    precision: float
    recall: float
    f1: float
    largest_cluster: int
    largest_person: int
    cluster_count: int
    person_count: int


def score(con: duckdb.DuckDBPyConnection, clusters: str, truth: str) -> Score:
    """Pairwise precision and recall of table `clusters` (record_key, cluster) against `truth`
    (record_key, person_id).

    Pairs are counted from the sizes of the groups, never made. No pair found and none to find is 1.
    """
    [row] = con.execute(f"""
        with joined as (
            select clusters.cluster, truth.person_id
            from {clusters} as clusters inner join {truth} as truth using (record_key)
        ),
        both_sizes as (select count(*) as n from joined group by cluster, person_id),
        cluster_sizes as (select count(*) as n from joined group by cluster),
        person_sizes as (select count(*) as n from joined group by person_id)
        select
            (select coalesce(sum(n * (n - 1) / 2), 0) from both_sizes),
            (select coalesce(sum(n * (n - 1) / 2), 0) from cluster_sizes),
            (select coalesce(sum(n * (n - 1) / 2), 0) from person_sizes),
            (select coalesce(max(n), 0) from cluster_sizes),
            (select coalesce(max(n), 0) from person_sizes),
            (select count(*) from cluster_sizes),
            (select count(*) from person_sizes)
    """).fetchall()
    right, found, to_find = (float(n) for n in row[:3])
    precision = right / found if found else 1.0
    recall = right / to_find if to_find else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Score(precision, recall, f1, *row[3:])
