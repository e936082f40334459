"""How well linkage does, measured every night without labels: vendors' statements as held-out truth.

A vendor that says that two records are one person (an order names its customer, a lead its contact) is
nearly always right, and knows it by an id that linkage by names and addresses would have to do without.
So the statements about a sample of people are taken back, linkage goes on from tonight as it would on
the next night, and whether the pairs come together all the same is the answer. Here belong the sample
and the taking back; what is counted and compared is in sql/identity/accuracy.sql, how records are linked
in linking.py.
"""

from __future__ import annotations

import duckdb

from dagster_project.identity import linking, nodes, tables
from dagster_project.identity.model import Model
from dagster_project.lake import connect
from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run

SAMPLED = 700
"""How many statements of each kind are sampled, by hash, so that nights are comparable."""

PAIRS, RESULT, REFERENCE = (
    "identity.accuracy_pairs",
    "identity.accuracy",
    "identity.accuracy_reference",
)
STATE_TABLES = (RESULT, REFERENCE)
"""What the next run needs to know of this one: what it is compared with."""

STATEMENTS, IDENTIFIERS = "standard.record_links", "standard.identifiers"
INPUTS = (*tables.LINKED, *tables.LINKAGE_INPUTS, "identity.guard_rules", STATEMENTS, IDENTIFIERS)

NO_RESULT = "select null::varchar as measure, null::varchar as subset, null::double as low where false"
NO_REFERENCE = f"select *, null::varchar as model_version from ({NO_RESULT})"


def accuracy_tables() -> list[Table]:
    return [
        Table(
            PAIRS,
            "One row per sampled pair of source records whose vendor says whether they are one person,"
            " and what linkage says without having been told.",
            ("left_record", "right_record", "measure"),
            INPUTS,
            _make_pairs,
        ),
        Table(
            REFERENCE,
            "One row per measure and subset: the best lower bound published so far since the model was"
            " last changed, the night before included.",
            ("subset", "measure"),
            (PAIRS,),
            _make_reference,
        ),
    ]


def measure(con: duckdb.DuckDBPyConnection, *, model: Model) -> str:
    """The rows of identity.accuracy_pairs: left_record, right_record, measure, is_right, was_compared.

    Reads what linking.resolve reads, the last night (links_before, clusters_before, blocks_before),
    standard.record_links and standard.identifiers; the view identity.exact_links is replaced. Of every
    group of records that vendors hold to be one person, and every two exports or system in it, one pair:

    - recall: a pair that the vendor itself named; right if it comes together without that.
    - precision: a record and another of its system that linkage puts with it; right if the vendor knows
      both by one id. A person may have two accounts, so this is a lower bound.

    was_compared is null for precision; a missed pair that was not compared is lost to blocking.
    """
    _sample(con)
    _take_back(con)
    nodes.touch(con, {"identity.exact_links": ["from accuracy_hidden"]})
    linking.resolve(con, model=model)
    con.execute("""
        create or replace temp view accuracy_clusters as
        select record_key, node_id, cluster from identity_clusters
        union all
        select record_key, node_id, cluster from clusters_before
        where record_key not in (from identity_cluster_keys)
    """)
    _judge_recall(con, block_limit=model.block_limit)
    _judge_precision(con)
    return "select * from accuracy_recall union all by name from accuracy_precision"


def _sample(con: duckdb.DuckDBPyConnection) -> None:
    """Makes accuracy_statements (record_key, linked_record, rule), what vendors say of delivered
    records, and accuracy_members (record_key, person), all records of the sampled groups, each
    named by its first."""
    con.execute("""
        create or replace temp table accuracy_statements as
        select record_key, linked_record, rule
        from standard.record_links
        where
            record_key in (select record_key from clusters_before)
            and linked_record in (select record_key from clusters_before)
    """)
    con.execute(
        """
        create or replace temp table accuracy_members as
        with recursive steps as (
            select record_key as from_record, linked_record as to_record from accuracy_statements
            union all
            select linked_record, record_key from accuracy_statements
        ),
        centres as (
            select distinct linked_record
            from accuracy_statements
            qualify dense_rank() over (partition by rule order by md5(linked_record)) <= $sampled
        ),
        reached as (
            select linked_record as centre, linked_record as record_key from centres
            union
            select reached.centre, steps.to_record
            from reached inner join steps on steps.from_record = reached.record_key
        ),
        named as (
            select record_key, min(record_key) over (partition by centre) as person from reached
        )
        select distinct record_key, person from named
        """,
        {"sampled": SAMPLED},
    )


def _take_back(con: duckdb.DuckDBPyConnection) -> None:
    """Hide from linkage what vendors say of the sampled records; makes accuracy_hidden, those links."""
    con.execute("""
        create or replace temp table accuracy_hidden as
        select left_record, right_record, rule
        from identity.exact_links
        where
            rule in (select rule from standard.record_links)
            and (
                left_record in (select record_key from accuracy_members)
                or right_record in (select record_key from accuracy_members)
            )
    """)
    con.execute("create or replace temp table accuracy_links as from identity.exact_links")
    con.execute("""
        create or replace view identity.exact_links as
        from accuracy_links anti join accuracy_hidden using (left_record, right_record, rule)
    """)


def _judge_recall(con: duckdb.DuckDBPyConnection, *, block_limit: int) -> None:
    con.execute("""
        create or replace temp table accuracy_named as
        with chosen as (
            select
                members.person,
                least(record_key, linked_record) as left_record,
                greatest(record_key, linked_record) as right_record
            from accuracy_statements
            inner join accuracy_members as members using (record_key)
        ),
        one_each as (
            from chosen
            qualify row_number() over (
                partition by
                    person,
                    split_part(left_record, ':', 1),
                    split_part(left_record, ':', 2),
                    split_part(right_record, ':', 1),
                    split_part(right_record, ':', 2)
                order by md5(left_record || right_record), left_record, right_record
            ) = 1
        )
        select
            left_record, right_record,
            l.cluster = r.cluster as is_right, l.node_id as node_l, r.node_id as node_r
        from one_each
        inner join accuracy_clusters as l on l.record_key = left_record
        inner join accuracy_clusters as r on r.record_key = right_record
    """)
    con.execute(
        """
        create or replace temp table accuracy_recall as
        with index as (
            select rule, block, node_id from identity_blocks
            union all
            select rule, block, node_id from blocks_before
            where node_id not in (from identity_block_keys)
        ),
        missed as (select node_l, node_r from accuracy_named where not is_right),
        shared as (
            select node_l, node_r, l.rule, l.block
            from missed
            inner join index as l on l.node_id = node_l
            inner join index as r on r.node_id = node_r and r.rule = l.rule and r.block = l.block
        ),
        small as (
            select rule, block from index semi join shared using (rule, block)
            group by rule, block having count(*) <= $limit
        ),
        compared as (select distinct node_l, node_r from shared semi join small using (rule, block))
        select
            left_record, right_record, 'recall' as measure, is_right,
            is_right or compared.node_l is not null as was_compared
        from accuracy_named left join compared using (node_l, node_r)
        """,
        {"limit": block_limit},
    )


def _judge_precision(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create or replace temp table accuracy_precision as
        with known as (
            select record_key from standard.identifiers where kind not in ('email', 'phone')
            union
            select record_key from accuracy_statements
        ),
        sampled as (
            select record_key, person, cluster
            from accuracy_members inner join accuracy_clusters using (record_key)
            semi join known using (record_key)
        ),
        mates as (
            select record_key, cluster
            from accuracy_clusters
            semi join known using (record_key)
            where cluster in (select cluster from sampled)
        ),
        one_each as (
            select sampled.person, sampled.record_key as sampled_record, mates.record_key as mate_record
            from sampled
            inner join mates using (cluster)
            where
                sampled.record_key <> mates.record_key
                and split_part(sampled.record_key, ':', 1) = split_part(mates.record_key, ':', 1)
            qualify row_number() over (
                partition by sampled.person, split_part(sampled.record_key, ':', 1)
                order by
                    md5(sampled.record_key), md5(mates.record_key || sampled.record_key),
                    sampled.record_key, mates.record_key
            ) = 1
        )
        select
            least(sampled_record, mate_record) as left_record,
            greatest(sampled_record, mate_record) as right_record,
            'precision' as measure,
            bool_or(members.record_key is not null) as is_right
        from one_each
        left join accuracy_members as members
            on members.record_key = one_each.mate_record and members.person = one_each.person
        group by all
    """)


def _make_pairs(run: Run) -> Made:
    def compute() -> str:
        # linkage makes its tables by name, and tonight's are still being read
        with connect(threads=run.settings.threads, memory=run.settings.memory_limit) as con:
            for name in INPUTS:
                run.lake.view(con, name)
            for name in ("identity.links", "identity.clusters", "index.blocks"):
                con.execute(f"create temp view {name.partition('.')[2]}_before as from {name}")
            found = con.sql(measure(con, model=tables.chosen_model(run))).to_arrow_table()
        run.con.register("accuracy_found", found)
        run.con.execute("create or replace temp table accuracy_pairs as from accuracy_found")
        run.con.unregister("accuracy_found")
        return "from accuracy_pairs"

    return make_table(
        run,
        PAIRS,
        code=tables.model_version(run),
        inputs=INPUTS,
        grain=("left_record", "right_record", "measure"),
        compute=compute,
    )


def _make_reference(run: Run) -> Made:
    version = tables.model_version(run)

    def compute() -> str:
        before = run.state.relation(REFERENCE, NO_REFERENCE)
        if run.state.origin.get("run_id") == run.run_id:
            return before  # the same run once more compares with what it compared with
        last = run.state.relation(RESULT, NO_RESULT)
        return f"""
            select subset, measure, max(low) as low, '{version}' as model_version
            from (
                select subset, measure, low from ({before}) where model_version = '{version}'
                union all
                select subset, measure, low from ({last})
            )
            group by subset, measure"""

    return make_table(
        run,
        REFERENCE,
        code=(version, compute.__name__),
        inputs=(PAIRS,),
        grain=("subset", "measure"),
        compute=compute,
        extra=run.state.extra(run.lake, REFERENCE),
    )
