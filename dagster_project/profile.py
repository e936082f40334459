"""One person out of the published database: everything that is known, with where it is from.

Reads the published file alone, so an analyst can do the same with SQL. Why records are one person is
said by identity/explaining.py.
"""

from __future__ import annotations

from datetime import date

import duckdb

from dagster_project.lake import quoted

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


SECTIONS = {
    "records": """select record_key, system, export, record_id, linked_by, match_probability, path,
            row_number
        from profile_records where profile_id = {id} order by record_key""",
    "links": """select left_record, right_record, reason, match_weight
        from links where profile_id = {id} and decision = 'accepted' order by all""",
    "attributes": """select attribute, value, system, export, record_id, observed_at, times_seen, rule,
            reason
        from profile_attributes where profile_id = {id} and is_winner order by attribute""",
    "emails": """select email, is_primary, is_verified, is_bounced, is_opted_out, last_seen_at
        from profile_emails where profile_id = {id} order by is_primary desc, email""",
    "phones": """select phone, is_primary, is_opted_out, last_seen_at
        from profile_phones where profile_id = {id} order by is_primary desc, phone""",
    "traits": """select trait, value, provider, valid_until
        from profile_traits where profile_id = {id} order by all""",
    "facts": """select order_count, spend, currency, first_order_at, last_order_at, session_count,
            email_opened_count, case_count, loyalty_tier, household_size
        from customer_facts where profile_id = {id}""",
    "orders": """select ordered_at, order_id, status, total, refunded, currency
        from orders where profile_id = {id} order by ordered_at, order_id""",
    "consents": """select channel, purpose, status, observed_at, evidence_record
        from consents where profile_id = {id} order by channel, purpose""",
    "segments": """select segment, entered_at
        from segment_members where profile_id = {id} order by segment""",
    "timeline": f"""select occurred_at, channel, event_type, system, record_id
        from events where profile_id = {{id}}
        order by occurred_at desc, event_id limit {LATEST_EVENTS}""",
}
"""What is shown of a profile beside its golden values."""


def load_profile(con: duckdb.DuckDBPyConnection, profile_id: str) -> dict:
    """Everything the database says of one profile, as lists of rows.

    Keys stand in the queries as literals: with those DuckDB passes over all row groups but one, with
    parameters it does not.
    """
    key = quoted(profile_id)
    return {
        "profile": _rows(con, f"select * from profiles where profile_id = {key}")[0],
    } | {name: _rows(con, sql.format(id=key)) for name, sql in SECTIONS.items()}


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
