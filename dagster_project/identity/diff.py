"""What other identities change: which profiles merge, split or move, and what of theirs moves with them.

Here belongs comparing two answers to who is who about the same records, the same orders and the same
statements about consent. Where the two answers come from is the caller's business (gate.py, trial.py);
how large a change may be is said in gate.py, how it is told in dagster_project/pages.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import duckdb

from dagster_project.identity.explaining import OVERRIDE, SCORED, Link, Money
from dagster_project.lake import fingerprint, quoted

READS = (
    "golden.orders",
    "identity.identifier_guards",
    "identity.links",
    "standard.consent_statements",
    "standard.identifiers",
)
"""Tables that `compare` finds in the connection, as the new identities know them."""

WORST = 20
"""So many changes are explained, those first that move the most money."""

CAUSES = 3
"""So many links are named as what brought a change about."""

_JUDGED = (OVERRIDE, "never_link")
"""Reasons that are a person's judgement."""

COLUMNS = (
    *("rank", "kind", "profile_id", "into_profile_id", "record_count", "money", "currency"),
    *("order_count", "consent_count", "segment_count"),
)
"""Of identity_diff, the table with a row for every change."""


@dataclass(frozen=True)
class ConsentChange:
    """A consent whose status is another one, and for how many profiles."""

    channel: str
    purpose: str
    before: str
    now: str
    profiles: int


@dataclass(frozen=True)
class SegmentChange:
    """How many profiles enter a segment and how many leave it."""

    segment: str
    entered: int
    left: int


@dataclass(frozen=True)
class Change:
    """Records that go from one profile to another, and what that moves.

    `kind`: merged, where the first profile is no more; split, where the second one is new; moved, where
    both stay. `causes` are the surest links between the records that go and the others: accepted ones,
    or for a split refused ones; none where what held them together is gone. `cause_count` counts all.
    """

    kind: str
    profile_id: str
    into_profile_id: str
    record_count: int
    money: tuple[Money, ...]
    consents: tuple[ConsentChange, ...]
    segments: tuple[SegmentChange, ...]
    causes: tuple[Link, ...]
    cause_count: int


@dataclass(frozen=True)
class Diff:
    """`known` counts the records that had a profile before, `changed` those of them that have another
    one now: all records of a profile that was merged away, too. New and vanished ones are no change."""

    known: int
    changed: int
    kinds: tuple[tuple[str, int], ...] = ()
    money: tuple[Money, ...] = ()
    consents: tuple[ConsentChange, ...] = ()
    segments: tuple[SegmentChange, ...] = ()
    worst: tuple[Change, ...] = ()
    fingerprint: str = ""

    @property
    def share(self) -> float:
        return self.changed / self.known if self.known else 0.0

    def as_dict(self) -> dict:
        return {"share": self.share} | asdict(self)


def compare(
    con: duckdb.DuckDBPyConnection,
    *,
    records_before: str,
    records_now: str,
    members_before: str,
    members_now: str,
) -> Diff:
    """Compares two identities: relations of (record_key, profile_id) and (segment, profile_id).

    Orders and statements are those of now on both sides, so that only identity makes a difference;
    memberships are those that both sides had. Reads READS, and where anything changed makes
    identity_diff (COLUMNS), one row per change.
    """
    con.execute(f"create or replace temp table diff_before as from ({records_before})")
    [(known,)] = _rows(con, "select count(*) from diff_before")
    # a record that is new was nobody's: it counts on both sides for the profile that it has now
    con.execute(f"""
        create or replace temp table diff_known as
        select
            now.record_key,
            coalesce(before.profile_id, now.profile_id) as profile_id,
            now.profile_id as into_profile_id
        from ({records_now}) as now
        left join diff_before as before using (record_key)
    """)
    [(changed, digest)] = _rows(
        con,
        """select count(*), bit_xor(md5_number(concat_ws('|', record_key, profile_id, into_profile_id)))
        from diff_known where profile_id <> into_profile_id""",
    )
    if not changed:
        return Diff(known, changed)
    _find_changes(con)
    _find_actors(con)
    _find_money(con)
    _find_consents(con)
    _find_segments(con, members_before=members_before, members_now=members_now)
    _rank(con)
    return Diff(
        known,
        changed,
        tuple(_rows(con, "select kind, count(*) from diff_changes group by kind order by kind")),
        _money(con),
        _consents(con),
        _segments(con),
        _worst(con),
        fingerprint(str(digest)),
    )


def _find_changes(con: duckdb.DuckDBPyConnection) -> None:
    """Makes diff_changes (profile_id, into_profile_id, record_count, kind) and diff_becomes (those ids,
    was, became): whose answers a change may alter, those of the records that go, and of those that they
    leave or join.
    """
    con.execute("""
        create or replace temp table diff_changes as
        select
            profile_id,
            into_profile_id,
            count(*) as record_count,
            case
                when profile_id not in (select into_profile_id from diff_known)
                    and row_number() over (
                        partition by profile_id order by count(*) desc, into_profile_id
                    ) = 1
                    then 'merged'
                when into_profile_id not in (select profile_id from diff_before) then 'split'
                else 'moved'
            end as kind
        from diff_known
        where profile_id <> into_profile_id
        group by profile_id, into_profile_id
    """)
    con.execute("""
        create or replace temp table diff_becomes as
        select profile_id, into_profile_id, profile_id as was, into_profile_id as became
        from diff_changes
        union all
        select profile_id, into_profile_id, into_profile_id, into_profile_id
        from diff_changes where into_profile_id in (select profile_id from diff_before)
        union all
        select profile_id, into_profile_id, profile_id, profile_id
        from diff_changes where profile_id in (select into_profile_id from diff_known)
    """)


def _find_actors(con: duckdb.DuckDBPyConnection) -> None:
    """Makes diff_actors (actor_key, profile_id, into_profile_id): the records of the profiles concerned
    and their e-mail addresses, with the owner on both sides; an address of two profiles is nobody's."""
    con.execute("""
        create or replace temp table diff_actors as
        with concerned as (
            select profile_id from diff_changes union select into_profile_id from diff_changes
        ),
        records as (
            select * from diff_known
            where profile_id in (from concerned) or into_profile_id in (from concerned)
        ),
        addresses as (
            select value from standard.identifiers
            where kind = 'email' and record_key in (select record_key from records)
            except
            select value from identity.identifier_guards where kind = 'email' and is_guarded
        )
        select record_key as actor_key, profile_id, into_profile_id from records
        union all
        select
            'email:' || value,
            if(count(distinct profile_id) = 1, min(profile_id), null),
            if(count(distinct into_profile_id) = 1, min(into_profile_id), null)
        from standard.identifiers
        inner join diff_known using (record_key)
        where kind = 'email' and value in (from addresses)
        group by value
    """)


def _find_money(con: duckdb.DuckDBPyConnection) -> None:
    """Makes diff_money: the orders of each change that get another owner, by currency."""
    con.execute("""
        create or replace temp table diff_money as
        select
            actors.profile_id,
            actors.into_profile_id,
            orders.currency,
            count(*) as order_count,
            coalesce(sum(orders.net), 0)::decimal(18, 2) as net
        from diff_actors as actors
        inner join golden.orders as orders using (actor_key)
        where actors.profile_id <> actors.into_profile_id
        group by all
    """)


def _find_consents(con: duckdb.DuckDBPyConnection) -> None:
    """Makes diff_consents: what a profile is held to have said before and now, where it differs."""
    con.execute("""
        create or replace temp table diff_consents as
        with stated as (
            select
                actors.profile_id,
                actors.into_profile_id,
                statements.channel,
                statements.purpose,
                -- the strictest holds, as in golden.consents
                case statements.status when 'denied' then 1 when 'granted' then 2 else 3 end
                    as strictness
            from diff_actors as actors
            inner join standard.consent_statements as statements using (actor_key)
            where statements.is_standing and statements.scope = 'person'
            union all
            -- a no in the name of an address is that of everybody who carries it
            select
                actors.profile_id,
                actors.into_profile_id,
                statements.channel,
                statements.purpose,
                1
            from diff_actors as actors
            inner join standard.identifiers as carried on carried.record_key = actors.actor_key
            inner join standard.consent_statements as statements
                on statements.actor_key = carried.kind || ':' || carried.value
            where statements.is_standing
                and statements.scope = 'person'
                and statements.status = 'denied'
        ),
        before as (
            select profile_id, channel, purpose, min(strictness) as strictness from stated group by all
        ),
        after as (
            select into_profile_id, channel, purpose, min(strictness) as strictness
            from stated group by all
        ),
        said as (
            select becomes.*, before.channel, before.purpose, before.strictness as before, 3 as now
            from diff_becomes as becomes inner join before on before.profile_id = becomes.was
            union all
            select becomes.*, after.channel, after.purpose, 3, after.strictness
            from diff_becomes as becomes inner join after on after.into_profile_id = becomes.became
        )
        select
            profile_id,
            into_profile_id,
            was,
            became,
            channel,
            purpose,
            ['denied', 'granted', 'unknown'][min(before)] as before,
            ['denied', 'granted', 'unknown'][min(now)] as now
        from said
        group by profile_id, into_profile_id, was, became, channel, purpose
        having min(before) <> min(now)
    """)


def _find_segments(
    con: duckdb.DuckDBPyConnection, *, members_before: str, members_now: str
) -> None:
    """Makes diff_segments: the segments that a profile is in on one side only."""
    con.execute(f"""
        create or replace temp table diff_segments as
        with seen as (
            select becomes.*, members.segment, 1 as before, 0 as now
            from diff_becomes as becomes
            inner join ({members_before}) as members on members.profile_id = becomes.was
            union all
            select becomes.*, members.segment, 0, 1
            from diff_becomes as becomes
            inner join ({members_now}) as members on members.profile_id = becomes.became
        )
        select
            profile_id, into_profile_id, was, became, segment, max(now) > max(before) as has_entered
        from seen
        group by profile_id, into_profile_id, was, became, segment
        having max(now) <> max(before)
    """)


def _rank(con: duckdb.DuckDBPyConnection) -> None:
    """Makes identity_diff; the money of a change is that of its largest currency, for amounts of several
    are never added up."""
    con.execute(f"""
        create or replace temp table identity_diff as
        with money as (
            select profile_id, into_profile_id,
                max_by(currency, (abs(net), currency)) as currency,
                max_by(net, (abs(net), currency)) as money,
                sum(order_count)::bigint as order_count
            from diff_money group by all
        ),
        consents as (
            select profile_id, into_profile_id, count(distinct (channel, purpose)) as consent_count
            from diff_consents group by all
        ),
        segments as (
            select profile_id, into_profile_id, count(distinct segment) as segment_count
            from diff_segments group by all
        ),
        counted as (
            select
                * replace (
                    coalesce(money, 0)::decimal(18, 2) as money,
                    coalesce(order_count, 0) as order_count,
                    coalesce(consent_count, 0) as consent_count,
                    coalesce(segment_count, 0) as segment_count
                )
            from diff_changes
            left join money using (profile_id, into_profile_id)
            left join consents using (profile_id, into_profile_id)
            left join segments using (profile_id, into_profile_id)
        ),
        ranked as (
            select
                *,
                row_number() over (
                    order by
                        abs(money) desc, consent_count desc, segment_count desc, record_count desc,
                        profile_id, into_profile_id
                ) as rank
            from counted
        )
        select {", ".join(COLUMNS)} from ranked order by rank
    """)


def _money(con: duckdb.DuckDBPyConnection, where: str = "true") -> tuple[Money, ...]:
    found = _rows(
        con,
        f"""select currency, sum(order_count)::bigint, sum(net)::decimal(18, 2)
        from diff_money where {where} group by currency order by currency""",
    )
    return tuple(Money(*row) for row in found)


def _consents(con: duckdb.DuckDBPyConnection, where: str = "true") -> tuple[ConsentChange, ...]:
    found = _rows(
        con,
        f"""select channel, purpose, before, now, count(distinct became)
        from diff_consents where {where} group by all order by all""",
    )
    return tuple(ConsentChange(*row) for row in found)


def _segments(con: duckdb.DuckDBPyConnection, where: str = "true") -> tuple[SegmentChange, ...]:
    found = _rows(
        con,
        f"""select
            segment,
            count(distinct became) filter (where has_entered),
            count(distinct became) filter (where not has_entered)
        from diff_segments where {where} group by segment order by segment""",
    )
    return tuple(SegmentChange(*row) for row in found)


def _worst(con: duckdb.DuckDBPyConnection) -> tuple[Change, ...]:
    causes = _causes(con)
    found = []
    for rank, kind, profile_id, into_profile_id, record_count in _rows(
        con,
        f"""select rank, kind, profile_id, into_profile_id, record_count from identity_diff
        where rank <= {WORST} order by rank""",
    ):
        here = f"profile_id = {quoted(profile_id)} and into_profile_id = {quoted(into_profile_id)}"
        links = causes.get(rank, [])
        found.append(
            Change(
                kind,
                profile_id,
                into_profile_id,
                record_count,
                _money(con, here),
                _consents(con, here),
                _segments(con, here),
                tuple(link for link, _ in links),
                links[0][1] if links else 0,
            )
        )
    return tuple(found)


def _causes(con: duckdb.DuckDBPyConnection) -> dict[int, list[tuple[Link, int]]]:
    """Rank -> the links that best say why, the surest first, each with how many there are.

    Records joined others where a link to one that was elsewhere before was accepted; they were parted
    from others where a link to one that they were with was refused.
    """
    found = _rows(
        con,
        f"""with worst as (
            select rank, kind, profile_id, into_profile_id from identity_diff where rank <= {WORST}
        ),
        gone as (
            select worst.*, diff_known.record_key
            from worst inner join diff_known using (profile_id, into_profile_id)
        ),
        ends as (
            select gone.*, links.*, links.right_record as other
            from gone inner join identity.links as links on links.left_record = gone.record_key
            union all
            select gone.*, links.*, links.left_record as other
            from gone inner join identity.links as links on links.right_record = gone.record_key
        )
        select
            ends.rank,
            -- a person's word first, then a rule's, then the score's
            row_number() over (
                partition by ends.rank
                order by
                    ends.reason not in {_JUDGED}, ends.reason = '{SCORED}',
                    ends.match_weight desc nulls first, ends.left_record, ends.right_record, ends.reason
            ) as position,
            count(*) over (partition by ends.rank) as cause_count,
            ends.left_record,
            ends.right_record,
            if(ends.left_record = ends.record_key, ends.into_profile_id, others.into_profile_id),
            if(ends.left_record = ends.record_key, others.into_profile_id, ends.into_profile_id),
            ends.decision,
            ends.reason,
            ends.match_weight,
            ends.match_probability
        from ends
        inner join diff_known as others on others.record_key = ends.other
        where
            if(
                ends.kind = 'split',
                ends.decision = 'rejected'
                and others.profile_id = ends.profile_id
                and others.into_profile_id <> ends.into_profile_id,
                ends.decision = 'accepted'
                and others.profile_id <> ends.profile_id
                and others.into_profile_id = ends.into_profile_id
            )
        qualify position <= {CAUSES}
        order by ends.rank, position""",
    )
    causes: dict[int, list[tuple[Link, int]]] = {}
    for rank, _, count, *link in found:
        causes.setdefault(rank, []).append((Link(*link), count))
    return causes


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple]:
    return con.execute(sql).fetchall()
