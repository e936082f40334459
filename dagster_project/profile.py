"""One person out of the published database, and why two records are or are not one person.

Reads the published file alone, so an analyst can do the same with SQL.
"""

from __future__ import annotations

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


def explain(con: duckdb.DuckDBPyConnection, left: str, right: str) -> dict:
    """Why two records are, or are not, one person: their profiles, their link, or the path between.

    `unknown` lists the records that no profile has; `words` says the rest in sentences.
    """
    found = _rows(
        con,
        "select record_key, profile_id from profile_records where record_key in (?, ?)",
        left,
        right,
    )
    profiles = {row["record_key"]: row["profile_id"] for row in found}
    unknown = [record for record in (left, right) if record not in profiles]
    if unknown:
        return {"unknown": unknown, "words": []}
    together = profiles[left] == profiles[right]
    direct = _rows(
        con,
        """select * from links
        where (left_record = $1 and right_record = $2) or (left_record = $2 and right_record = $1)
        order by decision, reason""",
        left,
        right,
    )
    path = _path(con, profiles[left], left, right) if together else []
    words = [
        f"{left}\n{right}",
        "are one person: both are in profile " + profiles[left]
        if together
        else f"are two people: profiles {profiles[left]} and {profiles[right]}",
    ]
    for link in direct:
        words.append(f"The pair itself was {link['decision']}: {link['reason']}{_weights(link)}")
    if not direct:
        words.append(
            "The pair itself was not linked"
            + ("; other records join them." if together else ": no rule names it, no block held both.")
        )
    if len(path) > 1:
        words.append("The path between them:")
        words += [
            f"  {step['left_record']} = {step['right_record']}: {step['reason']}{_weights(step)}"
            for step in path
        ]
    return {
        "unknown": [],
        "same_person": together,
        "profiles": profiles,
        "links": direct,
        "path": path,
        "words": words,
    }


def _path(con, profile_id: str, left: str, right: str) -> list[dict]:
    """The shortest chain of accepted links from one record to the other."""
    links = _rows(
        con,
        """select links.* from links
        inner join profile_records as lefts on lefts.record_key = links.left_record
        where links.decision = 'accepted' and lefts.profile_id = ?
        order by left_record, right_record, reason""",
        profile_id,
    )
    neighbours: dict[str, list[tuple[str, dict]]] = {}
    for link in links:
        neighbours.setdefault(link["left_record"], []).append((link["right_record"], link))
        neighbours.setdefault(link["right_record"], []).append((link["left_record"], link))
    came_by: dict[str, tuple[str, dict] | None] = {left: None}
    queue = [left]
    for here in queue:
        for there, link in neighbours.get(here, ()):
            if there not in came_by:
                came_by[there] = (here, link)
                queue.append(there)
    path, here = [], right
    while came_by.get(here):
        here, link = came_by[here]
        path.append(link)
    return path[::-1]


def _weights(link: dict) -> str:
    """The match weight and its parts, in words; nothing for a named rule."""
    if link["match_weight"] is None:
        return ""
    parts = {name[3:]: value for name, value in link.items() if name.startswith("mw_") and value}
    said = ", ".join(f"{name} {value:+.1f}" for name, value in sorted(parts.items()))
    return f" (match weight {link['match_weight']:.1f}: {said})"


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> list[dict]:
    cursor = con.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
