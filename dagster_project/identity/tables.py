"""The tables of the identity layer that Python makes: links, clusters, profiles and their history.

Only the joining of linking.py and profile_ids.py to the lake and the state is here.
"""

from __future__ import annotations

import inspect
from datetime import datetime, time

from dagster_project.identity import constraints, linking, model, profile_ids
from dagster_project.lake import fingerprint
from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run

LINKAGE_INPUTS = ("identity.comparison_records", "identity.exact_links")
NO_CHANGES = """select
    null::varchar as change_id, null::timestamp as changed_at, null::varchar as run_id,
    null::varchar as kind, null::varchar as profile_id, null::varchar as into_profile_id,
    null::varchar as cause where false"""

STATE_TABLES = (
    "identity.profile_records",
    "identity.profile_changes",
    "identity.profile_redirects",
    "identity.issued_profile_ids",
    "identity.vanished_profile_records",
)
"""What the next run needs to know of this one."""


def tables() -> list[Table]:
    linked = {
        "identity.links": (
            "One row per pair of source records that was linked or refused, with the reason and, for "
            "scored pairs, the match weight of each comparison.",
            ("left_record", "right_record", "reason"),
            "from identity_links",
        ),
        "identity.clusters": (
            "One row per source record: the cluster it is in tonight. Not a profile id.",
            ("record_key",),
            "from identity_clusters",
        ),
        "identity.skipped_blocks": (
            "One row per blocking rule and number of records for which a block was too large.",
            ("rule", "record_count"),
            "select distinct rule, record_count from identity_skipped_blocks",
        ),
    }
    carried = {
        "identity.profile_records": (
            "One row per source record: the profile it belongs to and what links it there.",
            ("record_key",),
            """select record_key, profile_id, linked_by, match_probability
            from profile_records_next inner join identity_clusters using (record_key)""",
        ),
        "identity.profile_changes": (
            "One row per change of identity since the first run.",
            ("change_id",),
            f"""select * from profile_changes_before union all
            select md5(concat_ws('|', run_id, kind, profile_id, into_profile_id)) as change_id,
                {", ".join(("changed_at", "run_id", "kind", "profile_id", "into_profile_id", "cause"))}
            from profile_changes_next""",
        ),
        "identity.profile_redirects": (
            "One row per profile id no longer in use, with the id that stands for it today.",
            ("profile_id",),
            "from profile_redirects_next",
        ),
        "identity.issued_profile_ids": (
            "One row per profile id ever issued; none is issued twice.",
            ("profile_id",),
            "from issued_profile_ids_next",
        ),
        "identity.vanished_profile_records": (
            "One row per source record that was in a profile and is delivered no more.",
            ("record_key",),
            "from vanished_profile_records_next",
        ),
    }
    made = [
        Table(name, about, grain, LINKAGE_INPUTS, _linkage(name, grain, relation))
        for name, (about, grain, relation) in linked.items()
    ]
    made += [
        Table(name, about, grain, ("identity.clusters",), _carrying(name, grain, relation))
        for name, (about, grain, relation) in carried.items()
    ]
    return made


def model_version() -> str:
    """Changes with anything that decides how records are linked."""
    code = [inspect.getsource(module) for module in (linking, constraints)]
    return fingerprint(repr(model.shipped()), code)


def _linkage(name: str, grain: tuple[str, ...], relation: str):
    def make(run: Run) -> Made:
        def compute() -> str:
            run.once("linkage", lambda: linking.resolve(run.con, model=model.shipped()))
            return relation

        return make_table(
            run,
            name,
            code=(name, model_version()),
            inputs=LINKAGE_INPUTS,
            grain=grain,
            compute=compute,
        )

    return make


def _carrying(name: str, grain: tuple[str, ...], relation: str):
    def make(run: Run) -> Made:
        def compute() -> str:
            run.once("carrying", lambda: _carry(run))
            return relation

        return make_table(
            run,
            name,
            code=name,
            inputs=("identity.clusters",),
            grain=grain,
            compute=compute,
            extra=run.state.extra(run.lake, name),
        )

    return make


def _carry(run: Run) -> None:
    """Hand last night's profile ids on to tonight's clusters."""
    before = {
        "previous_profile_records": "identity.profile_records",
        "vanished_profile_records": "identity.vanished_profile_records",
        "issued_profile_ids": "identity.issued_profile_ids",
    }
    profile_ids.start(run.con)
    for name, table in before.items():
        if run.state.lake.manifest(table):
            named = profile_ids.STATE_TABLES[name].split(", ")
            columns = ", ".join(column.split()[0] for column in named)
            scan = run.state.lake.scan(table)
            run.con.execute(f"insert into {name} select {columns} from ({scan})")
    changes = run.state.relation("identity.profile_changes", NO_CHANGES)
    run.con.execute(f"create or replace temp table profile_changes_before as from ({changes})")
    run.con.execute("create or replace temp table identity_clusters as from identity.clusters")
    as_of = datetime.combine(run.as_of, time())
    profile_ids.carry(run.con, run_id=run.run_id, as_of=as_of)
