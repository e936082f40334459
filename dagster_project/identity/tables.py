"""The tables of the identity layer that Python makes: links, clusters, profiles and their history.

Only the joining of linking.py and profile_ids.py to the lake and the state is here.
"""

from __future__ import annotations

from dagster_project.identity import linking, model, profile_ids
from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run

LINKAGE_INPUTS = ("identity.comparison_records", "identity.exact_links")
NO_RECORDS = "select null::varchar as record_key, null::varchar as profile_id where false"
NO_IDS = "select null::varchar as profile_id, null::varchar as current_profile_id where false"
NO_CHANGES = """select
    null::varchar as change_id, null::timestamp as changed_at, null::varchar as run_id,
    null::varchar as kind, null::varchar as profile_id, null::varchar as into_profile_id,
    null::varchar as cause where false"""

STATE_TABLES = (
    "identity.profile_records",
    "identity.profile_changes",
    "identity.profile_redirects",
    "identity.issued_profile_ids",
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


def _linkage(name: str, grain: tuple[str, ...], relation: str):
    def make(run: Run) -> Made:
        shipped = model.shipped()

        def compute() -> str:
            run.once("linkage", lambda: linking.resolve(run.con, model=shipped))
            return relation

        return make_table(
            run, name, code=(name, shipped.version), inputs=LINKAGE_INPUTS, grain=grain, compute=compute
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
        "previous_profile_records": ("identity.profile_records", NO_RECORDS),
        "issued_profile_ids": ("identity.issued_profile_ids", NO_IDS),
        "profile_changes_before": ("identity.profile_changes", NO_CHANGES),
    }
    for name, (table, empty) in before.items():
        relation = run.state.relation(table, empty)
        run.con.execute(f"create or replace temp table {name} as select * from ({relation})")
    run.con.execute("create or replace temp table identity_clusters as from identity.clusters")
    profile_ids.carry(run.con, run_id=run.run_id, as_of=run.as_of)
