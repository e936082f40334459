"""What people asked about their data: each request with its state and its day, from receipt to end.

Here belongs how a request is taken down, what has become of it, and the published table. A request comes
by command, when the ledger holds it with keyed hashes of whom it names, or as a row of a delivered file.
What it does to people's data is said in sql (standard.requests, golden.restrictions) and, of those that
a person serves, in the modules beside.
"""

from __future__ import annotations

import csv
import inspect
import io
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl

from connectors.privacy import KINDS
from dagster_project import normalise
from dagster_project.lake import connect, fingerprint, write_atomically
from dagster_project.making import Made, Rows, Table, make_table
from dagster_project.privacy import ledger
from dagster_project.privacy.keys import define_keyed_hash, load_keys
from dagster_project.privacy.retention import months_from
from dagster_project.privacy.subjects import NotFound, Subject, find_subject
from dagster_project.run import Run
from dagster_project.segments.membership import remember
from dagster_project.settings import Settings

RECEIVED, IDENTIFIED, IN_REVIEW, DONE, REFUSED = (
    *("received", "identified", "in review", "done", "refused"),
)
ENDS = (DONE, REFUSED)

DENIALS = ("object", "withdraw", "do_not_sell")
BY_RUN = ("restrict", "unrestrict", *DENIALS)
"""Kinds that a run serves by itself; the others wait for a person."""

LASTING = ("email", "phone", "record", "visitor")
"""What a request may name a person by. Vendors' own ids are in the record's key."""


@dataclass(frozen=True)
class Request:
    """One request. `state` is received, identified (whom it names is known), in review (it names several
    people, or somebody is looking at it), done or refused; `source` is file or command."""

    request_id: str
    kind: str
    received_on: date
    due_on: date
    state: str
    completed_on: date | None = None
    source: str = "command"

    @property
    def is_open(self) -> bool:
        return self.state not in ENDS

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due_on < today


# Taking down -------------------------------------------------------------------------------------


def open_request(
    settings: Settings,
    kind: str,
    names: Iterable[tuple[str, str]] = (),
    *,
    received_on: date | None = None,
    channel: str | None = None,
    purpose: str | None = None,
    request_id: str | None = None,
) -> Request:
    """Write a request into the ledger, which then holds keyed hashes of whom it names, and its days. One
    that is there already under that id stays as it is. `names` are kinds of LASTING with values as
    matching compares them."""
    if kind not in KINDS:
        raise ValueError(f"no request is of the kind {kind!r}")
    now = datetime.now(UTC)
    received_on = received_on or now.date()
    request_id = request_id or f"dsr-{received_on:%Y%m%d}-{secrets.token_hex(4)}"
    data = _received(settings, kind, received_on) | {
        "channel": channel,
        "purpose": purpose,
        "identifiers": _hashed(settings, sorted(set(names))),
    }
    ledger.append(settings, _entry(request_id, kind, data, now))
    return _told(data, request_id)


def open_requests(settings: Settings, kind: str, request_ids: Iterable[str]) -> None:
    """Write requests into the ledger, all at once, of which whoever serves them knows whom they name."""
    now = datetime.now(UTC)
    data = _received(settings, kind, now.date())
    ledger.append(settings, *(_entry(request_id, kind, data, now) for request_id in request_ids))


def _received(settings: Settings, kind: str, received_on: date) -> dict:
    """What the ledger says of a request that names nobody."""
    return {
        "request_kind": kind,
        "state": RECEIVED,
        "received_on": received_on.isoformat(),
        "due_on": months_from(received_on, settings.request_months).isoformat(),
        "channel": None,
        "purpose": None,
        "source": "command",
        "identifiers": [],
    }


def set_state(settings: Settings, kind: str, state: str, *request_ids: str) -> None:
    """Remember what has become of requests; doing so again changes nothing."""
    now, data = datetime.now(UTC), {"request_kind": kind, "state": state}
    ledger.append(settings, *(_entry(request_id, kind, data, now) for request_id in request_ids))


def complete(settings: Settings, kind: str, *request_ids: str) -> None:
    set_state(settings, kind, DONE, *request_ids)


def refuse(settings: Settings, kind: str, *request_ids: str) -> None:
    """Raises ValueError for a kind that runs serve by themselves: there is nothing left to refuse."""
    if kind in BY_RUN:
        raise ValueError(f"a request of the kind {kind} is served by the run")
    set_state(settings, kind, REFUSED, *request_ids)


def rectify(
    settings: Settings, subject: Subject, values: Mapping[str, str], *, by: str, request_id: str
) -> Path:
    """Write the right values as a file of corrections, which the next run reads. They are the person's
    own data, so the file lies with the exports and not in the ledger. Returns its place."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("record", "attribute", "value", "decided_by", "decided_on", "reason"))
    for attribute, value in values.items():
        rows.writerow(
            (subject.records[0], attribute, value, by, datetime.now(UTC).date(), reason(request_id))
        )
    path = settings.exports / "privacy" / f"rectify_{request_id}.csv"
    write_atomically(path, text.getvalue())
    return path


def reason(request_id: str) -> str:
    """Why a value was corrected, by which a run knows that the request is served."""
    return f"request {request_id}"


def names_of(settings: Settings, kind: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """What a request is to name somebody by. A restriction must last: all records that are surely theirs,
    and the addresses and visitors that nobody else has. A no must be open to a later yes: the address
    or record that was named, if it is theirs alone, or else their records. Of somebody who is not known
    yet, the texts themselves.

    Raises Ambiguous where they name several people.
    """
    try:
        subject = find_subject(settings, texts)
    except (NotFound, duckdb.IOException):
        return [named for text in texts if (named := _as_stated(settings, text))]
    asked = {text.strip() for text in texts}
    records = [("record", one) for one in subject.records]
    own = [one for one in subject.identifiers if one.is_own and one.kind in LASTING]
    if kind in DENIALS:
        named = [(one.kind, one.value) for one in own if asked & {one.value, *one.spellings}]
        return [*named, *(one for one in records if one[1] in asked)] or records
    visitors = [("visitor", one) for one in subject.visitors]
    return [*records, *visitors, *((one.kind, one.value) for one in own)]


def _as_stated(settings: Settings, text: str) -> tuple[str, str] | None:
    text = text.strip()
    if "@" in text and ":" not in text:
        with connect(threads=1) as con:
            con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
            kind, value = "email", con.execute("select as_email(?)", [text]).fetchall()[0][0]
    elif ":" in text:
        kind, value = "record" if text.count(":") > 1 else "visitor", text
    else:
        kind, value = "phone", normalise.phone(text, settings.default_country)
    return (kind, value) if value else None


def _hashed(settings: Settings, names: Sequence[tuple[str, str]]) -> list[dict]:
    key = load_keys(settings).current if names else None
    return [{"kind": kind, "hash": key.hash(kind, value), "key_id": key.id} for kind, value in names]


def _entry(request_id: str, kind: str, data: dict, at: datetime) -> ledger.Entry:
    moment = at.replace(tzinfo=None).isoformat(timespec="milliseconds")
    name = f"{request_id}:{kind}:{data['state']}"
    return ledger.Entry(name, moment, ledger.REQUEST, request_id, data)


# What has become of them ---------------------------------------------------------------------------


def read_requests(settings: Settings) -> list[Request]:
    """Every request, the one that is due first first: as published, and as the ledger knows it since."""
    found = {(one.request_id, one.kind): one for one in _published(settings)}
    entries = _entries(settings)
    # All that were received first: of entries of one second nobody knows which came before.
    for entry in entries:
        if "received_on" in entry.data:
            found.setdefault((entry.request_id, entry.data["request_kind"]), _told(entry.data, entry.request_id))
    for entry in entries:
        data, key = entry.data, (entry.request_id, entry.data["request_kind"])
        if key in found and found[key].is_open and data["state"] != RECEIVED:
            ended = data.get("completed_on") or entry.at[:10] if data["state"] in ENDS else None
            ended = date.fromisoformat(ended) if ended else None
            found[key] = replace(found[key], state=data["state"], completed_on=ended)
    return sorted(found.values(), key=lambda one: (one.due_on, one.request_id, one.kind))


def _published(settings: Settings) -> list[Request]:
    if not settings.database.exists():
        return []
    with duckdb.connect(str(settings.database), read_only=True) as con:
        if not con.execute("from duckdb_tables() where table_name = 'privacy_requests'").fetchall():
            return []
        names = ", ".join(Request.__dataclass_fields__)
        return [Request(*row) for row in con.execute(f"select {names} from privacy_requests").fetchall()]


def _told(data: dict, request_id: str) -> Request:
    received, due = (date.fromisoformat(data[name]) for name in ("received_on", "due_on"))
    return Request(request_id, data["request_kind"], received, due, data["state"], None, data["source"])


def _entries(settings: Settings) -> list[ledger.Entry]:
    return [entry for entry in ledger.read_ledger(settings) if entry.kind == ledger.REQUEST]


def record(run: Run) -> None:
    """Take down in the ledger what was delivered and what the run did, once that is published."""
    rows = run.con.execute(
        f"""select request_id, kind, received_on, due_on, state, completed_on, source
        from ({run.lake.scan(PUBLISHED)}) where source = 'file' or kind in {BY_RUN} order by all"""
    ).fetchall()
    now, entries = datetime.now(UTC), []
    for one in (Request(*row) for row in rows):
        days = {"received_on": one.received_on.isoformat(), "due_on": one.due_on.isoformat()}
        for state in (RECEIVED, DONE) if one.state == DONE else (RECEIVED,):
            data = {"request_kind": one.kind, "state": state, "source": one.source, "by": "run"}
            data |= {"completed_on": one.completed_on.isoformat()} if state == DONE else {}
            entries.append(_entry(one.request_id, one.kind, data | days, now))
    ledger.append(run.settings, *entries)


# Tables ------------------------------------------------------------------------------------------

SAID, TOLD, PUBLISHED = "raw.ledger_requests", "standard.told_requests", "marts.privacy_requests"

STATE_TABLES = (PUBLISHED,)

CANDIDATES = {
    "standard.identifiers": "select kind, value from {0} where kind in ('email', 'phone')",
    "standard.person_texts": "select 'record' as kind, record_key as value from {0}",
    "standard.visitor_days": "select 'visitor' as kind, visitor_id as value from {0}",
}
"""Where what is hashed may be found: tables, and what of them a request may name."""

RECTIFIED = "staging.corrections__attribute_decisions"
PEOPLE = ("identity.profile_records", "identity.record_identifiers", "identity.visitors")


def tables() -> list[Table]:
    return [
        Table(
            SAID,
            "One row per entry of the ledger about a request, and hash of what it names the person by.",
            ("entry_id", "identifier_hash"),
            (),
            _make_said,
        ),
        Table(
            TOLD,
            "One row per request told by command and thing by which it names the person; what nobody is "
            "known to have stands there by its hash alone.",
            ("record_key", "actor_key"),
            (SAID, *CANDIDATES),
            _make_told,
        ),
        Table(
            PUBLISHED,
            "One row per request and kind: what was asked when, until when it is due, and what has "
            "become of it.",
            ("request_id", "kind"),
            (SAID, "standard.requests", RECTIFIED, *PEOPLE),
            _make_published,
        ),
    ]


_SAID = (
    *("entry_id", "said_at", "request_id", "request_kind", "state", "received_on", "due_on", "source"),
    *("channel", "purpose", "identifier_kind", "identifier_hash", "identifier_key_id"),
)


def _make_said(run: Run) -> Made:
    """What people said, as a table of raw: a run that it changes is another run."""
    nobody = {"kind": None, "hash": "", "key_id": None}
    rows = [
        {"entry_id": entry.entry_id, "said_at": entry.at, "request_id": entry.request_id}
        | {name: entry.data.get(name) for name in _SAID if name in entry.data}
        | {f"identifier_{name}": one[name] for name in nobody}
        for entry in _entries(run.settings)
        if "by" not in entry.data
        for one in entry.data.get("identifiers") or [nobody]
    ]

    def compute() -> str:
        run.con.register("given", pl.DataFrame(rows, schema=dict.fromkeys(_SAID, pl.String)))
        run.con.execute("create or replace temp table said_now as from given")
        run.con.unregister("given")
        return "from said_now"

    grain = ("entry_id", "identifier_hash")
    return make_table(
        run, SAID, code=_SAID, inputs=(), grain=grain, extra=fingerprint(rows), compute=compute
    )


def _make_told(run: Run) -> Made:
    run.view(SAID)
    run.con.execute(
        f"""create or replace temp table asked as
        select
            concat_ws(':', 'privacy:requests', request_id, request_kind) as record_key,
            request_id,
            request_kind,
            channel,
            purpose,
            received_on::date as received_on,
            -- Told on the day itself, it counts from the moment.
            if(starts_with(said_at, received_on), left(said_at, 19), received_on)::timestamp
                as stated_at,
            identifier_kind,
            identifier_hash,
            identifier_key_id
        from {SAID}
        where identifier_hash <> ''"""
    )
    is_asked = run.con.execute("select exists (from asked)").fetchall()[0][0]
    return make_table(
        run,
        TOLD,
        code=[inspect.getsource(each) for each in (_make_told, _find_told, _look_for)],
        inputs=(SAID, *CANDIDATES) if is_asked else (SAID,),
        grain=("record_key", "actor_key"),
        compute=lambda: _find_told(run, is_asked),
    )


def _find_told(run: Run, is_asked: bool) -> Rows:
    """Whom the hashes name: known ones that are still there, others among what came since they were last
    looked for, new ones everywhere."""
    con, before = run.con, run.lake.manifest(TOLD)
    con.execute(
        "create or replace temp table named "
        "(identifier_kind varchar, identifier_hash varchar, identifier varchar)"
    )
    old = f"({run.lake.scan(TOLD)})" if before else "(from named)"
    con.execute(f"create or replace temp table before as select * from {old}")
    since = before.made_from["inputs"] if before else {}
    for table, candidates in CANDIDATES.items() if is_asked else ():
        everything = candidates.format(table)
        con.execute(
            f"""insert into named
            select distinct before.identifier_kind, before.identifier_hash, before.identifier
            from before inner join ({everything}) as there
                on there.kind = before.identifier_kind and there.value = before.identifier"""
        )
        changes = run.lake.changes(table, since.get(table))
        came = [table] if changes.everything else [f"({rows})" for rows in changes.after]
        if came:
            since_then = [candidates.format(rows) for rows in came]
            _look_for(run, "semi join before using (identifier_hash)", since_then)
        _look_for(run, "anti join before using (identifier_hash)", [everything])
    keys = f"select record_key from asked union select record_key from {'before' if before else 'asked'}"
    return Rows(
        """select distinct
            asked.* exclude (identifier_key_id),
            named.identifier,
            case when named.identifier is null then 'hash:' || asked.identifier_hash
                when asked.identifier_kind in ('email', 'phone')
                    then asked.identifier_kind || ':' || named.identifier
                else named.identifier end as actor_key
        from asked left join named using (identifier_kind, identifier_hash)""",
        f"({keys})",
    )


def _look_for(run: Run, which: str, candidates: Sequence[str]) -> None:
    """Hash the candidates, under every key that a sought hash was made with, and name those that fit."""
    con = run.con
    con.execute(
        f"""create or replace temp table sought as
        select distinct identifier_kind, identifier_hash, identifier_key_id as key_id
        from asked {which}
        anti join named using (identifier_hash)"""
    )
    used = {key_id for (key_id,) in con.execute("select distinct key_id from sought").fetchall()}
    for key in load_keys(run.settings).all if used else ():
        if key.id in used:
            define_keyed_hash(con, key)
            con.execute(
                f"""insert into named
                select distinct sought.identifier_kind, sought.identifier_hash, there.value
                from ({" union ".join(candidates)}) as there
                inner join sought on sought.identifier_kind = there.kind
                    and sought.identifier_hash = keyed_hash(there.kind, there.value)
                    and sought.key_id = ?""",
                [key.id],
            )


def _make_published(run: Run) -> Made:
    months = run.settings.request_months
    return make_table(
        run,
        PUBLISHED,
        code=[inspect.getsource(_requests_now), BY_RUN],
        inputs=(SAID, "standard.requests", RECTIFIED, *PEOPLE),
        grain=("request_id", "kind"),
        extra=[run.state.extra(run.lake, PUBLISHED), months],
        compute=lambda: _requests_now(run, months),
    )


def _requests_now(run: Run, months: int) -> str:
    """What a person said of a request holds; else it is done once a run did it, and until then as far as
    it is known whom it names. Whose rows were erased since stays as it was."""
    con = run.con
    remember(run, PUBLISHED, _COLUMNS)
    con.execute(
        f"""create or replace temp table requests_now as
        with told as (
            select
                request_id,
                request_kind as kind,
                max(received_on)::date as received_on,
                max(due_on)::date as due_on,
                max(source) as source,
                max_by(state, said_at) filter (where state <> '{RECEIVED}') as state,
                left(max(said_at) filter (where state in {ENDS}), 10)::date as completed_on
            from {SAID}
            group by request_id, request_kind
        ),
        delivered as (
            select
                request_id,
                request_kind as kind,
                min(received_on) as received_on,
                min(source) as source
            from standard.requests
            group by request_id, request_kind
        ),
        named as (
            select requests.request_id, requests.request_kind as kind, people.profile_id
            from standard.requests as requests
            inner join identity.profile_records as people on people.record_key = requests.identifier
            where requests.identifier_kind = 'record'
            union
            select requests.request_id, requests.request_kind, people.profile_id
            from standard.requests as requests
            inner join identity.record_identifiers as carried
                on carried.kind = requests.identifier_kind and carried.value = requests.identifier
            inner join identity.profile_records as people on people.record_key = carried.record_key
            union
            select requests.request_id, requests.request_kind, visitors.profile_id
            from standard.requests as requests
            inner join identity.visitors as visitors on visitors.visitor_id = requests.identifier
            where requests.identifier_kind = 'visitor' and visitors.profile_id is not null
        ),
        people as (
            select request_id, kind, count(*) as profile_count from named group by all
        ),
        rectified as (select distinct reason from {RECTIFIED}),
        every_request as (
            select
                request_id,
                kind,
                coalesce(delivered.received_on, told.received_on, earlier.received_on) as received_on,
                coalesce(
                    told.due_on, earlier.due_on, (delivered.received_on + to_months({months}))::date
                ) as due_on,
                coalesce(delivered.source, told.source, earlier.source) as source,
                case
                    when told.state is not null then told.state
                    when earlier.state = '{DONE}' or delivered.request_id is null
                        then coalesce(earlier.state, '{RECEIVED}')
                    when people.profile_count is null then '{RECEIVED}'
                    when kind in {BY_RUN} or kind = 'rectify' and rectified.reason is not null
                        then '{DONE}'
                    when people.profile_count > 1 then '{IN_REVIEW}'
                    else '{IDENTIFIED}'
                end as state,
                coalesce(told.completed_on, earlier.completed_on) as ended_on
            from delivered
            full join told using (request_id, kind)
            full join privacy_requests_before as earlier using (request_id, kind)
            left join people using (request_id, kind)
            left join rectified on rectified.reason = 'request ' || request_id
        )
        select
            request_id, kind, received_on, due_on, state,
            if(state in {ENDS}, coalesce(ended_on, greatest(date '{run.as_of}', received_on)), null)
                as completed_on,
            source
        from every_request
        where received_on is not null"""
    )
    return "from requests_now"


_COLUMNS = (
    "request_id varchar, kind varchar, received_on date, due_on date, state varchar, completed_on date, "
    "source varchar"
)
