"""Carries durable profile ids from one run to the next. The contract is docs/identity-contract.md.

Here belongs who keeps, gains and loses an id. Which records are one person is decided before
(linking.py); where the state is kept is the caller's business.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

# The tables that one run hands to the next, with their columns: an empty one of each is a first
# run.
STATE_TABLES = {
    "previous_profile_records": "record_key varchar, profile_id varchar",
    "vanished_profile_records": "record_key varchar, profile_id varchar",
    "issued_profile_ids": "profile_id varchar, current_profile_id varchar, issued_at timestamp",
}

EVERYBODY = """
    select record_key from identity_clusters_tonight
    union all select record_key from previous_profile_records
    union all select record_key from vanished_profile_records
"""


def start(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the state tables of a first run: nothing issued, nobody known."""
    for table, columns in STATE_TABLES.items():
        con.execute(f"create or replace table {table} ({columns})")


def carry(
    con: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    as_of: datetime,
    changed: str | None = None,
    erased: str = "select null::varchar as record_key where false",
    prefix: str = "p",
) -> None:
    """Gives every cluster a profile id.

    Reads identity_clusters_tonight (record_key, cluster) and STATE_TABLES. `changed` is a relation of
    the record_key of every record whose cluster may differ from last night's: only what they touch is
    looked at. None looks at everything, which gives the same. `erased` is a relation of the record_key of
    records whose person was erased: nothing remembers them. `prefix` begins every id.

    Makes carried_records (record_key) and carried_ids (profile_id), which say what was looked at, and
    of those alone profile_records_next, vanished_profile_records_next, issued_profile_ids_next (the
    state of the next run, once these rows replace its own) and profile_redirects_next (profile_id,
    current_profile_id); and profile_changes_next (change_id, changed_at, run_id, kind, profile_id,
    into_profile_id, cause).
    """
    con.execute(f"create or replace temp table carry_erased as select record_key from ({erased})")
    _gather(con, f"{changed or EVERYBODY} union all from carry_erased")
    _match(con)
    _mint(con, prefix)
    _records(con)
    _changes(con, run_id=run_id, as_of=as_of)
    _issued(con, as_of=as_of)


def _gather(con: duckdb.DuckDBPyConnection, changed: str) -> None:
    """Makes carry_clusters (record_key, cluster), the clusters that the changed records touch, and
    carry_memory (record_key, profile_id, was_present), the last known profile of every record that
    was ever in a profile they touch.

    That is enough: last night a profile was one cluster, so a cluster of which no row changed shares
    records with its own profile alone, unless a record came to that profile or left it, and then it
    is touched.
    """
    con.execute("""
        create or replace temp view carry_known as
        select record_key, profile_id, true as was_present from previous_profile_records
        union all
        select record_key, profile_id, false from vanished_profile_records
    """)
    con.execute(f"""
        create or replace temp table carry_touched as
        with changed as (select distinct record_key from ({changed})),
        touched_clusters as (
            select distinct cluster from identity_clusters_tonight semi join changed using (record_key)
        )
        select record_key from changed
        union
        select record_key from identity_clusters_tonight semi join touched_clusters using (cluster)
    """)
    con.execute("""
        create or replace temp table carry_memory as
        with touched_profiles as (
            select distinct profile_id from carry_known semi join carry_touched using (record_key)
        )
        select * from carry_known semi join touched_profiles using (profile_id)
    """)
    con.execute("""
        create or replace table carried_records as
        select record_key from carry_touched union select record_key from carry_memory
    """)
    con.execute("""
        create or replace temp table carry_clusters as
        select record_key, cluster
        from identity_clusters_tonight semi join carried_records using (record_key)
    """)


def _match(con: duckdb.DuckDBPyConnection) -> None:
    """Makes carry_matches (cluster, profile_id): one profile for a cluster, one cluster for a
    profile.

    The pair that shares the most records is matched first; then the older id, the smaller id, the
    smaller cluster. Only where a side has a choice is there anything to rank.
    """
    con.execute("""
        create or replace temp table carry_overlaps as
        select
            clusters.cluster,
            memory.profile_id,
            count(*) as shared,
            min(issued.issued_at) as issued_at,
            count(*) over (partition by clusters.cluster) as profile_count,
            count(*) over (partition by memory.profile_id) as cluster_count
        from carry_clusters as clusters
        inner join carry_memory as memory using (record_key)
        left join issued_profile_ids as issued using (profile_id)
        group by clusters.cluster, memory.profile_id
    """)
    ranked = con.execute("""
        select cluster, profile_id from carry_overlaps
        where profile_count > 1 or cluster_count > 1
        order by shared desc, issued_at nulls last, profile_id, cluster
    """).fetchall()
    taken: dict[str, str] = {}
    placed: set[str] = set()
    for cluster, profile_id in ranked:
        if cluster not in taken and profile_id not in placed:
            taken[cluster] = profile_id
            placed.add(profile_id)
    con.execute(
        """
        create or replace temp table carry_matches as
        select cluster, profile_id from carry_overlaps where profile_count = 1 and cluster_count = 1
        union all
        select unnest($clusters::varchar[]), unnest($profiles::varchar[])
        """,
        {"clusters": list(taken), "profiles": list(taken.values())},
    )


def _mint(con: duckdb.DuckDBPyConnection, prefix: str) -> None:
    """Makes carry_minted (cluster, profile_id) for clusters without a profile.

    An id is drawn from the smallest record key of its cluster, and drawn again with a number while
    it has been issued before: the same history gives the same ids, and no id comes twice.
    """
    con.execute("""
        create or replace temp table carry_minted (cluster varchar, profile_id varchar)
    """)
    attempt = 0
    while True:
        con.execute(
            """
            insert into carry_minted
            with drawn as (
                select
                    cluster,
                    $prefix || left(
                        md5(min(record_key) || if($attempt > 0, '#' || $attempt, '')), 16
                    ) as profile_id
                from carry_clusters
                where
                    cluster not in (select cluster from carry_matches)
                    and cluster not in (select cluster from carry_minted)
                group by cluster
            )
            select min(cluster), profile_id
            from drawn
            where
                profile_id not in (select profile_id from issued_profile_ids)
                and profile_id not in (select profile_id from carry_minted)
            group by profile_id
            """,
            {"attempt": attempt, "prefix": prefix},
        )
        [(left_over,)] = con.execute("""
            select count(distinct cluster) from carry_clusters
            where
                cluster not in (select cluster from carry_matches)
                and cluster not in (select cluster from carry_minted)
        """).fetchall()
        if not left_over:
            return
        attempt += 1


def _records(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create or replace table profile_records_next as
        with given as (
            select cluster, profile_id from carry_matches
            union all
            select cluster, profile_id from carry_minted
        )
        select clusters.record_key, given.profile_id
        from carry_clusters as clusters inner join given using (cluster)
        order by clusters.record_key
    """)


def _changes(con: duckdb.DuckDBPyConnection, *, run_id: str, as_of: datetime) -> None:
    """Makes carry_moves (profile_id, into_profile_id, shared) and profile_changes_next."""
    con.execute("""
        create or replace temp table carry_moves as
        select memory.profile_id, next.profile_id as into_profile_id, count(*) as shared
        from carry_memory as memory
        inner join profile_records_next as next using (record_key)
        where next.profile_id <> memory.profile_id
        group by memory.profile_id, next.profile_id
    """)
    # A profile that no cluster kept went where most of its records went.
    con.execute("""
        create or replace temp table carry_merges as
        select profile_id, into_profile_id
        from carry_moves
        where profile_id not in (select profile_id from profile_records_next)
        qualify row_number() over (
            partition by profile_id order by shared desc, into_profile_id
        ) = 1
    """)
    con.execute(
        """
        create or replace table profile_changes_next as
        with active as (select distinct profile_id from carry_memory where was_present),
        now_active as (select distinct profile_id from profile_records_next),
        changes as (
            select 'created' as kind, profile_id, null as into_profile_id, 'new records' as cause
            from carry_minted
            where profile_id not in (select into_profile_id from carry_moves)
            union all
            select 'created', profile_id, null, 'records that had vanished are back'
            from carry_matches
            where profile_id not in (select profile_id from active)
            union all
            select
                'merged',
                profile_id,
                into_profile_id,
                'its records are now linked to those of the other'
            from carry_merges
            union all
            select
                'split',
                moves.profile_id,
                moves.into_profile_id,
                case
                    when moves.into_profile_id in (select profile_id from carry_minted)
                        then 'some of its records are no longer linked to the rest'
                    else 'some of its records are now linked to those of the other'
                end
            from carry_moves as moves
            left join carry_merges as merges
                on merges.profile_id = moves.profile_id
                and merges.into_profile_id = moves.into_profile_id
            where merges.profile_id is null
            union all
            select
                if(erased.profile_id is null, 'retired', 'erased'),
                profile_id,
                null,
                if(
                    erased.profile_id is null,
                    'none of its records is delivered any more',
                    'somebody asked for it'
                )
            from active
            left join (
                select distinct profile_id from carry_memory semi join carry_erased using (record_key)
            ) as erased using (profile_id)
            where
                profile_id not in (select profile_id from now_active)
                and profile_id not in (select profile_id from carry_merges)
        )
        select
            md5(concat_ws('|', $run_id, kind, profile_id, into_profile_id)) as change_id,
            $as_of::timestamp as changed_at,
            $run_id as run_id,
            kind,
            profile_id,
            into_profile_id,
            cause
        from changes
        order by kind, profile_id, into_profile_id
        """,
        {"as_of": as_of, "run_id": run_id},
    )


def _issued(con: duckdb.DuckDBPyConnection, *, as_of: datetime) -> None:
    # An id merged earlier follows the one that took it in: no redirect needs a second look-up.
    con.execute(
        """
        create or replace table issued_profile_ids_next as
        select profile_id, null::varchar as current_profile_id, $as_of::timestamp as issued_at
        from carry_minted
        union all
        select
            issued.profile_id,
            coalesce(own.into_profile_id, followed.into_profile_id) as current_profile_id,
            issued.issued_at
        from issued_profile_ids as issued
        left join carry_merges as own on own.profile_id = issued.profile_id
        left join carry_merges as followed on followed.profile_id = issued.current_profile_id
        where own.profile_id is not null or followed.profile_id is not null
        """,
        {"as_of": as_of},
    )
    con.execute("create or replace table carried_ids as select profile_id from issued_profile_ids_next")
    con.execute("""
        create or replace table profile_redirects_next as
        select profile_id, current_profile_id
        from issued_profile_ids_next
        where current_profile_id is not null
    """)
    con.execute("""
        create or replace table vanished_profile_records_next as
        select memory.record_key, coalesce(merges.into_profile_id, memory.profile_id) as profile_id
        from carry_memory as memory
        left join carry_merges as merges using (profile_id)
        where memory.record_key not in (select record_key from profile_records_next)
            and memory.record_key not in (select record_key from carry_erased)
    """)
