"""Companies: which of their records are one, and the ids they keep.

Here belong the decision over the keys that sql/identity/company_keys.sql finds, with its vetoes, and
the joining of profile_ids.py to it: a company's id is carried by the same contract as a person's. What
counts as a key, a name or a domain is said in SQL; golden values are chosen there too.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from datetime import datetime, time
from itertools import groupby
from typing import NamedTuple

from dagster_project.identity import profile_ids
from dagster_project.making import Made, Table, make_table
from dagster_project.privacy.tombstones import filter_of
from dagster_project.run import Run

INPUTS = ("identity.company_domains", "identity.company_keys", "identity.company_records")

STATE = {
    "identity.company_members": "previous_profile_records",
    "identity.vanished_company_records": "vanished_profile_records",
    "identity.issued_company_ids": "issued_profile_ids",
}
"""What the next run needs to know of this one -> what it is to profile_ids.carry."""


class Record(NamedTuple):
    """What may speak against a company record being one with another."""

    whole_name: str
    short_name: str
    domain: str | None
    account_id: str | None
    parent_account_id: str | None


class Link(NamedTuple):
    """Two records under one key. `vetoed_by` names what speaks against it, None where they are one."""

    left_record: str
    right_record: str
    rule: str
    vetoed_by: str | None


def resolve(
    records: dict[str, Record], keys: Iterable[tuple[str, str, str]]
) -> tuple[list[Link], dict[str, str]]:
    """Unite records that share a key, unless something in the one company speaks against something in
    the other.

    `keys` are (rule, key, record), the surest rule first, sorted by key. Records of one key are linked
    to the first of them, an account before others and a parent before its children. Returns the links
    and the cluster of every record, named by its first record.
    """
    cluster = {key: key for key in records}
    members = {key: [key] for key in records}
    links = []
    for (rule, _), shared in groupby(keys, key=lambda row: row[:2]):
        first, *others = sorted((row[2] for row in shared), key=lambda key: _rank(key, records[key]))
        for other in others:
            into, gone = sorted((cluster[first], cluster[other]))
            veto = None
            if into != gone:
                veto = _veto([records[k] for k in members[into]], [records[k] for k in members[gone]])
            links.append(Link(*sorted((first, other)), rule, veto))
            if into != gone and not veto:
                for key in members[gone]:
                    cluster[key] = into
                members[into] += members.pop(gone)
    return links, cluster


def _rank(key: str, record: Record) -> tuple:
    return (record.account_id is None, record.parent_account_id is not None, key)


def _veto(left: Iterable[Record], right: Iterable[Record]) -> str | None:
    """The name of what speaks against two groups of records being one company, or None.

    `account_hierarchy`: the CRM keeps them apart on purpose, as parent and child or as children of one
    parent under different names. `other_domain_and_name`: neither the domain nor the name is the same.
    """
    left, right = set(left), set(right)
    for one in left:
        for other in right:
            if one.account_id and other.account_id:
                is_child = one.parent_account_id == other.account_id
                is_parent = other.parent_account_id == one.account_id
                are_siblings = one.parent_account_id and one.parent_account_id == other.parent_account_id
                if is_child or is_parent or (are_siblings and one.short_name != other.short_name):
                    return "account_hierarchy"
            if one.domain and other.domain and one.domain != other.domain:
                if one.whole_name != other.whole_name:
                    return "other_domain_and_name"
    return None


# Tables --------------------------------------------------------------------------------------------

# Table -> description, grain, and the relation of its rows.
LINKED = {
    "identity.company_links": (
        "One row per pair of company records that share a key, with the rule and, where they are not one"
        " company for all that, what speaks against it.",
        ("left_record", "right_record", "rule"),
        "from company_links",
    ),
    "identity.company_clusters": (
        "One row per company record: the cluster it is in tonight. Not a company id.",
        ("record_key",),
        "from company_clusters",
    ),
}

CARRIED = {
    "identity.company_members": (
        "One row per company record: the company it belongs to.",
        ("record_key",),
        "select record_key, profile_id as company_id from company_ids.profile_records_next",
        "company_ids.carried_records",
    ),
    "identity.issued_company_ids": (
        "One row per company id ever issued; none is issued twice.",
        ("company_id",),
        """select profile_id as company_id, current_profile_id as current_company_id, issued_at
        from company_ids.issued_profile_ids_next""",
        "(select profile_id as company_id from company_ids.carried_ids)",
    ),
    "identity.vanished_company_records": (
        "One row per source record that was in a company and is delivered no more.",
        ("record_key",),
        "select record_key, profile_id as company_id from company_ids.vanished_profile_records_next",
        "company_ids.carried_records",
    ),
}


def tables() -> list[Table]:
    return [
        *(
            Table(name, about, grain, INPUTS, _linking(name, grain, relation))
            for name, (about, grain, relation) in LINKED.items()
        ),
        *(
            Table(name, about, grain, ("identity.company_clusters",), _carrying(name))
            for name, (about, grain, _, _) in CARRIED.items()
        ),
    ]


def _linking(name: str, grain: tuple[str, ...], relation: str):
    def make(run: Run) -> Made:
        def compute() -> str:
            run.once("linking of companies", lambda: _link(run))
            return relation

        code = (name, inspect.getsource(resolve), inspect.getsource(_veto), inspect.getsource(_rank))
        return make_table(run, name, code=code, inputs=INPUTS, grain=grain, compute=compute)

    return make


def _link(run: Run) -> None:
    rows = run.con.execute("""
        select
            records.record_key, records.whole_name, records.short_name,
            case when domains.is_evidence then records.domain end as domain,
            records.account_id, records.parent_account_id
        from identity.company_records as records
        left join identity.company_domains as domains using (domain)
    """).fetchall()
    keys = run.con.execute("""
        select rule, company_key, record_key from identity.company_keys order by rank, company_key
    """).fetchall()
    links, cluster = resolve({key: Record(*values) for key, *values in rows}, keys)
    columns = {name: [link[at] for link in links] for at, name in enumerate(Link._fields)}
    run.con.execute(
        f"""create or replace temp table company_links as
        select {", ".join(f"unnest(${name}::varchar[]) as {name}" for name in columns)}""",
        columns,
    )
    run.con.execute(
        """create or replace temp table company_clusters as
        select unnest($keys::varchar[]) as record_key, unnest($clusters::varchar[]) as cluster""",
        {"keys": list(cluster), "clusters": list(cluster.values())},
    )


def _carrying(name: str):
    _, grain, relation, keys = CARRIED[name]

    def make(run: Run) -> Made:
        def compute() -> str:
            run.once("carrying of companies", lambda: _carry(run))
            if not run.state.lake.manifest(name):
                return relation
            kept = f"""select * from ({run.state.lake.scan(name)})
                where {grain[0]} not in (select {grain[0]} from {keys})"""
            return f"{kept} union all by name ({relation})"

        return make_table(
            run,
            name,
            code=(name, relation, inspect.getsource(profile_ids)),
            inputs=("identity.company_clusters",),
            grain=grain,
            compute=compute,
            extra=run.state.extra(run.lake, name),
        )

    return make


def _carry(run: Run) -> None:
    """Hand last night's ids on to tonight's clusters, in a schema of their own: profile_ids.py names its
    tables for people."""
    erased = filter_of(run).forgotten(STATE, clusters="identity.company_clusters")
    with run.con.cursor() as con:
        con.execute("create schema if not exists company_ids")
        con.execute("use memory.company_ids")
        profile_ids.start(con)
        for table, meant in STATE.items():
            if run.state.lake.manifest(table):
                con.execute(f"insert into {meant} select * from ({run.state.lake.scan(table)})")
        con.execute(
            "create or replace temp view identity_clusters_tonight as"
            " select record_key, cluster from memory.identity.company_clusters"
        )
        as_of = datetime.combine(run.as_of, time())
        profile_ids.carry(con, run_id=run.run_id, as_of=as_of, erased=erased, prefix="c")
