"""From comparison records to clusters: collapse, block, score, decide, write the links.

Plain functions over a DuckDB connection; here belongs the order of the steps and what evidence alone is
too little. Which records are scored as one is in nodes.py, which pairs are looked at in blocking.py, how
a pair is scored in scoring.py, what is forbidden in constraints.py, and who keeps which profile id in
profile_ids.py.

There is one way to link: a night takes what the last one left and the records that changed since, and
works on those and on the components that they touch. A run from nothing is a night before which there
was nothing. That both give the same rows rests on three things: a score depends on its pair and on
stored facts alone, a component is decided from nothing whenever it is touched, and every order is a
total order over record keys.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from dagster_project.identity import blocking, constraints, nodes, scoring
from dagster_project.identity.model import COLUMNS, Model

OVERRIDE = "override"
"""The reason of a link that a person decided."""

# Facts that agree or not independently of each other. One fact alone never makes two records one
# person, a mailbox that nobody named neither; a whole name may, see below.
_FACTS = (("first_name", "last_name"), ("birth_on",), ("email",), ("phone",), ("address", "region"))
# Of the levels of the address comparison, those that mean one house.
_HOUSE_LEVELS = (1, 2, 5)
# Names the wrong way round are one fact, although both comparisons see it.
_WRONG_WAY_ROUND = "level_first_name = 3 and level_last_name = 2"
# Whoever moved brings an e-mail, a telephone or a birth date along. Where two addresses are known and
# are not one house, names alone have to be rarer still: one in 4,096 wrong at most. So does whoever
# took another surname and stayed: first names recur in every street.
_MOVED_WEIGHT = 12
# First name and surname are chosen together, by families and languages. What rests on them alone, or
# on them and a region, has to be surer than what further facts bear out: one in 64 wrong at most. At 5.2
# a hundred thousand people gained two right pairs for each wrong one.
_SURE_WEIGHT = 6
# Where the e-mail or the telephone is known of both and another one: one in 256. At 6 twenty thousand people
# gained as many wrong pairs as right ones.
_DESPITE_WEIGHT = 8
# What a household shares never makes two records one person: what is each member's own has to speak
# for them as well, all of it together.
_OF_THE_HOUSEHOLD = ("last_name", "address", "region")
_INDIVIDUAL_WEIGHT = 1
_OF_NAME_AND_REGION = ("first_name", "last_name", "region")


def start(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """A run from nothing: makes the empty tables of a night that never was, and touches every record."""
    nodes.start(con)
    nodes.view_nothing(con, "links_before", link_columns(model))


def link_columns(model: Model) -> dict[str, str]:
    """Column -> type of identity_links."""
    named = ("left_record", "right_record", "decision", "reason")
    return dict.fromkeys(named, "varchar") | scoring.score_columns(model)


def resolve(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Links the touched records anew, and whatever they touch.

    Reads identity.comparison_records, identity.exact_links, identity.record_identifiers,
    identity.guard_rules, identity.population, standard.judgements; touched_records and what the last
    night left (`start` makes that of a run from nothing). Makes, for the part of the tables that can
    have changed, its rows and its keys:

    - identity_links (link_columns) and identity_link_keys (left_record)
    - identity_clusters (nodes.CLUSTER_COLUMNS) and identity_cluster_keys (record_key)
    - identity_bridges (cluster, left_record, right_record, reason, match_weight, match_probability), the
      weakest link that a cluster cannot do without, and identity_bridge_keys (cluster)
    - identity_blocks (rule, block, node_id) and identity_block_keys (node_id)
    - identity_skipped_blocks (block, rule, record_count) and identity_skipped_block_keys (block)
    """
    nodes.collapse(con)
    blocking.block(con, model=model)
    _score(con, model=model)
    _find_area(con, model=model)
    _gather_links(con, model=model)
    _decide(con)
    _write_links(con, model=model)
    _write_clusters(con)
    _write_blocks(con, model=model)


def _score(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes linkage_scores (node_l, node_r, scoring.score_columns) of linkage_pairs."""
    con.execute(f"""
        create or replace temp table linkage_compared as
        with used as (
            select node_l as node_id from linkage_pairs union select node_r from linkage_pairs
        ),
        named as (
            select node_id, first_record from linkage_nodes
            union all
            select node_id, record_key from clusters_before
            where record_key = node and node_id not in (select node_id from linkage_nodes)
        )
        select used.node_id, {", ".join(COLUMNS)}
        from used
        inner join named using (node_id)
        inner join identity.comparison_records on record_key = named.first_record
        order by node_id
    """)
    scoring.score(
        con,
        "linkage_pairs",
        "linkage_compared",
        model=model,
        into="linkage_scores",
        least=model.review_weight,
    )
    con.execute("drop table linkage_pairs")
    con.execute("drop table linkage_compared")


def _find_area(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes linkage_area (record_key, node_id, first_record), all records of the components that may
    come out otherwise, linkage_area_before (record_key, node, node_id, cluster), those of them that the
    last night had, and identity_nodes (number, node_id, first_record, the compared columns), the area's
    nodes.

    A link that came or went has an end in a node that was scored anew or regrouped; so whoever's
    component changes was in one component with such a node, or with one that it is now linked to.
    """
    con.execute(
        """
        create or replace temp table linkage_area_before as
        with near_nodes as (
            select node_l as node_id from linkage_scores where match_weight >= $accept
            union
            select node_r from linkage_scores where match_weight >= $accept
            union
            from linkage_crossed
        ),
        near_records as (
            select record_key from linkage_scope
            union
            select right_record from identity.exact_links where left_record in (from linkage_scope)
            union
            select left_record from identity.exact_links where right_record in (from linkage_scope)
            union
            select right_record from standard.judgements where left_record in (from linkage_scope)
            union
            select left_record from standard.judgements where right_record in (from linkage_scope)
        ),
        components as (
            select component from clusters_before where node_id in (from near_nodes)
            union
            select component from clusters_before where record_key in (from near_records)
        )
        select record_key, node, node_id, cluster
        from clusters_before
        where component in (from components)
        """,
        {"accept": model.accept_weight},
    )
    con.execute("""
        create or replace temp table linkage_area as
        select record_key, node_id, first_record from linkage_record_nodes
        union all
        select record_key, node_id, node from linkage_area_before
        where record_key not in (from linkage_scope)
    """)
    columns = ", ".join(COLUMNS)
    con.execute(f"""
        create or replace temp table identity_nodes as
        select
            (row_number() over (order by first_record) - 1)::integer as number,
            node_id,
            first_record,
            {columns},
            {constraints.is_common("identity.population")} as is_common
        from linkage_area
        inner join identity.comparison_records using (record_key)
        where record_key = first_record
        order by number
    """)


def _gather_links(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_node_links: one row per pair of the area's nodes with a rule or a score, surest
    first.

    `refusal` names why a pair without a rule is no link by itself; null where it is one. `is_by_name`
    tells what rests on names, or names and a region, alone. Scores are tonight's and those of earlier
    nights that still hold.
    """
    scores = ", ".join(scoring.score_columns(model))
    con.execute(f"""
        create or replace temp view linkage_area_scores as
        with changed as (from linkage_stale union from linkage_crossed),
        earlier as (
            select distinct
                least(l.node_id, r.node_id) as node_l,
                greatest(l.node_id, r.node_id) as node_r,
                links.* exclude (left_record, right_record, decision, reason, match_probability),
                -- a rule's link counts as certain, so what its pair scored is worked out again
                {scoring.PROBABILITY} as match_probability
            from links_before as links
            inner join linkage_area_before as l on l.record_key = links.left_record
            inner join linkage_area_before as r on r.record_key = links.right_record
            where links.match_weight is not null
        ),
        held as (
            select node_l, node_r, {scores} from linkage_scores
            union all
            select node_l, node_r, {scores} from earlier
            where node_l not in (from changed) and node_r not in (from changed)
        )
        select l.number as number_l, r.number as number_r, held.* exclude (node_l, node_r)
        from held
        inner join identity_nodes as l on l.node_id = held.node_l
        inner join identity_nodes as r on r.node_id = held.node_r
    """)
    con.execute(f"""
        create or replace temp table linkage_area_rules as
        with named as (
            select left_record, right_record, rule from identity.exact_links
            where left_record in (select record_key from linkage_area)
            union all
            select left_record, right_record, '{OVERRIDE}' from standard.judgements
            where judgement = 'same' and left_record in (select record_key from linkage_area)
        ),
        -- of several rules for one pair the link is named by one, a person's decision before any
        chosen as (
            select
                left_record,
                right_record,
                coalesce(min(rule) filter (where rule = '{OVERRIDE}'), min(rule)) as rule
            from named
            group by left_record, right_record
        ),
        numbered as (
            select area.record_key, nodes.number
            from linkage_area as area inner join identity_nodes as nodes using (node_id)
        )
        select chosen.*, l.number as left_number, r.number as right_number
        from chosen
        inner join numbered as l on l.record_key = chosen.left_record
        inner join numbered as r on r.record_key = chosen.right_record
    """)
    further = ", ".join(f"mw_{n}" for n in model.comparison_names if n not in _OF_NAME_AND_REGION)
    con.execute(f"""
        create or replace temp table identity_node_links as
        with exact as (
            select
                least(left_number, right_number) as number_l,
                greatest(left_number, right_number) as number_r,
                coalesce(min(rule) filter (where rule = '{OVERRIDE}'), min(rule)) as rule
            from linkage_area_rules
            where left_number <> right_number
            group by 1, 2
        ),
        scored as (
            select
                * exclude (number_l, number_r),
                least(number_l, number_r) as number_l,
                greatest(number_l, number_r) as number_r
            from linkage_area_scores
        )
        select
            row_number() over (
                order by
                    rule is null, rule is distinct from '{OVERRIDE}',
                    match_weight desc nulls last, number_l, number_r
            ) - 1 as position,
            number_l,
            number_r,
            rule,
            {scores},
            case when rule is null then {_refusal(con, model)} end as refusal,
            rule is null and greatest({further}) <= 0 as is_by_name
        from exact
        full join scored using (number_l, number_r)
    """)


def _refusal(con: duckdb.DuckDBPyConnection, model: Model) -> str:
    """SQL over a scored pair: the name of what makes it no link by itself, null where it is one."""
    households = constraints.households_assumed(con)
    agreeing_facts = " + ".join(
        f"({' or '.join(f'mw_{name} > 0' for name in fact)})::int" for fact in _FACTS
    )
    individual = " + ".join(
        f"mw_{n}" for n in model.comparison_names if n not in _OF_THE_HOUSEHOLD
    )
    return f"""case
        when match_weight < {model.accept_weight} then 'weight_below_threshold'
        when
            {agreeing_facts} < 2
            and not (mw_first_name > 0 and mw_last_name > 0 and match_weight >= {_SURE_WEIGHT})
            then 'one_fact_alone'
        when
            {households}
            and greatest(mw_birth_on, mw_email, mw_phone) <= 0
            and coalesce(level_address not in {_HOUSE_LEVELS}, true)
            and match_weight - if({_WRONG_WAY_ROUND}, mw_last_name, 0)
                < case
                    when level_address is not null then {_MOVED_WEIGHT}
                    when least(mw_email, mw_phone) < 0 then {_DESPITE_WEIGHT}
                    else {_SURE_WEIGHT}
                end
            then 'namesakes_of_one_place'
        when {households} and {individual} < {_INDIVIDUAL_WEIGHT} then 'household_alone'
        when
            {households}
            and greatest(mw_birth_on, mw_email, mw_phone) <= 0
            and level_last_name = 0
            and match_weight < {_MOVED_WEIGHT}
            then 'another_surname'
    end"""


def _decide(con: duckdb.DuckDBPyConnection) -> None:
    """Makes identity_node_clusters (number, component, cluster, side, weakest) and identity_vetoed
    (position, veto); `weakest` is the position of the weakest link that the cluster cannot do without.
    """
    links = con.execute("""
        select
            position, number_l, number_r, coalesce(rule = ?, false) as is_forced, is_by_name,
            if(rule is null, match_weight, 'nan') as weight
        from identity_node_links
        where refusal is null
        order by position
    """, [OVERRIDE]).fetchnumpy()
    decided = constraints.decide(
        con,
        links["number_l"].astype(np.int64),
        links["number_r"].astype(np.int64),
        weight=np.asarray(links["weight"], dtype=float),
        forced=np.asarray(links["is_forced"], dtype=bool),
        by_name=np.asarray(links["is_by_name"], dtype=bool),
    )
    weakest = np.ma.masked_array(
        links["position"][np.maximum(decided.weakest, 0)] if len(links["position"]) else decided.weakest,
        mask=decided.weakest < 0,
    )
    _make_temp_table(
        con,
        "identity_node_clusters",
        number=np.arange(len(decided.cluster)),
        component_number=decided.component,
        cluster_number=decided.cluster,
        side=pa.array(decided.side, mask=decided.weakest < 0),
        weakest=pa.array(weakest.data, mask=decided.weakest < 0),
    )
    vetoed = [i for i, veto in enumerate(decided.vetoes) if veto]
    _make_temp_table(
        con,
        "identity_vetoed",
        position=links["position"][vetoed],
        veto=pa.array([decided.vetoes[i] for i in vetoed], pa.string()),
    )


def _make_temp_table(con: duckdb.DuckDBPyConnection, name: str, **columns: object) -> None:
    con.register("identity_arrays", pa.table(columns))
    con.execute(f"create or replace temp table {name} as select * from identity_arrays")
    con.unregister("identity_arrays")


def _write_links(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    """Makes identity_links and identity_link_keys: records of a rule's pair as the rule gave them, of a
    scored pair of nodes the first records of both."""
    scores = list(scoring.score_columns(model))
    linked = ", ".join(f"links.{name}" for name in scores)
    others = ", ".join(f"links.{name}" for name in scores if name != "match_probability")
    con.execute(f"""
        create or replace temp table linkage_new_links as
        with judged as (
            select
                links.*,
                l.cluster_number = r.cluster_number as is_together,
                identity_vetoed.veto
            from identity_node_links as links
            inner join identity_node_clusters as l on l.number = links.number_l
            inner join identity_node_clusters as r on r.number = links.number_r
            left join identity_vetoed on identity_vetoed.position = links.position
        ),
        exact as (
            select
                rules.left_record,
                rules.right_record,
                rules.left_number = rules.right_number or links.is_together as holds,
                if(holds, 'accepted', 'rejected') as decision,
                if(holds, rules.rule, links.veto) as reason,
                if(holds, 1.0, links.match_probability) as match_probability,
                {others}
            from linkage_area_rules as rules
            left join judged as links
                on links.number_l = least(rules.left_number, rules.right_number)
                and links.number_r = greatest(rules.left_number, rules.right_number)
        ),
        scored as (
            select
                l.first_record as left_record,
                r.first_record as right_record,
                if(links.refusal is null and links.is_together, 'accepted', 'rejected') as decision,
                case
                    when links.refusal is not null then links.refusal
                    when links.is_together then 'splink'
                    else links.veto
                end as reason,
                {linked}
            from judged as links
            inner join identity_nodes as l on l.number = links.number_l
            inner join identity_nodes as r on r.number = links.number_r
            where links.rule is null
        ),
        -- A pair that leads out of the area is none that could link: its refusal is all there is to say.
        named as (
            select node_id, node as record_key from clusters_before where record_key = node
            union
            select node_id, first_record from linkage_nodes
        ),
        leading_out as (
            select
                least(l.record_key, r.record_key) as left_record,
                greatest(l.record_key, r.record_key) as right_record,
                'rejected' as decision,
                {_refusal(con, model)} as reason,
                {linked}
            from linkage_scores as links
            inner join named as l on l.node_id = links.node_l
            inner join named as r on r.node_id = links.node_r
            where
                links.node_l not in (select node_id from identity_nodes)
                or links.node_r not in (select node_id from identity_nodes)
        )
        select left_record, right_record, decision, reason, {", ".join(scores)} from exact
        union all by name
        select * from scored
        union all by name
        select * from leading_out
    """)
    con.execute("""
        create or replace temp table linkage_dropped_links as
        with renamed as (
            select node as record_key from clusters_before
            where record_key = node and node_id in (from linkage_stale union from linkage_crossed)
        )
        select left_record, right_record, reason
        from links_before
        where
            left_record in (from renamed)
            or right_record in (from renamed)
            or (
                left_record in (select record_key from linkage_area_before)
                and right_record in (select record_key from linkage_area_before)
            )
    """)
    con.execute("drop table linkage_scores")
    con.execute("""
        create or replace temp table identity_link_keys as
        select left_record from linkage_dropped_links
        union
        select left_record from linkage_new_links
    """)
    con.execute("""
        create or replace temp view identity_links as
        select * from linkage_new_links
        union all by name
        select *
        from links_before
        anti join linkage_dropped_links using (left_record, right_record, reason)
        where left_record in (from identity_link_keys)
    """)


def _write_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Makes identity_clusters, identity_bridges and their keys; a cluster, like a component, is named by
    its smallest record key.

    `linked_by` and `match_probability` are those of the surest link that holds the record to the
    rest: it has to be wrong for the record to be here wrongly. A rule counts as 1, a lone record
    too. `identity_confidence` is that of the weakest link that the cluster cannot do without, and `side`
    tells the two clusters apart that it would be without it.
    """
    con.execute("""
        create or replace temp table linkage_cluster_facts as
        select
            clusters.cluster_number,
            any_value(links.rule) as rule,
            any_value(links.match_weight) as match_weight,
            any_value(if(links.rule is null, links.match_probability, 1.0)) as match_probability,
            any_value(least(l.first_record, r.first_record)) as left_record,
            any_value(greatest(l.first_record, r.first_record)) as right_record
        from identity_node_clusters as clusters
        inner join identity_node_links as links on links.position = clusters.weakest
        inner join identity_nodes as l on l.number = links.number_l
        inner join identity_nodes as r on r.number = links.number_r
        group by clusters.cluster_number
    """)
    con.execute("""
        create or replace temp table identity_clusters as
        with ends as (
            select left_record as record_key, reason, match_probability
            from linkage_new_links where decision = 'accepted'
            union all
            select right_record, reason, match_probability
            from linkage_new_links where decision = 'accepted'
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
            area.record_key,
            area.first_record as node,
            area.node_id,
            roots.first_record as component,
            heads.first_record as cluster,
            case
                when held.record_key is null then 'single'
                else coalesce(held.rule, 'splink')
            end as linked_by,
            coalesce(held.match_probability, 1.0) as match_probability,
            clusters.side::tinyint as side,
            coalesce(facts.match_probability, 1.0) as identity_confidence
        from linkage_area as area
        inner join identity_nodes as nodes using (node_id)
        inner join identity_node_clusters as clusters using (number)
        inner join identity_nodes as roots on roots.number = clusters.component_number
        inner join identity_nodes as heads on heads.number = clusters.cluster_number
        left join linkage_cluster_facts as facts
            on facts.cluster_number = clusters.cluster_number
        left join held on held.record_key = area.record_key
    """)
    con.execute("""
        create or replace temp table identity_cluster_keys as
        select record_key from linkage_area
        union
        select record_key from linkage_area_before
    """)
    con.execute("""
        create or replace temp table identity_bridges as
        select
            heads.first_record as cluster,
            facts.left_record,
            facts.right_record,
            coalesce(facts.rule, 'splink') as reason,
            facts.match_weight,
            facts.match_probability
        from linkage_cluster_facts as facts
        inner join identity_nodes as heads on heads.number = facts.cluster_number
    """)
    con.execute("""
        create or replace temp table identity_bridge_keys as
        select cluster from linkage_area_before
        union
        select cluster from identity_bridges
    """)


def _write_blocks(con: duckdb.DuckDBPyConnection, *, model: Model) -> None:
    con.execute("create or replace temp view identity_blocks as from linkage_blocks")
    con.execute("create or replace temp view identity_block_keys as from linkage_stale")
    con.execute(
        """
        create or replace temp table identity_skipped_blocks as
        select block, list_extract($names, rule + 1) as rule, record_count
        from linkage_block_sizes
        where record_count > $limit
        """,
        {"names": [rule.name for rule in model.blocking_rules], "limit": model.block_limit},
    )
    con.execute(
        """
        create or replace temp table identity_skipped_block_keys as
        select block from linkage_block_sizes where greatest(record_count, count_before) > $limit
        """,
        {"limit": model.block_limit},
    )
