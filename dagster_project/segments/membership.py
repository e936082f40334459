"""Membership of all segments tonight, and its history since the first run.

Who belongs to a segment is said by its file in sql/segments; here it is compared with last night, held
where a guard is broken, and every entry and exit gets its reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from dagster_project.lake import quoted
from dagster_project.making import Made, Rows, Table, make_table
from dagster_project.run import Run
from dagster_project.segments import guards
from dagster_project.sql_models import RESTRICTIONS, SqlModel

CONSENTS = "golden.consents"
CONSENT_TABLES = {CONSENTS, "golden.contact_consents", "golden.consent_ledger"}
IDENTITY = ("identity.profile_changes", "identity.profile_records", "identity.profile_redirects")

# What the next night reads of this one, with its columns: an empty one of each is a first night.
BEFORE = {
    "marts.segments": "segment varchar, definition_hash varchar",
    "marts.segment_members": "segment varchar, profile_id varchar, entered_at timestamp, "
    "score double, reason varchar",
    "marts.segment_history": "change_id varchar, segment varchar, profile_id varchar, "
    "change varchar, reason varchar, run_id varchar, as_of date",
    "marts.segment_definitions": "segment varchar, definition_hash varchar, first_as_of date, "
    "definition varchar",
    CONSENTS: "profile_id varchar, channel varchar, purpose varchar, status varchar",
    RESTRICTIONS: "profile_id varchar, scope varchar",
}
STATE_TABLES = tuple(BEFORE)

# Table -> description, grain, relation of its rows, and of those that a night may have changed.
MADE = {
    "marts.segments": (
        "One row per segment: what it means, whose it is, how many are in it and can be reached.",
        ("segment",),
        "from segments_now",
        None,
    ),
    "marts.segment_members": (
        "One row per profile and segment that it is in now, and since when.",
        ("profile_id", "segment"),
        "from members_now",
        Rows("from members_now semi join people_changed using (profile_id)", "people_changed"),
    ),
    "marts.segment_history": (
        "One row per entry into a segment or exit from it, with the reason.",
        ("change_id",),
        "from segment_history_before anti join erased_people using (profile_id) union all from moved_now",
        Rows("from moved_now", "history_changed"),
    ),
    "marts.segment_definitions": (
        "One row per segment and query that it was published with, and since when.",
        ("segment", "definition_hash"),
        "from definitions_now",
        None,
    ),
}


def tables(models: dict[str, SqlModel]) -> list[Table]:
    segments = [model for model in models.values() if model.layer == "segments"]
    inputs = (*sorted(model.table for model in segments), *IDENTITY, CONSENTS, RESTRICTIONS)

    def maker(name: str, grain: tuple[str, ...], whole: str, part: Rows | None):
        def make(run: Run) -> Made:
            def compute() -> str | Rows:
                run.once("membership", lambda: _compare(run, segments))
                return part if part and _stands_on_state(run, name, whole) else whole

            return make_table(
                run,
                name,
                code=(name, _code(), [(m.table, m.code, m.fields) for m in segments]),
                inputs=inputs,
                grain=grain,
                compute=compute,
                extra=run.state.extra(run.lake, name),
            )

        return make

    return [
        Table(name, about, grain, inputs, maker(name, grain, whole, part))
        for name, (about, grain, whole, part) in MADE.items()
    ]


def _stands_on_state(run: Run, table: str, whole: str) -> bool:
    """Whether the lake's table is what was published last, under tonight's columns: only then is what
    tonight changes all that it lacks. A night that published nothing leaves another."""
    before = run.lake.manifest(table)
    if not before or before.version != run.state.lake.version(table):
        return False
    described = run.con.execute(f"describe {whole}").fetchall()
    is_keyed = before.partition == MADE[table][1][0]
    return is_keyed and before.columns == {row[0]: row[1] for row in described}


def held(run: Run) -> list[dict]:
    """The segments that a guard held at their last membership, and why."""
    rows = run.con.execute(
        f"""select segment, held_reason from ({run.lake.scan("marts.segments")})
        where is_held order by segment"""
    ).fetchall()
    return [dict(zip(("segment", "held_reason"), row)) for row in rows]


def _code() -> list[str]:
    steps = (_compare, _tonight, _pairs, _hold, _members, _moves, _about, guards)
    return [inspect.getsource(step) for step in steps]


def _compare(run: Run, segments: list[SqlModel]) -> None:
    """Tonight's members against last night's: segments_now, members_now, moved_now, definitions_now, and
    people_changed, outside whom no member changed."""
    for table in (*IDENTITY, CONSENTS, RESTRICTIONS, *(model.table for model in segments)):
        run.view(table)
    for table, columns in BEFORE.items():
        remember(run, table, columns)
    consenting = _asking(segments, CONSENT_TABLES)
    run.con.execute(
        """create or replace temp view erased_people as
        with erased as (select profile_id from identity.profile_changes where kind = 'erased')
        from erased
        union
        select profile_id from identity.profile_redirects
        where current_profile_id in (from erased)"""
    )
    _tonight(run, segments)
    _pairs(run)
    held = _hold(run, segments, consenting)
    _members(run)
    _moves(run, _rewritten(run, segments) - set(held), consenting)
    _about(run, segments, held)


def remember(run: Run, table: str, columns: str, *, only: str = "") -> None:
    """`<table>_before`: last night's rows; a column that it did not have yet is empty. `only` is a WHERE
    condition on them."""
    before = run.state.lake.manifest(table)
    named = [column.split() for column in columns.split(", ")]
    listed = ", ".join(
        (name if before and name in before.columns else f"null::{kind}") + f" as {name}"
        for name, kind in named
    )
    rows = f"({run.state.lake.scan(table)})" if before else "(select 1 where false)"
    view = table.partition(".")[2] + "_before"
    run.con.execute(f"create or replace temp view {view} as select {listed} from {rows} {only}")


def _tonight(run: Run, segments: list[SqlModel]) -> None:
    """Makes tonight, the members as the files say."""
    selects = ["select null::varchar, null::varchar, null::double, null::varchar where false"]
    for model in segments:
        columns = run.lake.manifest(model.table).columns
        optional = ", ".join(
            f"{name}::{kind}" if name in columns else f"null::{kind}"
            for name, kind in (("score", "double"), ("reason", "varchar"))
        )
        selects.append(f"select {quoted(model.name)}, profile_id, {optional} from {model.table}")
    run.con.execute(
        "create or replace temp view tonight(segment, profile_id, score, reason) as "
        + " union all ".join(selects)
    )


def _pairs(run: Run) -> None:
    """Makes pairs: every segment and profile of tonight or of last night. `is_named` by the file
    tonight; `was_led` last night, under the id that stands for it tonight, which `was_there` itself or
    of which a merge made it. Of those whom a merge made one, the earliest entry stays."""
    run.con.execute(
        """create or replace temp table ended as
        select before.*, redirects.current_profile_id
        from segment_members_before as before
        left join identity.profile_redirects as redirects using (profile_id)
        where redirects.profile_id is not null
            or before.profile_id not in (select profile_id from identity.profile_records)"""
    )
    run.con.execute(
        """create or replace temp table merged as
        with ids as (
            select * exclude (current_profile_id), current_profile_id, false as was_there
            from ended
            where current_profile_id in (select profile_id from identity.profile_records)
            union all
            select *, profile_id, true
            from segment_members_before
            semi join ended on ended.current_profile_id = segment_members_before.profile_id
                and ended.segment = segment_members_before.segment
            where profile_id not in (select profile_id from ended)
        )
        select
            segment,
            current_profile_id as profile_id,
            min(entered_at) as entered_at,
            min_by(score, (entered_at, profile_id)) as score,
            min_by(reason, (entered_at, profile_id)) as reason,
            bool_or(was_there) as was_there
        from ids
        group by all"""
    )
    run.con.execute(
        """create or replace temp table pairs as
        with led as (
            select *, true as was_there, false as is_merged
            from segment_members_before
            anti join ended using (profile_id)
            anti join merged using (segment, profile_id)
            union all
            select *, true from merged
        )
        select
            segment,
            profile_id,
            tonight.segment is not null as is_named,
            led.segment is not null as was_led,
            coalesce(led.was_there, false) as was_there,
            coalesce(led.is_merged, false) as is_merged,
            led.entered_at,
            if(is_named, tonight.score, led.score) as score,
            if(is_named, tonight.reason, led.reason) as reason,
            led.score as led_score,
            led.reason as led_reason
        from tonight full join led using (segment, profile_id)"""
    )


def _hold(run: Run, segments: list[SqlModel], consenting: set[str]) -> dict[str, str]:
    """Makes holds: segments that break a guard and were there before. One that asks for consents
    holds entries alone: nobody who withdrew is kept because a guard was broken."""
    counted = run.con.execute(
        """select
            segment,
            count(*) filter (where is_named),
            count(*) filter (where was_led),
            count(*) filter (where is_named <> was_led)
        from segments_before left join pairs using (segment)
        group by segment"""
    ).fetchall()
    declared = {model.name: model.guards for model in segments}
    held = {
        segment: breach
        for segment, size, before, moved in counted
        if segment in declared
        and (breach := declared[segment].breach(size=size, before=before, moved=moved))
    }
    run.con.execute(
        "create or replace temp table holds (segment varchar, held_reason varchar, keeps boolean)"
    )
    for segment, breach in sorted(held.items()):
        keeps = segment not in consenting
        said = breach if keeps else f"{breach}; it asks for consents, so nobody enters but people leave"
        run.con.execute("insert into holds values (?, ?, ?)", [segment, said, keeps])
    return held


def _members(run: Run) -> None:
    """Makes members_now, as the files say, or as last night where a segment is held, but never those
    whose data must not be used; judged, the pairs with whether they are members; and people_changed."""
    run.con.execute(
        """create or replace temp view judged as
        select
            pairs.* exclude (score, reason),
            case
                when holds.segment is null then is_named
                when profile_id in (select profile_id from golden.restrictions where scope = 'all')
                    then false
                when holds.keeps then was_led
                else was_led and is_named
            end as is_member,
            if(holds.segment is null, score, led_score) as score,
            if(holds.segment is null, reason, led_reason) as reason
        from pairs left join holds using (segment)"""
    )
    run.con.execute(
        f"""create or replace temp view members_now as
        select
            segment,
            profile_id,
            coalesce(entered_at, timestamp '{run.as_of}') as entered_at,
            score,
            reason
        from judged
        where is_member"""
    )
    run.con.execute(
        """create or replace temp table people_changed as
        select profile_id from ended
        union
        select profile_id
        from judged
        where is_member <> was_there
            or is_merged
            or is_member and (score, reason) is distinct from (led_score, led_reason)"""
    )


def _rewritten(run: Run, segments: list[SqlModel]) -> set[str]:
    """Segments that are new, gone or have another query, with those that read one of them."""
    before = dict(run.con.execute("from segments_before").fetchall())
    now = {model.name: model.code for model in segments}
    changed = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    return changed | _asking(segments, {f"segments.{name}" for name in changed})


def _asking(segments: list[SqlModel], tables: Iterable[str]) -> set[str]:
    """The segments that read one of the tables, themselves or through other segments."""
    found: set[str] = set()
    sought = set(tables)
    while reached := {m.name for m in segments if m.dependencies & sought} - found:
        found |= reached
        sought |= {f"segments.{name}" for name in reached}
    return found


def _moves(run: Run, rewritten: set[str], consenting: set[str]) -> None:
    """Makes moved_now: who entered and who left. Of several reasons the one stands that alone would do:
    who is nobody any more leaves for that, a new query moves whoever it moves. Of whom was erased nothing
    is told, and what was told before goes: history_changed."""
    run.con.execute(
        """create or replace temp table moved_now as
        with moved as (
            select segment, profile_id, if(is_member, 'entered', 'left') as change
            from judged
            where is_member <> was_there
            union all
            select segment, profile_id, 'left' from ended anti join erased_people using (profile_id)
        ),
        reshaped as (
            select unnest([profile_id, into_profile_id]) as profile_id
            from identity.profile_changes
            where run_id = $run_id and kind in ('merged', 'split')
        ),
        -- Nobody's answers are compared with none: before the first night there is nothing to change.
        answers as (
            select profile_id, channel, purpose, status, 1 as now, 0 as before
            from golden.consents
            where exists (from consents_before)
            union all
            select profile_id, channel, purpose, status, 0, 1 from consents_before
        ),
        answered as (
            select distinct profile_id from (
                select profile_id from answers
                group by profile_id, channel, purpose, status
                having sum(now) <> sum(before)
            )
        ),
        -- Who is restricted since last night leaves whatever a segment asks for, and may come back.
        restricted as (
            (from golden.restrictions select profile_id where scope = 'all'
                except from restrictions_before select profile_id where scope = 'all')
            union
            (from restrictions_before select profile_id where scope = 'all'
                except from golden.restrictions select profile_id where scope = 'all')
        )
        select
            md5(concat_ws('|', $run_id, segment, profile_id, change)) as change_id,
            segment,
            profile_id,
            change,
            case
                when profile_id in (select profile_id from identity.profile_redirects)
                    then 'identity'
                when profile_id not in (select profile_id from identity.profile_records)
                    then 'erasure'
                when profile_id in (select profile_id from restricted) then 'consent'
                when list_contains($rewritten, segment) then 'definition'
                when profile_id in (select profile_id from reshaped where profile_id is not null)
                    then 'identity'
                when list_contains($consenting, segment)
                    and profile_id in (select profile_id from answered) then 'consent'
                else 'behaviour'
            end as reason,
            $run_id as run_id,
            $as_of::date as as_of
        from moved""",
        {
            "run_id": run.run_id,
            "as_of": run.as_of,
            "rewritten": sorted(rewritten),
            "consenting": sorted(consenting),
        },
    )
    run.con.execute(
        """create or replace temp view history_changed as
        select change_id from moved_now
        union all
        select change_id from segment_history_before semi join erased_people using (profile_id)"""
    )


def _about(run: Run, segments: list[SqlModel], held: dict[str, str]) -> None:
    """Makes segments_now and definitions_now. A held segment keeps the query that it was held with."""
    before = dict(run.con.execute("from segments_before").fetchall())
    run.con.execute(
        """create or replace temp table said (segment varchar, title varchar, owner varchar,
            description varchar, purpose varchar, min_size bigint, max_change double,
            definition_hash varchar, definition varchar)"""
    )
    for model in segments:
        name, about = model.name, model.fields
        in_force = before[name] if name in held else model.code
        run.con.execute(
            "insert into said values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(name, about["title"], about["owner"], model.description, about["purpose"]),
                *(model.guards.min_size, model.guards.max_change, in_force, model.sql),
            ],
        )
    run.con.execute(
        """create or replace temp table segments_now as
        with granted as (
            select
                profile_id,
                bool_or(channel = 'email' and purpose = 'marketing') as by_email,
                bool_or(channel = 'sms' and purpose = 'marketing') as by_sms,
                bool_or(channel = 'ads' and purpose = 'advertising') as by_ads
            from golden.consents
            where status = 'granted'
            group by profile_id
        ),
        counted as (
            select
                members.segment,
                count(*) as size,
                count(*) filter (where granted.by_email) as email_reachable_count,
                count(*) filter (where granted.by_sms) as sms_reachable_count,
                count(*) filter (where granted.by_ads) as ads_reachable_count
            from members_now as members left join granted using (profile_id)
            group by members.segment
        )
        select
            said.segment, said.title, said.owner, said.description, said.purpose,
            coalesce(counted.size, 0) as size,
            coalesce(counted.email_reachable_count, 0) as email_reachable_count,
            coalesce(counted.sms_reachable_count, 0) as sms_reachable_count,
            coalesce(counted.ads_reachable_count, 0) as ads_reachable_count,
            said.min_size, said.max_change, said.definition_hash,
            holds.segment is not null as is_held,
            holds.held_reason
        from said
        left join counted using (segment)
        left join holds using (segment)"""
    )
    run.con.execute(
        """create or replace temp table definitions_now as
        from segment_definitions_before
        union all
        select segment, definition_hash, ?::date as first_as_of, definition
        from said
        anti join holds using (segment)
        anti join segment_definitions_before using (segment, definition_hash)""",
        [run.as_of],
    )
