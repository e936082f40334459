"""From comparison records to clusters: collapse, block, score with Splink, decide, write the links.

Plain functions over a DuckDB connection. Here belongs the order of the steps; what is compared is
in model.py, what is forbidden in constraints.py, and who keeps which profile id in profile_ids.py.
"""

from __future__ import annotations

import logging

import duckdb
import numpy as np
import pyarrow as pa
from splink import DuckDBAPI, Linker

from dagster_project.identity import constraints
from dagster_project.identity.model import COLUMNS, Model, key_sql

# Facts that agree or not independently of each other. One fact alone never makes two records one
# person: not a name, however rare, and not a mailbox that nobody named.
_FACTS = (("first_name", "last_name"), ("birth_on",), ("email",), ("phone",), ("address",))
# A town is no address: from this weight on, agreement is about a street at least.
_STREET_WEIGHT = 8
# Namesakes of one town are one person only if fewer than one in 2^22 pairs share both names.
_RARE_NAME_WEIGHT = 22
# What a household shares never makes two records one person.
_OF_THE_HOUSEHOLD = ("last_name", "address")


def resolve(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_links, identity_clusters and identity_skipped_blocks in `con`.

    Reads identity.comparison_records and identity.exact_links.
    """
    collapse(con)
    block(con, model=model)
    score(con, model=model)
    households = constraints.has_households(con)
    _gather_links(con, model=model, households=households)
    _decide(con, households=households)
    _write_links(con, model=model)
    _write_clusters(con)


def collapse(con: duckdb.DuckDBPyConnection) -> None:
    """Makes identity_nodes (node, the compared columns) and identity_node_records (node,
    record_key).

    Records that an exact rule holds together and that are equal in everything compared become one
    node, numbered from 0 in the order of their smallest keys: a lossless saving, for their pairs
    with a third record all have one score. Equal records that no rule holds together stay apart:
    two lone names are not one person for being spelt alike.
    """
    columns = ", ".join(COLUMNS)
    con.execute(f"""
        create or replace temp table identity_node_records as
        with held as (
            select record_key, min(left_record) as centre
            from (
                select left_record as record_key, left_record from identity.exact_links
                union all
                select right_record, left_record from identity.exact_links
            ) as both_ends
            group by record_key
        ),
        grouped as (
            select
                record_key,
                {columns},
                min(record_key) over (partition by coalesce(centre, record_key), {columns})
                    as first_record
            from identity.comparison_records left join held using (record_key)
        )
        select (dense_rank() over (order by first_record) - 1)::integer as node, *
        from grouped
    """)
    con.execute(f"""
        create or replace temp table identity_nodes as
        with nodes as (
            select node, first_record, {columns}
            from identity_node_records
            where record_key = first_record
        ),
        -- a first name that goes with many surnames is a name, and no slip of the hand
        common as (
            select first_name
            from nodes
            where first_name is not null
            group by first_name
            having count(distinct last_name) >= greatest(5, (select count(*) from nodes) / 10000)
        )
        select nodes.*, coalesce(first_name in (select first_name from common), false) as is_common
        from nodes
        order by node
    """)


def block(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_pairs (join_key_l, join_key_r, match_key), one row per pair to be scored.

    Blocks beyond the limit go to identity_skipped_blocks (rule, record_count).
    """
    keyed = " union all ".join(
        f"""
        select
            {number} as rule,
            hash({", ".join(key_sql(key, "n") for key in rule.keys)}) as block,
            n.node
        from identity_nodes as n
        where {" and ".join(key_sql(key, "n") + " is not null" for key in rule.keys)}
        """
        for number, rule in enumerate(model.blocking_rules)
    )
    con.execute(f"create or replace temp table identity_blocks as {keyed}")
    con.execute("""
        create or replace temp table identity_block_sizes as
        select rule, block, count(*) as record_count from identity_blocks group by rule, block
    """)
    rule_names = [rule.name for rule in model.blocking_rules]
    con.execute(
        """
        create or replace table identity_skipped_blocks as
        select list_extract(?, rule + 1) as rule, record_count
        from identity_block_sizes
        where record_count > ?
        order by rule, record_count desc
        """,
        [rule_names, model.block_limit],
    )
    con.execute(
        """
        create or replace temp table identity_pairs as
        with small as (
            select identity_blocks.*
            from identity_blocks
            inner join identity_block_sizes using (rule, block)
            where record_count between 2 and ?
        )
        select l.node as join_key_l, r.node as join_key_r, min(l.rule)::varchar as match_key
        from small as l
        inner join small as r on l.rule = r.rule and l.block = r.block and l.node < r.node
        group by l.node, r.node
        """,
        [model.block_limit],
    )


def score(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_scores (node_l, node_r, match_weight, match_probability, mw_<comparison>)."""
    [(node_count,)] = con.execute("select count(*) from identity_nodes").fetchall()
    api = DuckDBAPI(con)
    nodes = api.register("identity_nodes", dataset_display_name="nodes")
    # Splink's progress lines say nothing to a nightly run, and its warnings are about training
    linker = Linker(nodes, model.splink_settings(node_count), log_level=logging.ERROR)
    for column, usual in model.term_frequency_columns().items():
        # a frequency counted in few records is pulled towards that of a usual value
        con.execute(
            f"""
            create or replace temp table identity_frequency_{column} as
            select
                {column},
                (count(*) + $pseudo * $usual) / (sum(count(*)) over () + $pseudo) as tf_{column}
            from identity_nodes
            where {column} is not null
            group by {column}
            """,
            {"pseudo": model.pseudo_records, "usual": usual},
        )
        frequencies = api.register(f"identity_frequency_{column}")
        linker.table_management.register_term_frequency_lookup(frequencies, column)
    pairs = api.register("identity_pairs")
    linker.table_management.register_blocked_pairs_for_predict(pairs)
    scored = linker.inference.predict(
        threshold_match_weight=model.review_weight, warning_mode="never"
    )
    weights = ", ".join(
        f"mw_{c.name} + coalesce(mw_tf_adj_{c.name}, 0) as mw_{c.name}"
        if any(level.term_frequency_column for level in c.levels)
        else f"mw_{c.name}"
        for c in model.comparisons
    )
    con.execute(f"""
        create or replace temp table identity_scores as
        select node_l, node_r, round(match_weight, 6) as match_weight, match_probability, {weights}
        from {scored.physical_name}
    """)
    linker.table_management.delete_tables_created_by_splink_from_db()


def _gather_links(
    con: duckdb.DuckDBPyConnection, *, model: Model, households: bool
) -> None:
    """Makes identity_node_links: one row per pair of nodes with a rule or a score, surest first.

    `refusal` names why a pair without a rule is no link by itself; null where it is one.
    """
    agreeing_facts = " + ".join(
        f"({' or '.join(f'mw_{name} > 0' for name in fact)})::int" for fact in _FACTS
    )
    individual = " or ".join(
        f"mw_{n} > 0" for n in model.comparison_names if n not in _OF_THE_HOUSEHOLD
    )
    weights = ", ".join(f"mw_{name}" for name in model.comparison_names)
    con.execute(
        f"""
        create or replace temp table identity_node_links as
        with exact as (
            select
                least(l.node, r.node) as node_l,
                greatest(l.node, r.node) as node_r,
                min(exact_links.rule) as rule
            from identity.exact_links
            inner join identity_node_records as l on l.record_key = exact_links.left_record
            inner join identity_node_records as r on r.record_key = exact_links.right_record
            where l.node <> r.node
            group by 1, 2
        )
        select
            row_number() over (
                order by rule is null, match_weight desc nulls last, node_l, node_r
            ) - 1 as position,
            node_l,
            node_r,
            rule,
            match_weight,
            match_probability,
            {weights},
            case
                when rule is not null then null
                when match_weight < ? then 'weight_below_threshold'
                when {agreeing_facts} < 2 then 'one_fact_alone'
                when
                    {households}
                    and greatest(mw_birth_on, mw_email, mw_phone) <= 0
                    and mw_address < {_STREET_WEIGHT}
                    and mw_first_name + mw_last_name < {_RARE_NAME_WEIGHT}
                    then 'namesakes_of_one_place'
                when {households} and not ({individual}) then 'household_alone'
            end as refusal
        from exact
        full join identity_scores using (node_l, node_r)
        """,
        [model.accept_weight],
    )


def _decide(con: duckdb.DuckDBPyConnection, *, households: bool) -> None:
    """Makes identity_node_clusters (node, cluster_node) and identity_vetoed (position, veto)."""
    links = con.execute("""
        select position, node_l, node_r
        from identity_node_links
        where refusal is null
        order by position
    """).fetchnumpy()
    [(node_count,)] = con.execute("select count(*) from identity_nodes").fetchall()
    cluster, vetoes = constraints.decide(
        con,
        links["node_l"].astype(np.int64),
        links["node_r"].astype(np.int64),
        node_count,
        households=households,
    )
    _make_temp_table(
        con, "identity_node_clusters", node=np.arange(node_count), cluster_node=cluster
    )
    vetoed = np.flatnonzero(np.array([bool(veto) for veto in vetoes], dtype=bool))
    _make_temp_table(
        con,
        "identity_vetoed",
        position=links["position"][vetoed],
        veto=np.array([vetoes[i] for i in vetoed.tolist()], dtype=object),
    )


def _make_temp_table(con: duckdb.DuckDBPyConnection, name: str, **columns: np.ndarray) -> None:
    con.register("identity_arrays", pa.table(columns))
    con.execute(f"create or replace temp table {name} as select * from identity_arrays")
    con.unregister("identity_arrays")


def _write_links(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_links: records of a rule's pair as the rule gave them, of a scored pair of
    nodes the first records of both."""
    weights = ", ".join(f"links.mw_{name}" for name in model.comparison_names)
    con.execute(f"""
        create or replace table identity_links as
        with judged as (
            select
                links.*,
                l.cluster_node = r.cluster_node as is_together,
                identity_vetoed.veto
            from identity_node_links as links
            inner join identity_node_clusters as l on l.node = links.node_l
            inner join identity_node_clusters as r on r.node = links.node_r
            left join identity_vetoed on identity_vetoed.position = links.position
        ),
        by_rule as (
            select
                least(left_record, right_record) as left_record,
                greatest(left_record, right_record) as right_record,
                min(rule) as rule
            from identity.exact_links
            group by 1, 2
        ),
        exact as (
            select
                by_rule.left_record,
                by_rule.right_record,
                if(l.node = r.node or links.is_together, 'accepted', 'rejected') as decision,
                if(l.node = r.node or links.is_together, by_rule.rule, links.veto) as reason,
                links.match_weight,
                if(l.node = r.node or links.is_together, 1.0, links.match_probability)
                    as match_probability,
                {weights}
            from by_rule
            inner join identity_node_records as l on l.record_key = by_rule.left_record
            inner join identity_node_records as r on r.record_key = by_rule.right_record
            left join judged as links
                on links.node_l = least(l.node, r.node) and links.node_r = greatest(l.node, r.node)
        ),
        scored as (
            select
                least(l.first_record, r.first_record) as left_record,
                greatest(l.first_record, r.first_record) as right_record,
                if(links.refusal is null and links.is_together, 'accepted', 'rejected') as decision,
                case
                    when links.refusal is not null then links.refusal
                    when links.is_together then 'splink'
                    else links.veto
                end as reason,
                links.match_weight,
                links.match_probability,
                {weights}
            from judged as links
            inner join identity_nodes as l on l.node = links.node_l
            inner join identity_nodes as r on r.node = links.node_r
            where links.rule is null
        )
        select * from exact
        union all
        select * from scored
        order by left_record, right_record
    """)


def _write_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Makes identity_clusters; the cluster is named by its smallest record key.

    `linked_by` and `match_probability` are those of the surest link that holds the record to the
    rest: it has to be wrong for the record to be here wrongly. A rule counts as 1, a lone record
    too.
    """
    con.execute("""
        create or replace table identity_clusters as
        with ends as (
            select left_record as record_key, reason, match_weight, match_probability
            from identity_links where decision = 'accepted'
            union all
            select right_record, reason, match_weight, match_probability
            from identity_links where decision = 'accepted'
        ),
        held as (
            select
                record_key,
                min(reason) filter (where reason <> 'splink') as rule,
                max(match_probability) as match_probability
            from ends
            group by record_key
        )
        select
            records.record_key,
            min(records.record_key) over (partition by clusters.cluster_node) as cluster,
            case
                when held.record_key is null then 'single'
                else coalesce(held.rule, 'splink')
            end as linked_by,
            coalesce(held.match_probability, 1.0) as match_probability
        from identity_node_records as records
        inner join identity_node_clusters as clusters using (node)
        left join held using (record_key)
        order by records.record_key
    """)
