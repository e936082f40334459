"""Whose data a request is about: from what a person names to one profile, and to what is surely theirs.

Here belongs finding a subject, for one request or for hundreds at once. What is then done with it is in
the modules beside. A record that hangs on the others only by links less sure than asked for may be
somebody else's: it is told apart as doubtful, and nothing that only it says counts as the subject's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import duckdb
import polars as pl

import connectors
from dagster_project import normalise
from dagster_project.lake import Lake, connect, quoted
from dagster_project.run import Run
from dagster_project.settings import Settings

CONFIDENCE = 0.99
"""The probability from which on a scored link says that two records are one person's."""

READS = (
    "identity.issued_profile_ids",
    "identity.links",
    "identity.profile_records",
    "identity.visitors",
    "standard.bought_traits",
    "standard.consent_statements",
    "standard.delivered_orders",
    "standard.email_clicks",
    "standard.email_deliverability",
    "standard.email_logins",
    "standard.identifiers",
    "standard.order_twins",
    "standard.person_texts",
    "standard.phone_numbers",
    "standard.survey_answers",
    "standard.visitor_evidence",
)


class SubjectError(Exception):
    """A request is not about one person. The message holds counts and profile ids, nothing else."""


class NotFound(SubjectError):
    """Nothing that was named is known."""


class Ambiguous(SubjectError):
    """What was named fits several people. `profiles` is how many records of each profile it named; of
    a single profile it named groups of records of which nobody is sure that they are one person's."""

    def __init__(self, message: str, profiles: dict[str, int]) -> None:
        super().__init__(message)
        self.profiles = profiles


@dataclass(frozen=True)
class Identifier:
    """What a subject's records carry: an e-mail, a phone, a vendor's id. `value` is as matching compares
    it, `spellings` are as delivered. `is_own`: no record of anybody else carries it, nor a doubtful one.
    """

    kind: str
    value: str
    is_own: bool
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """A record of the profile that may be somebody else's, how sure the weakest link on the surest way
    to it is, and what made that link. Without both there is no way."""

    record_key: str
    probability: float | None
    reason: str | None


@dataclass(frozen=True)
class Subject:
    """One person. `profile_ids` are the id in use and those that were merged into it, none where only an
    address is known; `records`, `visitors` and `orders` are surely theirs; `names` are delivered ones,
    folded."""

    profile_ids: tuple[str, ...]
    records: tuple[str, ...]
    doubtful: tuple[Doubt, ...]
    visitors: tuple[str, ...]
    orders: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Core:
    """What is surely one person's among the records of a profile, if more than an address is known."""

    profile_id: str | None
    records: frozenset[str]
    doubtful: tuple[Doubt, ...]


@dataclass(frozen=True)
class Source:
    """Where subjects are looked for: a connection with the tables of READS, and the lake of raw rows."""

    con: duckdb.DuckDBPyConnection
    lake: Lake
    default_country: str


def find_subject(
    where: Settings | Run, texts: Sequence[str], *, confidence: float = CONFIDENCE
) -> Subject:
    """The one person whom the texts (e-mails, phones, profile ids, record keys) name together.

    In a run it is looked for in the lake as it is, else in what is published. Raises NotFound or
    Ambiguous.
    """
    [found] = find_subjects(where, [texts], confidence=confidence)
    if isinstance(found, SubjectError):
        raise found
    return found


def find_subjects(
    where: Settings | Run,
    requests: Sequence[Sequence[str]],
    *,
    confidence: float = CONFIDENCE,
    is_one_job: bool = False,
) -> list[Subject | SubjectError]:
    """The same for many requests in one go: for each its subject, or why there is none. In one job, as an
    erasure is, what nobody else carries than the people asked for is each one's own."""
    with opened(where) as source:
        con = source.con
        _ask(source, requests)
        named, addressed = _named(con), _addressed(con)
        profiles = {number: _profile(texts) for number, texts in named.items()}
        links = _links(con, {one for one in profiles.values() if isinstance(one, str)})
        members = _members(con, links)
        found: list[Core | SubjectError] = []
        for number in range(len(requests)):
            one = profiles.get(number)
            if isinstance(one, str):
                one = core_of(one, members[one], links[one], named[number], confidence=confidence)
            elif one is None and number in addressed:
                one = Core(None, frozenset(), ())
            found.append(one or NotFound("nothing is known of what was named"))
        _keep(con, found, is_one_job=is_one_job)
        return _subjects(source, found)


@contextmanager
def opened(where: Settings | Run) -> Iterator[Source]:
    """The tables of the lake within a run, else those of the published database."""
    if isinstance(where, Run):
        for table in READS:
            where.lake.view(where.con, table)
        yield Source(where.con, where.lake, where.settings.default_country)
        return
    with connect(threads=where.threads, memory=where.memory_limit) as con:
        con.execute("set temp_directory = ''")  # nothing of anybody is spilt outside the home
        con.execute((where.sql / "functions.sql").read_text(encoding="utf-8"))
        con.execute(f"attach {quoted(where.database.resolve())} as published (read_only)")
        for table in READS:
            con.execute(f"create schema if not exists {table.partition('.')[0]}")
            con.execute(f"create view {table} as from published.{table}")
        yield Source(con, Lake(where.lake), where.default_country)


# Who is named --------------------------------------------------------------------------------------


def _ask(source: Source, requests: Sequence[Sequence[str]]) -> None:
    """asked: one row per request, text (by its place) and what it may mean, as matching compares it."""
    rows = [
        (number, place, kind, value, text)
        for number, texts in enumerate(requests)
        for place, text in enumerate(map(str.strip, texts))
        for kind, value in _meanings(text, source.default_country)
    ]
    schema = {"request": pl.Int32, "place": pl.Int32, "kind": pl.String, "value": pl.String}
    given = pl.DataFrame(rows, schema=schema | {"text": pl.String}, orient="row")
    con = source.con
    con.register("given", given)
    con.execute("""
        create or replace temp table asked as
        select request, place, kind, case kind when 'email' then as_email(value) else value end as value,
            text
        from given
        union
        -- the spelling as it was delivered, by the country of whoever has it
        select given.request, given.place, 'phone', phones.phone, given.text
        from given
        inner join standard.phone_numbers as phones on phones.phone_text = given.text
        where given.kind = 'phone' and phones.phone is not null
    """)
    con.unregister("given")
    con.execute("""
        -- who names an address that nobody carries may have another of the same mailbox
        insert into asked
        select distinct asked.request, asked.place, 'email', carried.value, asked.text
        from asked
        inner join standard.identifiers as carried
            on carried.kind = 'email' and mailbox(carried.value) = mailbox(asked.value)
        where asked.kind = 'email'
            and asked.value not in (select value from standard.identifiers where kind = 'email')
    """)


def _meanings(text: str, country: str) -> Iterator[tuple[str, str]]:
    if "@" in text and ":" not in text:
        yield "email", text
    elif ":" in text:
        yield "record", text
    elif text.startswith("p") and len(text) == 17:
        yield "profile", text
    elif number := normalise.phone(text, country):
        yield "phone", number
    elif any(sign.isdigit() for sign in text):
        yield "phone", text


def _named(con: duckdb.DuckDBPyConnection) -> dict[int, dict[tuple[int, bool], dict[str, set[str]]]]:
    """Per request and text (its place, and whether it is a profile id): profile id -> records named."""
    found = con.execute("""
        select distinct asked.request, asked.place, false, people.profile_id, people.record_key
        from asked
        inner join standard.identifiers as carried using (kind, value)
        inner join identity.profile_records as people using (record_key)
        union
        select asked.request, asked.place, false, people.profile_id, people.record_key
        from asked
        inner join identity.profile_records as people on people.record_key = asked.value
        where asked.kind = 'record'
        union
        select asked.request, asked.place, true, people.profile_id, people.record_key
        from asked
        inner join identity.issued_profile_ids as issued on issued.profile_id = asked.value
        inner join identity.profile_records as people
            on people.profile_id = coalesce(issued.current_profile_id, issued.profile_id)
        where asked.kind = 'profile'
        order by all
    """).fetchall()
    named: dict = {}
    for request, place, is_id, profile, record in found:
        by_profile = named.setdefault(request, {}).setdefault((place, is_id), {})
        by_profile.setdefault(profile, set()).add(record)
    return named


def _addressed(con: duckdb.DuckDBPyConnection) -> set[int]:
    """The requests that name an address of which something is known, be there a record of it or not."""
    found = con.execute("""
        with addresses as (
            select request, kind || ':' || value as actor_key
            from asked
            where kind in ('email', 'phone')
        ),
        known as (
            select actor_key from standard.consent_statements
            union all
            select actor_key from standard.email_deliverability
            union all
            select actor_key from standard.email_logins
            union all
            select actor_key from standard.survey_answers
            union all
            select 'email:' || email from standard.bought_traits
        )
        select distinct request from addresses semi join known using (actor_key)
    """).fetchall()
    return {request for (request,) in found}


def _profile(named: dict[tuple[int, bool], dict[str, set[str]]]) -> str | Ambiguous:
    """The profile that every text which is known fits."""
    fitting = set.intersection(*(set(profiles) for profiles in named.values()))
    if len(fitting) == 1:
        return fitting.pop()
    counts: dict[str, set[str]] = {}
    for profiles in named.values():
        for profile, records in profiles.items():
            counts.setdefault(profile, set()).update(records)
    said = {profile: len(records) for profile, records in sorted(counts.items())}
    listed = ", ".join(f"{profile} ({count} records)" for profile, count in said.items())
    return Ambiguous(
        f"what was named fits {len(said)} profiles: {listed}. Name something more that one of them "
        "alone has, such as the profile id",
        said,
    )


# What is surely theirs -----------------------------------------------------------------------------


def _links(
    con: duckdb.DuckDBPyConnection, profiles: Iterable[str]
) -> dict[str, list[tuple[float, str, str, str]]]:
    """Profile -> its accepted links, the surest first: probability, reason and the two records."""
    con.execute("create or replace temp table chosen as select unnest($1::varchar[]) as profile_id",
                [sorted(profiles)])
    found = con.execute("""
        select
            people.profile_id,
            case links.reason when 'splink' then links.match_probability else 1 end as probability,
            links.reason, links.left_record, links.right_record
        from identity.links as links
        inner join identity.profile_records as people on people.record_key = links.left_record
        inner join chosen using (profile_id)
        where links.decision = 'accepted'
        order by people.profile_id, probability desc, links.left_record, links.right_record, links.reason
    """).fetchall()
    links: dict[str, list] = {profile: [] for profile in profiles}
    for profile, *link in found:
        links[profile].append(tuple(link))
    return links


def _members(con: duckdb.DuckDBPyConnection, profiles: Iterable[str]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {profile: [] for profile in profiles}
    found = con.execute("""
        select profile_id, record_key
        from identity.profile_records inner join chosen using (profile_id)
        order by all
    """).fetchall()
    for profile, record in found:
        members[profile].append(record)
    return members


def core_of(
    profile: str,
    members: Sequence[str],
    links: Sequence[tuple[float, str, str, str]],
    named: dict[tuple[int, bool], dict[str, set[str]]],
    *,
    confidence: float = CONFIDENCE,
) -> Core | Ambiguous:
    """The records that hold together by sure links, seen from those that were named.

    `links` are the profile's: probability, reason and the two records, the surest first. `named` are, of
    each text (its place, and whether it is a profile id), the records that it names, by their profile.
    """
    group = {record: frozenset([record]) for record in members}

    def join(left: str, right: str) -> None:
        joined = group[left] | group[right]
        group.update(dict.fromkeys(joined, joined))

    for probability, _, left, right in links:
        if probability >= confidence:
            join(left, right)
    # what other people's records carry too, or a mere profile id, says less than the rest
    texts = [found for (_, is_id), found in named.items() if not is_id]
    if texts:
        telling = [found for found in texts if len(found) == 1] or texts
        reached = [{group[record] for record in found[profile]} for found in telling]
        sure = {one for groups in reached if len(groups) == 1 for one in groups}
        if not sure:
            groups = set().union(*reached)
            return Ambiguous(
                f"what was named stands in {len(groups)} groups of records of {profile}, and only links "
                f"less sure than {confidence} join them. Name a record of the right one",
                {profile: len(members)},
            )
    else:
        sure = {min(group.values(), key=lambda one: (-len(one), min(one)))}
    records = frozenset().union(*sure)
    for record in records:
        join(min(records), record)
    doubtful: dict[str, Doubt] = {}
    start = min(records)
    for probability, reason, left, right in links:
        for here, there in ((left, right), (right, left)):
            if here in group[start] and there not in group[start]:
                doubtful |= {
                    record: Doubt(record, probability, reason) for record in group[there]
                }
        join(left, right)
    doubtful = {record: Doubt(record, None, None) for record in members} | doubtful
    return Core(profile, records, tuple(doubtful[one] for one in members if one not in records))


def _keep(
    con: duckdb.DuckDBPyConnection, found: Sequence[Core | SubjectError], *, is_one_job: bool
) -> None:
    """subjects: the requests that are about somebody, and which of them go together. subject_records: one
    row per request and record of its profile, and whether it is surely theirs."""
    rows = [
        (number, core.profile_id, record, record in core.records)
        for number, core in enumerate(found)
        if isinstance(core, Core)
        for record in (*sorted(core.records), *(doubt.record_key for doubt in core.doubtful))
    ]
    schema = {
        "request": pl.Int32, "profile_id": pl.String, "record_key": pl.String, "is_sure": pl.Boolean,
    }
    con.register("given", pl.DataFrame(rows, schema=schema, orient="row"))
    con.execute("create or replace temp table subject_records as from given")
    con.unregister("given")
    numbers = [number for number, core in enumerate(found) if isinstance(core, Core)]
    job = "0" if is_one_job else "request"
    con.execute(
        f"""create or replace temp table subjects as
        select request, {job} as job from (select unnest($1::int[]) as request)""",
        [numbers],
    )


# What is known by them -----------------------------------------------------------------------------

IDENTIFIERS = """
    with texts as (
        select subject_records.request, texts.*
        from standard.person_texts as texts
        inner join subject_records using (record_key)
        where subject_records.is_sure
    ),
    emails as (
        select request, 'email' as kind, as_email(email_text) as value, email_text as text from texts
        union
        select request, 'email', as_email(text), text from earlier_texts
    ),
    phone_texts as (
        select request, unnest(phone_texts) as text from texts
        union
        select request, text from earlier_texts
    ),
    phones as (
        select phone_texts.request, 'phone' as kind, numbers.phone as value, phone_texts.text
        from phone_texts
        inner join standard.phone_numbers as numbers on numbers.phone_text = phone_texts.text
    ),
    said as (
        select distinct people.request, carried.kind, carried.value
        from subject_records as people
        inner join standard.identifiers as carried using (record_key)
        where people.is_sure
    ),
    held as (
        from said
        union
        select request, kind, value from emails where value is not null
        union
        -- what the request itself names; of several things that a text may mean, the one that is there
        select request, kind, value
        from asked
        where request in (select request from subjects)
            and (
                kind = 'email' and value is not null
                or kind = 'phone' and request not in (select request from subject_records)
            )
        union
        -- an earlier number, unless its spelling is another number elsewhere
        select request, kind, min(value)
        from phones
        where value is not null and (request, text) not in (
            select (request, text) from phones inner join said using (request, kind, value)
        )
        group by request, kind, text
        having count(distinct value) = 1
    ),
    sure as (
        select distinct job, record_key
        from subject_records inner join subjects using (request)
        where is_sure
    ),
    -- who carries it that is not surely the subject
    others as (
        select distinct held.request, held.kind, held.value
        from held
        inner join subjects using (request)
        inner join standard.identifiers as carried using (kind, value)
        anti join sure on sure.job = subjects.job and sure.record_key = carried.record_key
    ),
    spelt as (
        select request, kind, value, text from emails
        union
        select request, kind, value, text from phones
        union
        select request, kind, value, text from asked
    )
    select
        held.request, held.kind, held.value,
        others.request is null as is_own,
        coalesce(
            list(distinct spelt.text order by spelt.text) filter (where spelt.text is not null), []
        ) as spellings
    from held
    left join others using (request, kind, value)
    left join spelt using (request, kind, value)
    group by all
    order by all
"""

VISITORS = """
    with theirs as (
        select request, record_key as key, is_sure from subject_records
        union all
        select request, 'email:' || value, is_own from subject_identifiers where kind = 'email'
        union all
        select people.request, 'email:' || carried.value, false
        from subject_records as people
        inner join standard.identifiers as carried using (record_key)
        where not people.is_sure and carried.kind = 'email'
    ),
    known as (
        select distinct people.request, visitors.visitor_id, visitors.linked_by
        from identity.visitors as visitors
        inner join subject_records as people using (profile_id)
    ),
    evidence as (
        select known.request, evidence.*
        from standard.visitor_evidence as evidence
        inner join known on known.visitor_id = evidence.visitor_id and known.linked_by = evidence.kind
    ),
    signs as (
        select request, visitor_id, 'email:' || value as key from evidence where kind = 'login'
        union all
        select evidence.request, evidence.visitor_id, orders.record_key
        from evidence
        inner join standard.delivered_orders as orders
            on orders.order_name = evidence.value
            and orders.ordered_on between evidence.occurred_on - 1 and evidence.occurred_on + 1
        where evidence.kind = 'purchase'
        union all
        select request, visitor_id, 'mailchimp:members:' || value
        from evidence
        where kind = 'mailchimp_click'
        union all
        select evidence.request, evidence.visitor_id, 'email:' || clicks.email
        from evidence
        inner join standard.email_clicks as clicks on clicks.click_token = evidence.value
        where evidence.kind = 'sendgrid_click'
    )
    select signs.request, signs.visitor_id
    from signs
    inner join theirs using (request, key)
    group by signs.request, signs.visitor_id
    having bool_and(theirs.is_sure)
    order by all
"""

ORDERS = """
    with named as (
        select orders.order_id, coalesce(orders.record_key, twins.twin_record_key) as record_key
        from standard.delivered_orders as orders
        left join standard.order_twins as twins using (order_id)
    )
    select distinct people.request, named.order_id
    from named
    inner join subject_records as people using (record_key)
    where people.is_sure
    order by all
"""

NAMES = """
    select distinct people.request, unnest([
        fold(concat_ws(' ', as_text(texts.first_name), as_text(texts.last_name))),
        fold(concat_ws(' ', as_text(texts.first_name), as_text(texts.middle_name),
            as_text(texts.last_name))),
        fold(texts.full_name_text)
    ]) as name
    from standard.person_texts as texts
    inner join subject_records as people using (record_key)
    where people.is_sure
    order by all
"""

PROFILE_IDS = """
    select distinct people.request, issued.profile_id
    from identity.issued_profile_ids as issued
    inner join subject_records as people on people.profile_id = issued.current_profile_id
    order by all
"""


def _subjects(source: Source, found: Sequence[Core | SubjectError]) -> list[Subject | SubjectError]:
    con = source.con
    _earlier_texts(source)
    con.execute(f"create or replace temp table subject_identifiers as {IDENTIFIERS}")
    identifiers = _by_request(con, "from subject_identifiers order by all")
    visitors, orders = _by_request(con, VISITORS), _by_request(con, ORDERS)
    names, merged = _by_request(con, NAMES), _by_request(con, PROFILE_IDS)
    return [
        Subject(
            profile_ids=(
                *((core.profile_id,) if core.profile_id else ()),
                *(one for (one,) in merged.get(number, ())),
            ),
            records=tuple(sorted(core.records)),
            doubtful=core.doubtful,
            visitors=tuple(one for (one,) in visitors.get(number, ())),
            orders=tuple(one for (one,) in orders.get(number, ())),
            identifiers=tuple(
                Identifier(kind, value, is_own, tuple(spellings))
                for kind, value, is_own, spellings in identifiers.get(number, ())
            ),
            names=tuple(one for (one,) in names.get(number, ()) if one),
        )
        if isinstance(core, Core)
        else core
        for number, core in enumerate(found)
    ]


def _by_request(con: duckdb.DuckDBPyConnection, sql: str) -> dict[int, list[tuple]]:
    rows = con.execute(sql).fetchall()
    return {
        request: [tuple(rest) for _, *rest in group]
        for request, group in groupby(rows, key=itemgetter(0))
    }


def _earlier_texts(source: Source) -> None:
    """earlier_texts: addresses and numbers as every delivered version of a record wrote them."""
    selects = ["select null::int as request, null as text where false"]
    for contract in connectors.contracts():
        cells = [one.name for one in contract.columns if one.names in ("email", "phone")]
        manifest = source.lake.manifest(f"raw.{contract.name}")
        if not manifest or not cells or "record_key" not in manifest.columns:
            continue
        listed = ", ".join(f'as_text("{name}")' for name in cells if name in manifest.columns)
        selects.append(
            f"select people.request, unnest([{listed}]) as text"
            f" from ({source.lake.scan(manifest.table)}) as rows"
            " inner join subject_records as people using (record_key) where people.is_sure"
        )
    source.con.execute(
        "create or replace temp table earlier_texts as select distinct * from ("
        + " union all ".join(selects)
        + ") where text is not null"
    )
