"""Membership of all segments tonight, and its history since the first run.

Who belongs to a segment is said by its file in sql/segments; here it is compared with last night.
"""

from __future__ import annotations

from dagster_project.lake import quoted
from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run
from dagster_project.sql_models import SqlModel

NO_MEMBERS = """select null::varchar as segment, null::varchar as profile_id,
    null::timestamp as entered_at where false"""
NO_HISTORY = """select null::varchar as change_id, null::varchar as segment,
    null::varchar as profile_id, null::varchar as change, null::varchar as reason,
    null::varchar as run_id, null::date as as_of where false"""
NO_SEGMENTS = "select null::varchar as segment, null::varchar as definition_hash where false"

STATE_TABLES = ("marts.segments", "marts.segment_members", "marts.segment_history")


def tables(models: dict[str, SqlModel]) -> list[Table]:
    segments = [model for model in models.values() if model.layer == "segments"]
    inputs = tuple(sorted(model.table for model in segments))
    described = {
        "marts.segments": (
            "One row per segment: what it means, whose it is, how many are in it.",
            ("segment",),
            "from segments_now",
            inputs,
        ),
        "marts.segment_members": (
            "One row per segment and profile that is in it now, and since when.",
            ("segment", "profile_id"),
            "select segment, profile_id, entered_at from members_now",
            inputs,
        ),
        "marts.segment_history": (
            "One row per entry into a segment or exit from it, with the reason.",
            ("change_id",),
            "from history_now",
            (*inputs, "identity.profile_changes"),
        ),
    }

    def maker(name: str, grain: tuple[str, ...], relation: str, needed: tuple[str, ...]):
        def make(run: Run) -> Made:
            def compute() -> str:
                run.once("membership", lambda: _compare(run, segments))
                return relation

            return make_table(
                run,
                name,
                code=(name, [(model.table, model.fields) for model in segments]),
                inputs=needed,
                grain=grain,
                compute=compute,
                extra=run.state.extra(run.lake, name),
            )

        return make

    return [
        Table(name, about, grain, needed, maker(name, grain, relation, needed))
        for name, (about, grain, relation, needed) in described.items()
    ]


def _compare(run: Run, segments: list[SqlModel]) -> None:
    """Tonight's members against last night's, into segments_now, members_now and history_now."""
    con = run.con
    for table in ("identity.profile_changes", *(model.table for model in segments)):
        run.lake.view(con, table)
    before = {
        "members_before": ("marts.segment_members", NO_MEMBERS),
        "history_before": ("marts.segment_history", NO_HISTORY),
        "segments_before": ("marts.segments", NO_SEGMENTS),
    }
    for name, (table, empty) in before.items():
        con.execute(
            f"create or replace temp table {name} as select * from ({run.state.relation(table, empty)})"
        )
    members = " union all ".join(
        f"select {quoted(model.name)} as segment, profile_id from {model.table}" for model in segments
    )
    con.execute(
        f"""create or replace temp table members_now as
        select tonight.segment, tonight.profile_id,
            coalesce(before.entered_at, ?::timestamp) as entered_at
        from ({members}) as tonight
        left join members_before as before using (segment, profile_id)""",
        [run.as_of],
    )
    about = [
        (
            model.name,
            model.fields["title"],
            model.fields["owner"],
            model.description,
            model.fields["purpose"],
            model.code,
        )
        for model in segments
    ]
    con.execute(
        """create or replace temp table definitions (
            segment varchar, title varchar, owner varchar, description varchar, purpose varchar,
            definition_hash varchar)"""
    )
    con.executemany("insert into definitions values (?, ?, ?, ?, ?, ?)", about)
    con.execute(
        """create or replace temp table segments_now as
        select segment, title, owner, description, purpose,
            (select count(*) from members_now where members_now.segment = definitions.segment)
                as size,
            definition_hash, false as is_held
        from definitions"""
    )
    con.execute(
        """create or replace temp table history_now as
        with moved as (
            select segment, profile_id, 'entered' as change
            from members_now anti join members_before using (segment, profile_id)
            union all
            select segment, profile_id, 'left' as change
            from members_before anti join members_now using (segment, profile_id)
        ),
        rewritten as (
            select segment
            from definitions inner join segments_before using (segment)
            where definitions.definition_hash <> segments_before.definition_hash
        ),
        -- Tonight's merges, splits and retirements; a person who is merely new behaves.
        reshaped as (
            select profile_id from identity.profile_changes
            where run_id = $run_id and kind in ('merged', 'split', 'retired')
            union
            select into_profile_id from identity.profile_changes
            where run_id = $run_id and kind in ('merged', 'split')
        )
        select * from history_before
        union all
        select
            md5(concat_ws('|', $run_id, segment, profile_id, change)) as change_id,
            segment, profile_id, change,
            case
                when segment in (select segment from rewritten) then 'definition'
                when profile_id in (select profile_id from reshaped where profile_id is not null)
                    then 'identity'
                else 'behaviour'
            end as reason,
            $run_id as run_id,
            $as_of::date as as_of
        from moved""",
        {"run_id": run.run_id, "as_of": run.as_of},
    )
