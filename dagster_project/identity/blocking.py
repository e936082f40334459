"""Which pairs are looked at at all: the index of blocks, kept from night to night, and the pairs in it
that a night must score.

The rules and their reasons are in model.py.
"""

from __future__ import annotations

import duckdb

from dagster_project.identity.model import Model, key_sql


def block(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes linkage_pairs (node_l, node_r), one row per pair to be scored.

    Reads linkage_nodes, linkage_gone and blocks_before (rule, block, node_id). Also makes linkage_blocks
    (the index rows of the nodes that are scored anew), linkage_stale (node_id: whose index rows those
    replace) and linkage_block_sizes (rule, block, record_count, count_before) of every block that the
    night touches. A block beyond the limit says nothing about identity. One that crosses the limit
    changes what is compared among all its records, so they are scored anew: they go to linkage_crossed
    (node_id).
    """
    con.execute("""
        create or replace temp table linkage_stale as
        select node_id from linkage_gone
        union
        select node_id from linkage_nodes where is_scored
    """)
    con.execute("""
        create or replace temp table linkage_keyed as
        select records.*, nodes.node_id
        from linkage_nodes as nodes
        inner join identity.comparison_records as records on records.record_key = nodes.first_record
        where nodes.is_scored
    """)
    keyed = " union all ".join(
        f"""
        select
            {number}::utinyint as rule,
            hash({number}, {", ".join(key_sql(key, "n") for key in rule.keys)}) as block,
            n.node_id
        from linkage_keyed as n
        where {" and ".join(key_sql(key, "n") + " is not null" for key in rule.keys)}
        """
        for number, rule in enumerate(model.blocking_rules)
    )
    con.execute(f"create or replace temp table linkage_blocks as {keyed}")
    con.execute("drop table linkage_keyed")
    con.execute("""
        create or replace temp table linkage_removed as
        select rule, block, node_id from blocks_before where node_id in (from linkage_stale)
    """)
    con.execute("""
        create or replace temp table linkage_touched_blocks as
        select rule, block from linkage_blocks
        union
        select rule, block from linkage_removed
    """)
    con.execute("""
        create or replace temp table linkage_members as
        select rule, block, node_id, true as is_new from linkage_blocks
        union all
        select rule, block, node_id, false
        from blocks_before semi join linkage_touched_blocks using (rule, block)
        where node_id not in (from linkage_stale)
    """)
    con.execute("""
        create or replace temp table linkage_block_sizes as
        with now as (
            select rule, block, count(*) as record_count, count(*) filter (where not is_new) as stayed
            from linkage_members group by rule, block
        ),
        left_ as (select rule, block, count(*) as removed from linkage_removed group by rule, block)
        select
            rule,
            block,
            coalesce(now.record_count, 0) as record_count,
            coalesce(now.stayed, 0) + coalesce(left_.removed, 0) as count_before
        from now full join left_ using (rule, block)
    """)
    con.execute(
        """
        create or replace temp table linkage_crossed as
        select distinct node_id
        from linkage_members
        semi join (
            from linkage_block_sizes
            where (record_count > $limit) <> (count_before > $limit) and count_before > 0
        ) using (rule, block)
        where not is_new
        """,
        {"limit": model.block_limit},
    )
    [(crossed,)] = con.execute("select count(*) from linkage_crossed").fetchall()
    if crossed:
        con.execute("""
            create or replace temp table linkage_crossed_blocks as
            select distinct rule, block from blocks_before where node_id in (from linkage_crossed)
        """)
        con.execute("""
            create or replace temp table linkage_members as
            select rule, block, node_id, is_new or node_id in (from linkage_crossed) as is_new
            from linkage_members
            union all
            select rule, block, node_id, node_id in (from linkage_crossed)
            from blocks_before semi join linkage_crossed_blocks using (rule, block)
            anti join linkage_touched_blocks using (rule, block)
        """)
    con.execute(
        """
        create or replace temp table linkage_pairs as
        with small as (
            select rule, block from linkage_members group by rule, block
            having count(*) between 2 and $limit
        ),
        members as (from linkage_members semi join small using (rule, block))
        select distinct least(l.node_id, r.node_id) as node_l, greatest(l.node_id, r.node_id) as node_r
        from members as l
        inner join members as r on l.rule = r.rule and l.block = r.block
        where
            l.is_new and l.node_id <> r.node_id and (not r.is_new or l.node_id < r.node_id)
        """,
        {"limit": model.block_limit},
    )
    for done in ("linkage_members", "linkage_touched_blocks", "linkage_removed"):
        con.execute(f"drop table {done}")
