"""What is handed over to a person who asks for their data, as files that a program and a reader can use.

Access is everything that is held, with what it means and where it is from; portability is what the
person gave, or was seen to do, and nothing that was concluded from it. Here belongs what is in a package
and how it is written; how it looks is pages/access_page.py, whose a delivered row is, delivered.py.

Every published table with a profile id is in an access package unless LEFT_OUT says why not, so a new
table is in it as well. While records of the profile are in doubt, rows that say whose record they are
from are told of the sure ones only, and what was worked out of all of them together is withheld.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.glossary import Column, Glossary, load_glossary
from dagster_project.identity.explaining import Link
from dagster_project.lake import quoted
from dagster_project.pages import access_page
from dagster_project.pages.sentences import label, tell_reason
from dagster_project.privacy import delivered, readings, subjects
from dagster_project.privacy.subjects import Subject
from dagster_project.settings import Settings

ACCESS, PORTABILITY = "access", "portability"

GIVEN, SEEN, CONCLUDED, BOUGHT, KEPT = "given", "seen", "concluded", "bought", "kept"
ORIGINS = {
    GIVEN: "what you told us, or our systems noted of you",
    SEEN: "what you did",
    CONCLUDED: "what we concluded from the rest",
    BOUGHT: "what we bought from others",
    KEPT: "what we note about our own handling of your data",
}
PORTABLE = (GIVEN, SEEN)

TIMES = ("occurred_at", "ordered_at", "started_at", "stated_at", "touched_at", "viewed_on", "created_at")
"""The moments by which rows are ordered, where a table has one of them."""

LEFT_OUT = {
    "links": "told in words, without the people to whom records were not linked",
    "profile_changes": "names other people's ids where a profile was split",
    "profile_redirects": "the ids stand in the part about you",
    "profile_redirect_history": "the ids stand in the part about you",
    "profiles": "its values stand, with their sources, in the part about your values",
    "scores": "told together with what each score means",
    "segment_members": "told together with what each segment means",
}
"""Published tables with a profile id that are not handed over as they are, and why."""

PROVENANCE = {"actor_key": "my_actors", "record_key": "my_records", "visitor_id": "my_visitors"}
"""The columns that say where a row is from, the most telling first. A row with another key may be worked
out of several records."""

OF_OTHERS = {"household_spend_converted": "what the others of the household spent is in it"}
"""Columns of a person's rows that tell of other people too, and how."""

SCORES = {
    "recency_days": "days since your last order",
    "frequency": "how many orders you made",
    "monetary": "what you spent, in the currency of most of your orders",
    "rfm_recency": "how lately you ordered, in fifths of all customers: 5 are the latest",
    "rfm_frequency": "how often you ordered, in fifths of all customers: 5 are the most",
    "rfm_monetary": "how much you spent, in fifths of all customers: 5 are the most",
    "rfm": "the three fifths as one number",
    "propensity": "the chance, from 0 to 1, that you buy within 30 days, by your orders and visits",
    "churn": "the chance that you do not",
    "clv": "what you are expected to spend within a year",
    "expected_orders": "the days on which you are expected to buy within a year",
    "p_alive": "the chance, by your orders so far, that you will order again at all",
    "engagement": "points for what you did, halved every 30 days",
    "lead_score": "how likely a sale to you seemed, by rules or by a model",
    "discount_sensitivity": "how much more often than others you buy at a discount; 1 is as everybody",
    "price_sensitivity": "how price bears on what you choose within a category; 1 is as everybody",
}


class AccessError(Exception):
    """A package cannot be written there; the message says what to do."""


@dataclass(frozen=True)
class Part:
    """One table of a package. `columns` are what is known of its columns, `origin` one of ORIGINS."""

    name: str
    title: str
    about: str
    origin: str
    columns: dict[str, Column | None]
    rows: tuple[dict, ...]

    def meaning(self, column: str) -> str:
        found = self.columns.get(column)
        return found.description if found else ""


@dataclass(frozen=True)
class Package:
    """What is handed over. `withheld` are the titles of what waits until doubtful records are settled;
    `as_of` is when the published tables were made."""

    kind: str
    made_at: datetime
    as_of: date | None
    profile_ids: tuple[str, ...]
    parts: tuple[Part, ...]
    withheld: tuple[str, ...]
    doubtful: int


# Table -> origin, title, and what is said of it. What is not here is concluded, and told by its comment.
TOLD = {
    "profile_attributes": (
        CONCLUDED,
        "Your values, and where each is from",
        "For each value the records that say it. One of several values is used, by the rule named.",
    ),
    "profile_emails": (CONCLUDED, "Your e-mail addresses", "All that is known of each."),
    "profile_phones": (CONCLUDED, "Your telephone numbers", "All that is known of each."),
    "consents": (
        CONCLUDED,
        "What you allow now",
        "By channel and purpose, with the record that shows it. Unknown is no consent.",
    ),
    "consent_ledger": (
        GIVEN,
        "Everything you said about consent",
        "Every statement, with what shows it; what still holds is marked.",
    ),
    "contact_consents": (CONCLUDED, "What each address may be used for", ""),
    "restrictions": (GIVEN, "What you asked us not to do", ""),
    "orders": (SEEN, "Your orders", "Of two systems that tell of one sale, the till's record."),
    "order_lines": (SEEN, "What was in them", ""),
    "events": (SEEN, "What you did, and what was sent to you", "All channels in one list."),
    "sessions": (SEEN, "Your visits", "On the web site and in the app."),
    "carts": (SEEN, "Your carts", "Days on which you put something into one."),
    "cases": (SEEN, "Your service cases", ""),
    "profile_traits": (BOUGHT, "What we bought about you", "From whom, when, until when it is used."),
    "customer_facts": (CONCLUDED, "You in figures", "Counted from the rest."),
    "households": (
        CONCLUDED,
        "Your household",
        "Who shares your address and surname is taken to live with you. Only your own row is here.",
    ),
    "company_people": (CONCLUDED, "The companies you belong to", "And by which sign."),
    "segment_history": (CONCLUDED, "When you entered and left segments", ""),
    "segment_holdouts": (
        CONCLUDED,
        "Whether you are in a control group",
        "Of each segment a part is sent nothing, so that what sending brings about can be seen.",
    ),
    "profile_records": (KEPT, "The records that are you", "What links each, where it was delivered."),
    "visitors": (CONCLUDED, "Browsers and devices we take to be yours", "And the sign by which we do."),
    "journeys": (CONCLUDED, "What led to your orders", "The visits and mails between one and the next."),
    "touchpoints": (CONCLUDED, "What brought you here", "Visits, clicks, answers to campaigns."),
}

OWN_PARTS = {
    "segments": (
        "The segments you are in",
        """select members.segment, segments.title, segments.description, segments.purpose,
            members.entered_at, members.reason
        from published.main.segment_members as members
        left join published.main.segments as segments using (segment)
        where members.profile_id in {ids}
        order by all""",
    ),
    "scores": (
        "Your scores",
        """select score, value, as_of, model
        from published.main.scores
        where profile_id in {ids}
        order by all""",
    ),
    "models": (
        "How the scores were worked out",
        """select models.model, models.score, models.trained_from, models.trained_to, models.row_count,
            models.features, models.as_of
        from published.main.score_models as models
        where models.is_published
            and models.model in (select model from published.main.scores where profile_id in {ids})
        order by all""",
    ),
}

DETAILS = """
    select record_key, system, export, salutation, first_name, middle_name, last_name, name_suffix,
        email, phone, street, city, region, postal_code, country, birth_on, company, created_at,
        changed_at
    from published.standard.person_records
    where record_key in (from my_records)
    order by record_key
"""

ANSWERS = """
    select answered_at, rating, record_id
    from published.standard.survey_answers
    where actor_key in (from my_actors)
    order by all
"""

LINKS = """
    with mine as (
        select distinct left_record, right_record, profile_id as left_profile,
            profile_id as right_profile, decision, reason, match_weight, match_probability
        from published.main.links
        where profile_id in {ids}
            and decision = 'accepted'
            and left_record in (from my_records)
            and right_record in (from my_records)
    ),
    agreeing as (
        select left_record, right_record,
            list({{'part': part, 'words': words}} order by match_weight desc, part) as agreeing
        from published.main.link_evidence
        where left_record in (from my_records) and match_weight > 0 and part <> 'prior'
        group by all
    )
    select mine.*, agreeing.agreeing
    from mine
    left join agreeing using (left_record, right_record)
    order by all
"""

LINKED = tuple(field.name for field in fields(Link))

# What the company did, not the person: held, but not what a person takes along.
DONE_BY_US = (
    "call", "campaign_sent", "case_solved", "deal_stage", "email_blocked", "email_bounce",
    "email_cleaned", "email_deferred", "email_delivered", "email_dropped", "email_sent",
    "lead_converted", "task",
)  # fmt: skip


def write_package(
    settings: Settings, subject: Subject, place: Path, *, kind: str = ACCESS, at: datetime | None = None
) -> Package:
    """Write what is handed over into a new directory, or a .zip, that only its owner may read. Records
    that may be somebody else's are listed beside it, for whoever decides about them.

    The reading is noted first. Raises AccessError for a place that is there already or below the home.
    """
    _refuse(settings, place)
    readings.note_reading(settings, f"privacy {kind}", subject.profile_ids)
    with opened(settings) as con:
        package = gather(con, settings, subject, kind=kind, at=at or datetime.now(UTC))
    _write(place, dict(files_of(package)))
    if subject.doubtful:
        _write_private(review_file(place), _csv([asdict(doubt) for doubt in subject.doubtful]).encode())
    return package


def review_file(place: Path) -> Path:
    """Where doubtful records are listed: beside the package, never in it."""
    return place.with_name(f"{place.name.removesuffix('.zip')}.review.csv")


# What is in it -------------------------------------------------------------------------------------


@contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published database, and by their own names the tables that tell what is whose."""
    with subjects.opened(settings) as source:
        for table in set(delivered.READS) - set(subjects.READS):
            source.con.execute(f"create schema if not exists {table.partition('.')[0]}")
            source.con.execute(f"create view {table} as from published.{table}")
        yield source.con


def gather(
    con: duckdb.DuckDBPyConnection, settings: Settings, subject: Subject, *, kind: str, at: datetime
) -> Package:
    """Everything of one kind of package, as rows."""
    glossary = load_glossary(settings.sql / "columns.csv")
    define_mine(con, subject)
    withheld: list[str] = []
    parts = [
        _identifiers(subject, glossary),
        *_own_parts(con, subject, glossary, withheld),
        *_tables(con, subject, glossary, withheld),
        _links(con, subject, glossary),
        _readings(settings, subject),
        *(_delivered(con, settings) if kind == ACCESS else ()),
    ]
    if kind == PORTABILITY:
        parts = [_portable(part) for part in parts if part.origin in PORTABLE]
        withheld = []
    filled = tuple(part for part in parts if part.rows)
    as_of = con.execute("select max(as_of)::date from published.main.runs").fetchall()[0][0]
    return Package(kind, at, as_of, subject.profile_ids, filled, tuple(withheld), len(subject.doubtful))


def define_mine(con: duckdb.DuckDBPyConnection, subject: Subject) -> None:
    """What is the subject's: records, actors of events, and what delivered rows may name (KNOWN)."""
    own = [one for one in subject.identifiers if one.is_own]
    addresses = [f"{one.kind}:{one.value}" for one in own if one.kind in ("email", "phone")]
    for name, values in {
        "my_records": subject.records,
        "my_visitors": subject.visitors,
        "my_orders": subject.orders,
        "my_actors": [*subject.records, *subject.visitors, *subject.orders, *addresses],
        "my_emails": [one.value for one in own if one.kind == "email"],
        "my_phones": [one.value for one in own if one.kind == "phone"],
    }.items():
        made = f"create or replace temp table {name} as select unnest($1::varchar[]) as value"
        con.execute(made, [list(values)])
    con.execute("""
        create or replace temp table subject_lines as
        select line_key, occurred_on
        from standard.web_requests
        where login_email in (from my_emails)
            or visitor_id in (from my_visitors) and login_email is null
    """)
    con.execute("""
        create or replace temp table subject_days as select distinct occurred_on from subject_lines
    """)
    con.execute("""
        create or replace temp table subject_keys as
        select 'record' as kind, value from my_records
        union
        select 'record', record_key from published.main.cases where actor_key in (from my_actors)
        union
        select 'record', record_key from published.main.deals where actor_key in (from my_actors)
        union
        select 'order', value from my_orders
        union
        select 'order', 'shopify:' || order_key
        from workings.order_sources
        where 'shopify:' || split_part(record_key, ':', 3) in (from my_orders)
        union
        select 'email', value from my_emails
        union
        select 'phone', value from my_phones
        union
        -- a cell is compared as it was written
        select 'phone', phone_text from standard.phone_numbers where phone in (from my_phones)
        union
        select 'visitor', value from my_visitors
        union
        select 'line', line_key from subject_lines
    """)


def _tables(
    con: duckdb.DuckDBPyConnection, subject: Subject, glossary: Glossary, withheld: list[str]
) -> Iterator[Part]:
    """The published tables that say whose their rows are, those with a title first."""
    found = con.execute("""
        select tables.table_name, tables.comment, list(columns.column_name order by columns.column_index)
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
        where database_name = 'published' and schema_name = 'main'
        group by all
        having list_contains(list(columns.column_name), 'profile_id')
        order by all
    """).fetchall()
    order = list(TOLD)
    for table, comment, columns in sorted(
        found, key=lambda one: (order.index(one[0]) if one[0] in order else len(order), one[0])
    ):
        if table in LEFT_OUT:
            continue
        origin, title, about = TOLD.get(table, (CONCLUDED, label(table).capitalize(), comment))
        condition = _condition(subject, columns)
        if condition is None:
            withheld += [title] if subject.profile_ids else []
            continue
        columns = [name for name in columns if name not in OF_OTHERS]
        listed = ", ".join(f'"{name}"' for name in columns)
        rows = _rows(con, f"select {listed} from published.main.{table} where {condition} order by all")
        yield _part(table, title, about, origin, rows, columns, glossary)


def _condition(subject: Subject, columns: list[str]) -> str | None:
    """SQL for the subject's rows of a table with a profile id; None where it cannot be told."""
    ids = _ids(subject)
    if subject.profile_ids and not subject.doubtful:
        return f"profile_id in {ids}"
    for column, mine in PROVENANCE.items():
        if column in columns:
            known = f"profile_id in {ids} and " if subject.profile_ids else ""
            return f"{known}{column} in (from {mine})"
    return None


def _own_parts(
    con: duckdb.DuckDBPyConnection, subject: Subject, glossary: Glossary, withheld: list[str]
) -> Iterator[Part]:
    details = _rows(con, DETAILS)
    yield _part(
        "details", "What each record says of you", "One row per record, typed and spelt alike.", GIVEN,
        details, None, glossary,
    )  # fmt: skip
    answers = _rows(con, ANSWERS)
    yield _part(
        "survey_answers", "Your answers to surveys", "Of the answers only ratings are kept.", GIVEN,
        answers, None, glossary,
    )  # fmt: skip
    for name, (title, sql) in OWN_PARTS.items():
        if subject.doubtful:
            withheld.append(title)
        elif subject.profile_ids:
            rows = _rows(con, sql.format(ids=_ids(subject)))
            if name == "scores":
                rows = [row | {"meaning": SCORES.get(row["score"], label(row["score"]))} for row in rows]
            yield _part(name, title, "", CONCLUDED, rows, None, glossary)


def _links(con: duckdb.DuckDBPyConnection, subject: Subject, glossary: Glossary) -> Part:
    rows = _rows(con, LINKS.format(ids=_ids(subject))) if subject.profile_ids else []
    told = [
        {
            "left_record": row["left_record"],
            "right_record": row["right_record"],
            "why": tell_reason(Link(**{name: row[name] for name in LINKED})),
            "agrees": "; ".join(
                f"{label(one['part'])}: {one['words']}" for one in row["agreeing"] or ()
            ),
            "match_probability": row["match_probability"],
        }
        for row in rows
    ]
    about = "One row per pair of records that are held to be one person's, and why."
    return _part("links", "Why these records are one person", about, KEPT, told, None, glossary)


def _identifiers(subject: Subject, glossary: Glossary) -> Part:
    rows = [
        {"kind": one.kind, "value": one.value, "spellings": ", ".join(one.spellings)}
        for one in subject.identifiers
    ]
    rows += [{"kind": "profile id", "value": one, "spellings": ""} for one in subject.profile_ids]
    about = "Addresses, numbers and ids that your records carry, and the ids under which we keep you."
    return _part("identifiers", "What names you", about, GIVEN, rows, None, glossary)


def _readings(settings: Settings, subject: Subject) -> Part:
    """When the profile was read by a command; who did is the company's to know."""
    rows = [
        {"read_at": one["at"], "command": one["command"]}
        for one in readings.readings_of(settings, subject.profile_ids)
    ]
    about = "Each time that one of us looked at your profile by a command."
    return Part("readings", "When your profile was read", about, KEPT, {}, tuple(rows))


def _delivered(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Part]:
    for one in delivered.delivered_rows(con, settings, keys="subject_keys", days="subject_days"):
        contract = one.contract
        origin = BOUGHT if contract.system == "third_party" else GIVEN
        meanings = {
            name: Column(said, "", "third" if origin == BOUGHT else "first", "", "")
            for name, said in one.meanings.items()
        }
        yield Part(
            f"source/{contract.name}", contract.title, f"{contract.description} {contract.grain}",
            origin, meanings, one.rows,
        )  # fmt: skip


def _portable(part: Part) -> Part:
    """Of events those that the person did."""
    if part.name != "events":
        return part
    rows = tuple(row for row in part.rows if row["event_type"] not in DONE_BY_US)
    return replace(part, rows=rows, title="What you did")


def _part(
    name: str,
    title: str,
    about: str,
    origin: str,
    rows: list[dict],
    columns: Iterable[str] | None,
    glossary: Glossary,
) -> Part:
    """The rows in the order of time, where they have one."""
    named = list(columns or (rows[0] if rows else ()))
    when = next((one for one in named if one in TIMES), None)
    if when:
        rows = sorted(rows, key=lambda row: (row[when] is not None, row[when]))
    return Part(name, title, about, origin, {one: glossary.of(name, one) for one in named}, tuple(rows))


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    return con.sql(sql).to_arrow_table().to_pylist()


def _ids(subject: Subject) -> str:
    """Literals: with those DuckDB passes over all row groups but one."""
    return f"({', '.join(map(quoted, subject.profile_ids)) or 'null'})"


# How it is written ---------------------------------------------------------------------------------


def files_of(package: Package) -> Iterator[tuple[str, bytes]]:
    """Path in the package -> content: the page, all of it as JSON, and each part as CSV."""
    yield "index.html", access_page.to_html(package).encode()
    yield "data.json", (json.dumps(as_data(package), indent=1, default=_plain) + "\n").encode()
    for part in package.parts:
        yield f"csv/{part.name}.csv", _csv(part.rows).encode()


def as_data(package: Package) -> dict:
    return {
        "kind": package.kind,
        "made_at": package.made_at,
        "as_of": package.as_of,
        "profile_ids": package.profile_ids,
        "withheld": package.withheld,
        "parts": {
            part.name: {
                "title": part.title,
                "about": part.about,
                "origin": ORIGINS[part.origin],
                "columns": {name: part.meaning(name) for name in part.columns},
                "rows": part.rows,
            }
            for part in package.parts
        },
    }


def _plain(value: object) -> object:
    """A value that JSON has no form for: money to the cent as text, moments in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    return str(value)


def _csv(rows: Iterable[Mapping]) -> str:
    """With the columns that any row fills. What a spreadsheet would take for a formula gets the
    apostrophe by which it knows texts; data.json has it as it is."""
    rows = list(rows)
    columns = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date | Decimal):
        return str(_plain(value))
    text = value if isinstance(value, str) else json.dumps(value, default=_plain)
    is_formula = re.match(r"[=@\t\r]|[+-](?![\d ().-]*$)", text) and isinstance(value, str)
    return f"'{text}" if is_formula else text


def _refuse(settings: Settings, place: Path) -> None:
    if place.exists() or review_file(place).exists():
        raise AccessError("there is something at that place already; name a new one with --out")
    if place.resolve().is_relative_to(settings.home.resolve()):
        raise AccessError("a package is no part of the home; name a place outside it with --out")


def _write(place: Path, files: Mapping[str, bytes]) -> None:
    """All of it or nothing: written aside, then moved to its place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    staged = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        if place.suffix == ".zip":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
            _write_private(staged, packed.getvalue())
        else:
            staged.mkdir(mode=0o700)
            for name, content in files.items():
                (staged / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_private(staged / name, content)
        staged.rename(place)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        staged.unlink(missing_ok=True)
        raise


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
