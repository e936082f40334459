"""Which records are scored as one: the nodes of linkage, and which of them a night touches.

Records that an exact rule holds together and that are equal in everything compared become one node,
named by its smallest record key: a lossless saving, for their pairs with a third record all have one
score. Equal records that no rule holds together stay apart: two lone names are not one person for being
spelt alike. A record about which a person decided stands alone.

A night is described by `touched_records` (record_key, is_compared): the records whose links by rule,
judgements or compared values differ from those of the last night, and whether the values do. The last
night itself is `clusters_before`; a run from nothing has an empty one and touches every record.
"""

from __future__ import annotations

import duckdb

from dagster_project.identity.model import COLUMNS

CLUSTER_COLUMNS = {
    "record_key": "varchar",
    "node": "varchar",
    "node_id": "ubigint",
    "component": "varchar",
    "cluster": "varchar",
    "linked_by": "varchar",
    "match_probability": "double",
    "side": "tinyint",
    "identity_confidence": "double",
}
BLOCK_COLUMNS = {"rule": "utinyint", "block": "ubigint", "node_id": "ubigint"}


def start(con: duckdb.DuckDBPyConnection) -> None:
    """A run from nothing: no night before, every record touched."""
    view_nothing(con, "clusters_before", CLUSTER_COLUMNS)
    view_nothing(con, "blocks_before", BLOCK_COLUMNS)
    con.execute("""
        create or replace temp table touched_records as
        select record_key, true as is_compared from identity.comparison_records
    """)


def view_nothing(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str]) -> None:
    nulls = ", ".join(f"null::{kind} as {column}" for column, kind in columns.items())
    con.execute(f"create or replace temp view {name} as select {nulls} where false")


def collapse(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the nodes of all records that the night can have moved between nodes.

    linkage_record_nodes (record_key, first_record, node_id), linkage_nodes (first_record, node_id,
    is_scored: its pairs must be scored) and linkage_gone (node_id: no longer there).
    Reads identity.comparison_records, identity.exact_links, standard.judgements, touched_records and
    clusters_before.
    """
    _find_scope(con)
    con.execute("""
        create or replace temp table linkage_judged as
        select left_record as record_key from standard.judgements
        union
        select right_record from standard.judgements
    """)
    columns = ", ".join(COLUMNS)
    con.execute(f"""
        create or replace temp table linkage_record_nodes as
        with scope as (
            select records.record_key, linkage_held.centre, {columns}
            from identity.comparison_records as records
            left join linkage_held using (record_key)
            where records.record_key in (from linkage_scope)
        ),
        named as (
            select
                record_key,
                min(record_key) over (partition by centre, {columns}) as first_record
            from scope
            where centre is not null and record_key not in (from linkage_judged)
            union all
            select record_key, record_key
            from scope
            where centre is null or record_key in (from linkage_judged)
        )
        select record_key, first_record, md5_number_lower(first_record) as node_id from named
    """)
    con.execute("""
        create or replace temp table linkage_nodes as
        select
            first_record,
            node_id,
            node_id not in (
                select node_id from clusters_before where record_key in (from linkage_scope)
            )
            or first_record in (select record_key from touched_records where is_compared) as is_scored
        from linkage_record_nodes
        where record_key = first_record
    """)
    con.execute("""
        create or replace temp table linkage_gone as
        select distinct node_id
        from clusters_before
        where
            record_key in (from linkage_scope)
            and node_id not in (select node_id from linkage_nodes)
    """)
    for done in ("linkage_centres", "linkage_near", "linkage_held", "linkage_judged"):
        con.execute(f"drop table {done}")
    [(twins,)] = con.execute(
        "select count(*) - count(distinct node_id) from linkage_nodes"
    ).fetchall()
    if twins:
        raise ValueError(f"{twins} pairs of records share the hash that numbers them")


def _find_scope(con: duckdb.DuckDBPyConnection) -> None:
    """Makes linkage_scope (record_key) and linkage_held (record_key, centre), the first record that a
    rule links to each of them: whoever shares a node with a touched record, shared one, or hangs on the
    same centre.
    """
    con.execute("""
        create or replace temp table linkage_centres as
        select record_key, min(centre) as centre
        from (
            select left_record as record_key, left_record as centre
            from identity.exact_links where left_record in (select record_key from touched_records)
            union all
            select right_record, left_record
            from identity.exact_links where right_record in (select record_key from touched_records)
        ) as ends
        group by record_key
    """)
    con.execute("""
        create or replace temp table linkage_near as
        select record_key, bool_or(is_in_scope) as is_in_scope
        from (
            select record_key, true as is_in_scope from touched_records
            union all
            select record_key, true from clusters_before
            where node_id in (
                select node_id from clusters_before
                where record_key in (select record_key from touched_records)
            )
            union all
            select centre, false from linkage_centres
            union all
            select right_record, false from identity.exact_links
            where left_record in (select centre from linkage_centres)
        ) as near
        group by record_key
    """)
    con.execute("""
        create or replace temp table linkage_held as
        select record_key, min(centre) as centre
        from (
            select left_record as record_key, left_record as centre from identity.exact_links
            where left_record in (select record_key from linkage_near)
            union all
            select right_record, left_record from identity.exact_links
            where right_record in (select record_key from linkage_near)
        ) as ends
        group by record_key
    """)
    # Where two stars meet in one record, the other may reach further than tonight's changes do.
    con.execute("""
        create or replace temp table linkage_scope as
        select record_key
        from linkage_near left join linkage_held using (record_key)
        where is_in_scope or centre in (select centre from linkage_centres)
    """)


def touch(con: duckdb.DuckDBPyConnection, changes: dict[str, list[str]]) -> None:
    """Makes touched_records from what changed in the tables that linkage reads: for each of them,
    relations that hold the replaced and the new rows."""
    ends = {
        "identity.comparison_records": ("record_key",),
        "identity.record_identifiers": ("record_key",),
        "identity.exact_links": ("left_record", "right_record"),
        "standard.judgements": ("left_record", "right_record"),
    }
    selects = [
        f"select {end} as record_key, {table == 'identity.comparison_records'} as is_compared"
        f" from ({relation})"
        for table, relations in changes.items()
        for relation in relations
        for end in ends[table]
    ]
    nobody = "select null::varchar as record_key, false as is_compared where false"
    con.execute(f"""
        create or replace temp table touched_records as
        select record_key, bool_or(is_compared) as is_compared
        from ({" union all ".join([nobody, *selects])})
        group by record_key
    """)
