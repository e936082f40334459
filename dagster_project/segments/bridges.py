"""Why tonight's numbers are not last night's: what each person counted for and does, and the reason.

Here belong the numbers that are bridged and the reason of each difference. That the bridges lead to
what is published is checked beside sql/marts/number_bridges.sql.
"""

from __future__ import annotations

import inspect

from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run
from dagster_project.segments.membership import remember

TABLE = "marts.number_changes"
INPUTS = (
    "golden.customer_facts", "identity.profile_changes", "identity.profile_records",
    "marts.segment_history", "marts.segment_members",
)

# What the next night reads of this one, with its columns: an empty one of each is a first night.
BEFORE = {
    "golden.customer_facts": "profile_id varchar, order_count bigint, spend_converted decimal(18,2)",
    "identity.profile_records": "profile_id varchar",
    "marts.segment_members": "segment varchar, profile_id varchar",
    TABLE: "change_id varchar, run_id varchar, run_number bigint, as_of date, number varchar, "
    "reason varchar, amount decimal(18,2)",
}
STATE_TABLES = tuple(BEFORE)


def tables() -> list[Table]:
    about = (
        "One row per run, number (profiles, customers, orders, revenue, members of a segment) and "
        "reason for which it changed: by so much."
    )
    return [Table(TABLE, about, ("change_id",), INPUTS, _make)]


def _make(run: Run) -> Made:
    def compute() -> str:
        _compare(run)
        return "from number_changes_before union all from number_changes_now"

    code = [inspect.getsource(step) for step in (_compare, _families, _changed, _count)]
    return make_table(
        run,
        TABLE,
        code=code,
        inputs=INPUTS,
        grain=("change_id",),
        compute=compute,
        extra=run.state.extra(run.lake, TABLE),
    )


def _compare(run: Run) -> None:
    """Makes number_changes_now.

    A profile that nothing merged or split is its own family; others are with those that they became.
    What a family counted for and counts for now differs by its people's behaviour, but where ids came
    or went it is known what that alone would have made of it: a sum stays, and of those who are
    counted one is left of a merge.
    """
    # What was counted before bridges were, is new to them.
    only = "" if run.state.lake.manifest(TABLE) else "where false"
    for table, columns in BEFORE.items():
        remember(run, table, columns, only=only)
    _families(run)
    _changed(run)
    _count(run, "before", "customer_facts_before", "profile_records_before", "segment_members_before")
    _count(run, "now", "golden.customer_facts", "identity.profile_records", "marts.segment_members")
    run.con.execute(
        """create or replace temp table number_changes_now as
        with amounts as (
            select profile_id, number, amount as before, 0 as now from counted_before
            union all
            select profile_id, number, 0, amount from counted_now
        ),
        families as (
            select
                coalesce(led.family, amounts.profile_id) as family,
                sum(before) as ids_before,
                sum(now) as ids_now
            from amounts left join family_of as led using (profile_id)
            where number = 'profiles'
            group by 1
        ),
        totals as (
            select
                coalesce(led.family, amounts.profile_id) as family,
                number,
                sum(before) as before,
                sum(now) as now
            from amounts left join family_of as led using (profile_id)
            group by 1, 2
        ),
        rewritten as (
            select distinct 'members of ' || segment as number
            from marts.segment_history
            where run_id = $run_id and reason = 'definition'
        ),
        -- What the merges and splits alone would have made of last night's amount.
        reshaped as (
            select
                totals.*,
                ids_before,
                ids_now,
                case
                    when number in ('orders', 'revenue') or 0 in (ids_before, ids_now) then before
                    when ids_now < ids_before then least(before, ids_now)
                    when ids_now > ids_before then now
                    else before
                end as after
            from totals inner join families using (family)
        ),
        told as (
            select
                number,
                case
                    when ids_before = 0 then 'new people'
                    when ids_now = 0 then 'erasures'
                    when number in (select number from rewritten) then 'definition'
                    else 'behaviour'
                end as reason,
                now - after as amount
            from reshaped
            union all
            select number, if(ids_now < ids_before, 'merges', 'splits'), after - before
            from reshaped
        )
        select
            md5(concat_ws('|', $run_id, number, reason)) as change_id,
            $run_id as run_id,
            (select coalesce(max(run_number), 0) + 1 from number_changes_before) as run_number,
            $as_of::date as as_of,
            number,
            reason,
            sum(amount)::decimal(18, 2) as amount
        from told
        group by number, reason
        having sum(amount) <> 0""",
        {"run_id": run.run_id, "as_of": run.as_of},
    )


def _count(run: Run, when: str, facts: str, records: str, members: str) -> None:
    """Makes counted_<when> (profile_id, number, amount): what everybody who changed counts for."""
    run.con.execute(
        f"""create or replace temp table counted_{when} as
        with counted as (
            select distinct profile_id, 'profiles' as number, 1::decimal(18, 2) as amount from {records}
            union all
            select profile_id, 'customers', 1 from {facts} where order_count > 0
            union all
            select profile_id, 'orders', order_count from {facts} where order_count > 0
            union all
            select profile_id, 'revenue', spend_converted from {facts} where spend_converted <> 0
            union all
            select profile_id, 'members of ' || segment, 1 from {members}
        )
        from counted semi join changed using (profile_id)"""
    )


def _families(run: Run) -> None:
    """Makes family_of (profile_id, family): of ids that tonight's changes connect, the least."""
    run.con.execute(
        """create or replace temp table family_of as
        with recursive edges as (
            select profile_id, into_profile_id as other
            from identity.profile_changes where run_id = $run_id and into_profile_id is not null
            union
            select into_profile_id, profile_id
            from identity.profile_changes where run_id = $run_id and into_profile_id is not null
        ),
        reached as (
            select profile_id, profile_id as member from edges
            union
            select reached.profile_id, edges.other
            from reached inner join edges on edges.profile_id = reached.member
        )
        select profile_id, min(member) as family from reached group by profile_id""",
        {"run_id": run.run_id},
    )


def _changed(run: Run) -> None:
    """Makes changed (profile_id): all who may count for something else than last night, with their
    families. What the others count for cancels out."""
    facts = "select profile_id, order_count, spend_converted from"
    run.con.execute(
        f"""create or replace temp table changed as
        with facts as (
            {facts} golden.customer_facts union all {facts} customer_facts_before
        ),
        came as (
            select profile_id from identity.profile_records
            anti join profile_records_before using (profile_id)
        ),
        went as (
            select profile_id from profile_records_before
            anti join identity.profile_records using (profile_id)
        ),
        bought as (
            select profile_id from facts
            group by profile_id, order_count, spend_converted having count(*) = 1
        ),
        moved as (
            select profile_id from marts.segment_history where run_id = $run_id
        )
        from family_of select profile_id
        union from came union from went union from bought union from moved""",
        {"run_id": run.run_id},
    )
