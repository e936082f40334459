"""One person out of the published database: everything that is known, with where it is from.

Reads the published file alone, so an analyst can do the same with SQL. Why records are one person is
said by identity/explaining.py.
"""

from __future__ import annotations

from datetime import date

import duckdb

LATEST_EVENTS = 12


def find_profiles(con: duckdb.DuckDBPyConnection, who: str) -> list[str]:
    """Ids of the profiles that `who` names: an id in use, one that was merged away, or an e-mail."""
    rows = con.execute(
        """select profile_id from profiles where profile_id = $who
        union
        select current_profile_id from profile_redirects
        where profile_id = $who and current_profile_id is not null
        union
        select records.profile_id
        from standard.identifiers as identifiers
        inner join profile_records as records using (record_key)
        where identifiers.kind = 'email' and identifiers.value = lower(trim($who))
        order by 1""",
        {"who": who},
    ).fetchall()
    return [row[0] for row in rows]


def resolve(con: duckdb.DuckDBPyConnection, profile_id: str, as_of: date) -> str | None:
    """The profile that an id stood for at the end of a day; None before it was issued, after the person
    was erased, and for what is no profile id."""
    return con.execute("select resolve(?, ?)", [profile_id, as_of]).fetchall()[0][0]


def load_profile(con: duckdb.DuckDBPyConnection, profile_id: str) -> dict:
    """Everything the database says of one profile, as lists of rows."""
    return {
        "profile": _rows(con, "select * from profiles where profile_id = ?", profile_id)[0],
        "attributes": _rows(
            con,
            """select attribute, value, system, export, record_id, observed_at, times_seen, rule
            from profile_attributes where profile_id = ? and is_winner order by attribute""",
            profile_id,
        ),
        "records": _rows(
            con,
            """select system, export, record_id, linked_by, match_probability
            from profile_records where profile_id = ? order by all""",
            profile_id,
        ),
        "links": _rows(
            con,
            """select links.left_record, links.right_record, links.reason, links.match_weight
            from links
            inner join profile_records as lefts on lefts.record_key = links.left_record
            inner join profile_records as rights on rights.record_key = links.right_record
            where links.decision = 'accepted'
                and lefts.profile_id = $1 and rights.profile_id = $1
            order by all""",
            profile_id,
        ),
        "orders": _rows(
            con,
            """select ordered_at, order_id, status, total, refunded, currency
            from orders where profile_id = ? order by ordered_at, order_id""",
            profile_id,
        ),
        "consents": _rows(
            con,
            """select channel, purpose, status, observed_at, evidence_record
            from consents where profile_id = ? order by channel, purpose""",
            profile_id,
        ),
        "segments": _rows(
            con,
            "select segment, entered_at from segment_members where profile_id = ? order by segment",
            profile_id,
        ),
        "timeline": _rows(
            con,
            f"""select occurred_at, channel, event_type, system, record_id
            from events where profile_id = ?
            order by occurred_at desc, event_id limit {LATEST_EVENTS}""",
            profile_id,
        ),
    }


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> list[dict]:
    cursor = con.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
