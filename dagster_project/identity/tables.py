"""The tables of the identity layer that Python makes: the population's facts, links, clusters, profiles
and their history.

Only the joining of population.py, linking.py and profile_ids.py to the lake and the state is here, and
the decision whether a night can go on from the last one.
"""

from __future__ import annotations

import inspect
from datetime import datetime, time

from dagster_project.identity import (
    blocking,
    constraints,
    linking,
    model,
    nodes,
    population,
    profile_ids,
    scoring,
)
from dagster_project.lake import fingerprint
from dagster_project.making import Made, Rows, Table, made_from_now, make_table
from dagster_project.privacy.tombstones import filter_of
from dagster_project.run import Run

LINKAGE_INPUTS = (
    "identity.comparison_records",
    "identity.exact_links",
    "identity.population",
    "identity.record_identifiers",
    "standard.judgements",
)
POPULATION_INPUTS = ("identity.comparison_records", "identity.exact_links", "standard.judgements")
CHANGING_INPUTS = tuple(name for name in LINKAGE_INPUTS if name != "identity.population")
"""The inputs of which linkage can follow the changes; other facts of the population are another run."""

WHOLE_SHARE = 0.3
"""When more than this share of the records is touched, a run from nothing is cheaper."""

STATE_TABLES = (
    "identity.name_uses",
    "identity.population",
    "identity.profile_records",
    "identity.profile_changes",
    "identity.profile_redirects",
    "identity.issued_profile_ids",
    "identity.vanished_profile_records",
)
"""What the next run needs to know of this one."""

# Table -> description, grain, and the relations of linking.resolve that hold its rows and its keys.
LINKED = {
    "identity.links": (
        "One row per pair of source records that was linked or refused, with the reason and, for scored"
        " pairs, the match weight and the level of each comparison.",
        ("left_record", "right_record", "reason"),
        Rows("identity_links", "identity_link_keys"),
    ),
    "identity.clusters": (
        "One row per source record: the cluster it is in tonight. Not a profile id.",
        ("record_key",),
        Rows("identity_clusters", "identity_cluster_keys"),
    ),
    "identity.bridges": (
        "One row per cluster of several nodes: the weakest link that it cannot do without.",
        ("cluster",),
        Rows("identity_bridges", "identity_bridge_keys"),
    ),
    "identity.skipped_blocks": (
        "One row per block of a blocking rule that holds too many records to say anything.",
        ("block",),
        Rows("identity_skipped_blocks", "identity_skipped_block_keys"),
    ),
    "index.blocks": (
        "One row per node and block that it is in: what a night looks its candidates up in.",
        ("node_id", "rule"),
        Rows("identity_blocks", "identity_block_keys"),
    ),
}

# Table -> description, grain, and the relations of profile_ids.carry that hold its rows and its keys.
CARRIED = {
    "identity.profile_records": (
        "One row per source record: the profile it belongs to and what links it there.",
        ("record_key",),
        Rows(
            """select record_key, profile_id, linked_by, match_probability, side, identity_confidence
            from profile_records_next inner join identity.clusters using (record_key)""",
            "carried_records",
        ),
    ),
    "identity.profile_changes": (
        "One row per change of identity since the first run.",
        ("change_id",),
        Rows("from profile_changes_next", "profile_changes_next"),
    ),
    "identity.profile_redirects": (
        "One row per profile id no longer in use, with the id that stands for it today.",
        ("profile_id",),
        Rows("from profile_redirects_next", "carried_ids"),
    ),
    "identity.issued_profile_ids": (
        "One row per profile id ever issued; none is issued twice.",
        ("profile_id",),
        Rows("from issued_profile_ids_next", "carried_ids"),
    ),
    "identity.vanished_profile_records": (
        "One row per source record that was in a profile and is delivered no more.",
        ("record_key",),
        Rows("from vanished_profile_records_next", "carried_records"),
    ),
}


def tables() -> list[Table]:
    return [
        Table(
            "identity.name_uses",
            "One row per name: how often it was a first name and a surname when the population was"
            " measured.",
            ("name",),
            ("identity.folded_records",),
            _make_name_uses,
        ),
        Table(
            "identity.population",
            "One row per fact about the population as a whole, as last measured: how rare values are,"
            " which first names many people have, whether people live together.",
            ("value", "kind"),
            POPULATION_INPUTS,
            _make_population,
        ),
        Table(
            "identity.comparison_levels",
            "One row per comparison and level of the model, in words, with what it weighs.",
            ("comparison", "level"),
            (),
            _make_comparison_levels,
        ),
        *(
            Table(
                name,
                about,
                grain,
                (*LINKAGE_INPUTS, "identity.guard_rules"),
                _linkage(name, grain, rows),
            )
            for name, (about, grain, rows) in LINKED.items()
        ),
        *(
            Table(name, about, grain, ("identity.clusters",), _carrying(name, grain, rows))
            for name, (about, grain, rows) in CARRIED.items()
        ),
    ]


def chosen_model(run: Run) -> model.Model:
    """The model by which this home links."""
    return model.chosen(run.settings.model)


def model_version(run: Run) -> str:
    """Changes with anything that decides how records are linked."""
    modules = (blocking, constraints, linking, nodes, population, scoring)
    return fingerprint(repr(chosen_model(run)), [inspect.getsource(module) for module in modules])


def _carrying_version() -> str:
    """Changes with anything that decides how ids are carried."""
    return fingerprint(inspect.getsource(profile_ids), repr(CARRIED))


def _make_name_uses(run: Run) -> Made:
    name, inputs = "identity.name_uses", ("identity.folded_records",)

    def compute() -> str:
        if _is_outgrown(run, "identity.folded_records"):
            return population.name_uses()
        stored = run.state.lake.scan(name)
        return population.names_still_carried(stored) if run.is_erasing else stored

    return make_table(
        run,
        name,
        code=(name, population.measured_by(chosen_model(run))),
        inputs=inputs,
        grain=("name",),
        compute=compute,
        extra=run.state.extra(run.lake, name),
    )


def _make_population(run: Run) -> Made:
    name, inputs = "identity.population", POPULATION_INPUTS

    def compute() -> str:
        if _is_outgrown(run, "identity.comparison_records"):
            return population.measure(run.con, model=chosen_model(run))
        stored, chosen = run.state.lake.scan(name), chosen_model(run)
        return population.still_carried(stored, model=chosen) if run.is_erasing else stored

    return make_table(
        run,
        name,
        code=(name, population.measured_by(chosen_model(run))),
        inputs=inputs,
        grain=("value", "kind"),
        compute=compute,
        extra=run.state.extra(run.lake, name),
    )


def _is_outgrown(run: Run, records: str) -> bool:
    """Whether to measure again. An erasing run leaves that to the next: it relinks nobody who stays."""
    if run.is_erasing:
        return False
    if not run.state.lake.manifest("identity.population"):
        return True
    stored = run.state.lake.scan("identity.population")
    return population.is_outgrown(run.con, stored, records=records, model=chosen_model(run))


def _make_comparison_levels(run: Run) -> Made:
    name = "identity.comparison_levels"

    def compute() -> str:
        rows = chosen_model(run).levels_in_words()
        columns = "comparison varchar, level tinyint, words varchar, match_weight double"
        run.con.execute(f"create or replace temp table comparison_levels ({columns})")
        run.con.executemany("insert into comparison_levels values (?, ?, ?, ?)", rows)
        return "from comparison_levels"

    return make_table(
        run, name, code=model_version(run), inputs=(), grain=("comparison", "level"), compute=compute
    )


def _linkage(name: str, grain: tuple[str, ...], rows: Rows):
    def make(run: Run) -> Made:
        def compute() -> str | Rows:
            is_whole = run.once("linkage", lambda: _link(run))
            return f"from {rows.relation}" if is_whole else rows

        return make_table(
            run,
            name,
            code=model_version(run),
            inputs=LINKAGE_INPUTS,
            grain=grain,
            compute=compute,
            extra=_limits(run),
        )

    return make


def _limits(run: Run) -> list:
    """The limits per profile: of the guard rules, all that linkage itself reads."""
    run.view("identity.guard_rules")
    return [
        list(row)
        for row in run.con.execute("""
            select kind, limit_count, window_days from identity.guard_rules
            where action = 'max_per_profile' order by all
        """).fetchall()
    ]


def _link(run: Run) -> bool:
    """Link what changed since the last night, or all records; returns whether it was all."""
    chosen = chosen_model(run)
    changes = _changes_since_last_night(run)
    if changes is not None:
        for name in ("identity.links", "identity.clusters", "index.blocks"):
            view = name.partition(".")[2] + "_before"
            run.con.execute(f"create or replace temp view {view} as {run.lake.scan(name)}")
        nodes.touch(run.con, changes)
        [(touched, known)] = run.con.execute(
            "select (select count(*) from touched_records), (select count(*) from clusters_before)"
        ).fetchall()
        if touched > WHOLE_SHARE * known:
            changes = None
    if changes is None:
        linking.start(run.con, model=chosen)
    linking.resolve(run.con, model=chosen)
    return changes is None


def _changes_since_last_night(run: Run) -> dict[str, list[str]] | None:
    """For every input of linkage the rows replaced and new since all its tables were last made, or None
    where nobody knows or they were made otherwise."""
    now = made_from_now(run, code=model_version(run), inputs=LINKAGE_INPUTS, extra=_limits(run))
    made = [run.lake.manifest(name) for name in LINKED]
    if not all(made) or any(one.made_from != made[0].made_from for one in made):
        return None
    before = made[0].made_from
    found = {}
    if any(before[key] != now[key] for key in ("code", "extra")):
        return None
    for name, version in now["inputs"].items():
        if version == before["inputs"].get(name):
            continue
        if name == "identity.population" and run.is_erasing:
            continue  # it lacks no value that anybody has
        changes = run.lake.changes(name, before["inputs"].get(name))
        if changes.everything or name not in CHANGING_INPUTS:
            return None
        found[name] = [*changes.before, *changes.after]
    return found


def _carrying(name: str, grain: tuple[str, ...], rows: Rows):
    """Tonight's table is the promoted one with some rows replaced, so a part is enough where the lake
    holds the promoted one, and not what a run left that never published."""

    def make(run: Run) -> Made:
        def compute() -> str | Rows:
            run.once("carrying", lambda: _carry(run))
            before = run.state.lake.manifest(name)
            if not before:
                return rows.relation
            is_promoted = run.lake.version(name) == before.version
            if is_promoted and before.made_from["code"] == fingerprint(_carrying_version()):
                return rows
            kept = f"""select * from ({run.state.lake.scan(name)})
                where {grain[0]} not in (select {grain[0]} from {rows.keys})"""
            return f"{kept} union all by name ({rows.relation})"

        return make_table(
            run,
            name,
            code=_carrying_version(),
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
    run.con.execute(
        "create or replace temp view identity_clusters_tonight as"
        " select record_key, cluster from identity.clusters"
    )
    as_of = datetime.combine(run.as_of, time())
    profile_ids.carry(
        run.con,
        run_id=run.run_id,
        as_of=as_of,
        changed=_changed_clusters(run),
        erased=filter_of(run).forgotten(before.values(), clusters="identity.clusters"),
    )


def _changed_clusters(run: Run) -> str | None:
    """The records whose cluster changed since the promoted profiles were made; None if nobody knows."""
    before = run.state.lake.manifest("identity.profile_records")
    if not before or before.made_from["code"] != fingerprint(_carrying_version()):
        return None
    changes = run.lake.changes("identity.clusters", before.made_from["inputs"]["identity.clusters"])
    if changes.everything:
        return None
    found = ["select null::varchar as record_key where false", *changes.before, *changes.after]
    return " union all ".join(f"select record_key from ({rows})" for rows in found)
