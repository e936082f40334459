"""Why records are, or are not, one person: the facts, for a pair of records and for a profile.

Here belong reading what linkage decided out of the published database, the surest path between two
records, the weakest place of a profile and what would become of it without that. Nothing is decided
here; sentences and pictures are in dagster_project/pages. Record keys stand for people throughout.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from dagster_project.identity import model as linkage
from dagster_project.lake import connect

OVERRIDE, SCORED = "override", "splink"
"""Reasons of links that no rule made: a person's judgement, and a score."""

ANY_WEIGHT = -1_000.0
"""Less than any pair weighs: the weight from which on a pair is shown that was asked for."""


class NotFound(Exception):
    """No record or profile has that name."""


@dataclass(frozen=True)
class Part:
    """One addend of a match weight: the prior, or what one comparison says."""

    name: str
    words: str
    weight: float


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against a pair: the parts add up to the weight (log2 odds)."""

    parts: tuple[Part, ...]
    weight: float
    probability: float
    threshold: float
    is_kept: bool
    """Whether the run scored the pair; if not it was scored now, by the same model."""


@dataclass(frozen=True)
class Link:
    """A pair that was linked or refused, and the profiles of its records."""

    left_record: str
    right_record: str
    left_profile: str
    right_profile: str
    decision: str
    reason: str
    match_weight: float | None
    match_probability: float | None

    @property
    def is_accepted(self) -> bool:
        return self.decision == "accepted"

    @property
    def order(self) -> tuple:
        """Surest first: a judgement, then a rule, then a score, each by weight; a total order.

        Without a weight are records equal in everything compared and what a vendor says itself.
        """
        rank = {OVERRIDE: 0, SCORED: 2}.get(self.reason, 1)
        weight = math.inf if self.match_weight is None else self.match_weight
        return (rank, -weight, self.left_record, self.right_record, self.reason)

    def crosses(self, side: Collection[str]) -> bool:
        return (self.left_record in side) != (self.right_record in side)


@dataclass(frozen=True)
class Guard:
    """A record's own e-mail or phone that was not taken as evidence, and why."""

    record: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Correction:
    """A person's judgement of a pair: the same, or different people."""

    left_record: str
    right_record: str
    judgement: str
    decided_by: str
    decided_on: date
    reason: str


@dataclass(frozen=True)
class Money:
    """Orders of one currency; `net` is what was charged less what was given back."""

    currency: str
    orders: int
    net: Decimal


@dataclass(frozen=True)
class Side:
    """Records that would be a profile of their own, and what was bought under them."""

    records: tuple[str, ...]
    money: tuple[Money, ...]


@dataclass(frozen=True)
class Consent:
    """A consent that would be another for one side at least."""

    channel: str
    purpose: str
    together: str
    staying: str
    leaving: str


@dataclass(frozen=True)
class Cut:
    """Where a profile comes apart most easily: all links between two sides of it, surest first.

    `leaving` is the smaller side; the other one would keep the profile's id.
    """

    links: tuple[Link, ...]
    staying: Side
    leaving: Side
    consents: tuple[Consent, ...]


@dataclass(frozen=True)
class Pair:
    """Why two records are, or are not, one person.

    `links` are decisions on the pair itself, `path` the surest chain of accepted links between the
    two, `refusals` the refused links between their profiles.
    """

    left: str
    right: str
    profiles: dict[str, str]
    links: tuple[Link, ...]
    evidence: Evidence | None
    path: tuple[Link, ...]
    refusals: tuple[Link, ...]
    guards: tuple[Guard, ...]
    corrections: tuple[Correction, ...]

    @property
    def same_person(self) -> bool:
        return len(set(self.profiles.values())) == 1


@dataclass(frozen=True)
class Profile:
    """Why a profile's records are one person, and where that is least sure.

    `links` are the surest that hold all records together, one fewer than there are records;
    `refusals` those with an end in it. `cut` is null for a record alone.
    """

    profile_id: str
    asked_for: str
    records: tuple[str, ...]
    links: tuple[Link, ...]
    cut: Cut | None
    refusals: tuple[Link, ...]
    guards: tuple[Guard, ...]
    corrections: tuple[Correction, ...]


def explain_pair(
    con: duckdb.DuckDBPyConnection, left: str, right: str, *, model: linkage.Model | None = None
) -> Pair:
    """By the home's `model`, or the shipped one. Raises NotFound for records that no profile has."""
    found = _rows(
        con,
        "select record_key, profile_id from profile_records where record_key in ($left, $right)",
        left=left,
        right=right,
    )
    profiles = {row["record_key"]: row["profile_id"] for row in found}
    missing = [record for record in dict.fromkeys((left, right)) if record not in profiles]
    if missing:
        raise NotFound(f"no record is named {', '.join(missing)}")
    links = _links(con, profiles.values())
    ends = {profiles[left], profiles[right]}
    between = [link for link in links if {link.left_profile, link.right_profile} == ends]
    return Pair(
        left,
        right,
        profiles,
        tuple(link for link in links if {link.left_record, link.right_record} == {left, right}),
        weigh(con, left, right, model=model),
        path(spanning_tree(between), left, right),
        tuple(link for link in between if not link.is_accepted),
        _guards(con, [left, right]),
        tuple(
            one
            for one in _corrections(con, [left, right])
            if {one.left_record, one.right_record} == {left, right}
        ),
    )


def explain_profile(con: duckdb.DuckDBPyConnection, asked_for: str) -> Profile:
    """`asked_for` may have been merged into another profile. Raises NotFound for an unknown id."""
    found = _rows(
        con,
        """select record_key, profile_id from profile_records
        where profile_id = coalesce(
            (select current_profile_id from profile_redirects where profile_id = $asked), $asked)
        order by record_key""",
        asked=asked_for,
    )
    if not found:
        raise NotFound("no profile has that id; to explain a pair, name two records")
    profile_id, records = found[0]["profile_id"], tuple(row["record_key"] for row in found)
    links = _links(con, [profile_id])
    tree = spanning_tree(links)
    return Profile(
        profile_id,
        asked_for,
        records,
        tree,
        _cut(con, profile_id, records, [link for link in links if link.is_accepted], tree),
        tuple(link for link in links if not link.is_accepted),
        _guards(con, records),
        _corrections(con, records),
    )


def spanning_tree(links: Sequence[Link]) -> tuple[Link, ...]:
    """The accepted links without which records would fall apart, the surest chosen first.

    Between any two records it holds the widest path: the chain whose weakest link is as strong as
    that of any (Kruskal's algorithm; the order is total, so the tree is one).
    """
    group: dict[str, set[str]] = {}
    tree = []
    for link in sorted((one for one in links if one.is_accepted), key=lambda one: one.order):
        left = group.setdefault(link.left_record, {link.left_record})
        right = group.setdefault(link.right_record, {link.right_record})
        if left is not right:
            tree.append(link)
            left |= right
            group |= dict.fromkeys(right, left)
    return tuple(tree)


def path(tree: Sequence[Link], left: str, right: str) -> tuple[Link, ...]:
    """The links of a tree from one record to the other, in order; none where it does not join them."""
    came_by = _walk(tree, left)
    steps = []
    while right != left and right in came_by:
        right, link = came_by[right]
        steps.append(link)
    return tuple(reversed(steps))


def weakest_cut(links: Sequence[Link], tree: Sequence[Link]) -> tuple[list[Link], set[str]]:
    """All accepted links between two sides of a profile, surest first, and the records of one side.

    The sides are those that the weakest link of the tree joins. Other links between them are none of
    them surer, but the profile only falls apart without them as well.
    """
    side = set(_walk(tree[:-1], tree[-1].right_record))
    return sorted((link for link in links if link.crosses(side)), key=lambda one: one.order), side


def _walk(tree: Sequence[Link], start: str) -> dict[str, tuple[str, Link | None]]:
    """Record -> the record and the link by which it is reached from `start`."""
    neighbours: dict[str, list[tuple[str, Link]]] = {}
    for link in tree:
        neighbours.setdefault(link.left_record, []).append((link.right_record, link))
        neighbours.setdefault(link.right_record, []).append((link.left_record, link))
    came_by: dict[str, tuple[str, Link | None]] = {start: (start, None)}
    queue = [start]
    for here in queue:
        for there, link in neighbours.get(here, ()):
            if there not in came_by:
                came_by[there] = (here, link)
                queue.append(there)
    return came_by


def _cut(con, profile_id: str, records: Sequence[str], accepted: list[Link], tree) -> Cut | None:
    if not tree:
        return None
    links, reached = weakest_cut(accepted, tree)
    halves = [tuple(r for r in records if (r in reached) == is_in) for is_in in (True, False)]
    # the half that shares most with last night's profile keeps its id; then the smallest record key
    staying, leaving = sorted(halves, key=lambda half: (-len(half), half))
    changed = []
    to_stay = _consents(con, profile_id, staying, leaving)
    to_leave = _consents(con, profile_id, leaving, staying)
    for key, together in _consents(con, profile_id, records, ()).items():
        apart = to_stay.get(key, "unknown"), to_leave.get(key, "unknown")
        if apart != (together, together):
            changed.append(Consent(*key, together, *apart))
    sides = (Side(half, _money(con, profile_id, half)) for half in (staying, leaving))
    return Cut(tuple(links), *sides, tuple(changed))


def _money(con, profile_id: str, records: Sequence[str]) -> tuple[Money, ...]:
    found = _rows(
        con,
        """select currency, count(*) as orders, coalesce(sum(net), 0)::decimal(18, 2) as net
        from orders
        where profile_id = $profile and actor_key in (select unnest($records))
        group by currency order by currency""",
        profile=profile_id,
        records=list(records),
    )
    return tuple(Money(**row) for row in found)


def _consents(con, profile_id: str, records, others) -> dict[tuple[str, str], str]:
    """(channel, purpose) -> what these records would say without the others: the strictest word.

    What was said in the name of an address alone counts where the others do not have it; a no always.
    """
    found = _rows(
        con,
        """with carried as (
            select record_key, kind || ':' || value as actor_key
            from standard.identifiers
            where kind in ('email', 'phone')
        ),
        theirs as (
            select actor_key from carried where record_key in (select unnest($records::varchar[]))
        ),
        owned as (
            select unnest($records::varchar[]) as actor_key
            union
            (
                from theirs
                except
                select actor_key from carried
                where record_key in (select unnest($others::varchar[]))
            )
        )
        select
            channel,
            purpose,
            min_by(status, case status when 'denied' then 1 when 'granted' then 2 else 3 end)
                as status
        from consent_ledger
        where profile_id = $profile
            and is_standing
            and scope = 'person'
            and (
                actor_key in (from owned)
                or (status = 'denied' and actor_key in (from theirs))
            )
        group by channel, purpose
        order by channel, purpose""",
        profile=profile_id,
        records=list(records),
        others=list(others),
    )
    return {(row["channel"], row["purpose"]): row["status"] for row in found}


def weigh(
    con: duckdb.DuckDBPyConnection, left: str, right: str, *, model: linkage.Model | None = None
) -> Evidence | None:
    """What speaks for and against a pair; none for a record with itself.

    None as well where the database was made before the parts of weights were kept.
    """
    if left == right or not _has(con, "identity.population"):
        return None
    model = model or linkage.shipped()
    kept = _kept_score(con, left, right)
    row = kept or score_on_demand(con, left, right, model=model)
    words = {
        (one["comparison"], one["level"]): one["words"]
        for one in _rows(con, "select comparison, level, words from identity.comparison_levels")
    }
    parts = [Part("prior", "any two records, before anything is compared", float(row["mw_prior"]))]
    for name in model.comparison_names:
        said = words.get((name, row[f"level_{name}"]), "not known of both")
        parts.append(Part(name, said, float(row[f"mw_{name}"])))
    weight = row["match_weight"]
    # that of the score alone: the probability of a link is 1 where a rule made it
    probability = 1 / (1 + 2**-weight)
    return Evidence(tuple(parts), weight, probability, model.accept_weight, kept is not None)


def _kept_score(con, left: str, right: str) -> dict | None:
    found = _rows(
        con,
        """select * from links
        where left_record = least($left, $right) and right_record = greatest($left, $right)
            and mw_prior is not null
        order by reason limit 1""",
        left=left,
        right=right,
    )
    return found[0] if found else None


def score_on_demand(
    con: duckdb.DuckDBPyConnection, left: str, right: str, *, model: linkage.Model
) -> dict:
    """The scores of `links` for a pair that the run did not score, or whose score it did not keep.

    By the frequencies of the published run, in a database of its own.
    """
    from dagster_project.identity import scoring  # takes a while, and few explanations need it

    compared = ", ".join(linkage.COLUMNS)
    pair = {"pair": [left, right]}
    nodes = con.sql(
        f"""select row_number() over (order by record_key)::ubigint as node_id, {compared}
        from identity.comparison_records where record_key in (select unnest($pair))""",
        params=pair,
    ).to_arrow_table()
    rarest = ", ".join(model.term_frequency_columns())
    population = con.sql(
        f"""select * from identity.population
        where kind = 'prior' or kind like 'tf:%' and value in (
            select '' union all
            select unnest([{rarest}])
            from identity.comparison_records where record_key in (select unnest($pair)))""",
        params=pair,
    ).to_arrow_table()
    with connect(threads=1) as own:
        own.execute("create schema identity")
        for name, table in (("pair_nodes", nodes), ("identity.population", population)):
            own.register("given", table)
            own.execute(f"create table {name} as from given")
            own.unregister("given")
        own.execute("create table pairs as select 1::ubigint as node_l, 2::ubigint as node_r")
        scoring.score(own, "pairs", "pair_nodes", model=model, into="scored", least=ANY_WEIGHT)
        [row] = _rows(own, "from scored")
    return row


def _links(con, profile_ids: Collection[str]) -> list[Link]:
    """Every link with an end in one of the profiles, surest first."""
    found = _rows(
        con,
        """select
            links.left_record, links.right_record,
            lefts.profile_id as left_profile, rights.profile_id as right_profile,
            links.decision, links.reason, links.match_weight, links.match_probability
        from links
        inner join profile_records as lefts on lefts.record_key = links.left_record
        inner join profile_records as rights on rights.record_key = links.right_record
        where lefts.profile_id in (select unnest($profiles))
            or rights.profile_id in (select unnest($profiles))""",
        profiles=list(profile_ids),
    )
    return sorted((Link(**row) for row in found), key=lambda link: link.order)


def _guards(con, records: Sequence[str]) -> tuple[Guard, ...]:
    found = _rows(
        con,
        """select record_key as record, kind, reason
        from (
            select record_key, 'e-mail' as kind, email_guard as reason from identity.guarded_records
            union all
            select record_key, 'phone', phone_guard from identity.guarded_records
        ) as guards
        where reason is not null and record_key in (select unnest($records))
        order by record_key, kind""",
        records=list(records),
    )
    return tuple(Guard(**row) for row in found)


def _corrections(con, records: Sequence[str]) -> tuple[Correction, ...]:
    """Judgements with an end among the records."""
    if not _has(con, "standard.judgements"):
        return ()
    found = _rows(
        con,
        """select left_record, right_record, judgement, decided_by, decided_on, reason
        from standard.judgements
        where left_record in (select unnest($records)) or right_record in (select unnest($records))
        order by left_record, right_record, decided_on""",
        records=list(records),
    )
    return tuple(Correction(**row) for row in found)


def _has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    schema, _, name = table.partition(".")
    return bool(
        _rows(
            con,
            "select 1 from duckdb_tables() where schema_name = $schema and table_name = $name",
            schema=schema,
            name=name,
        )
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> list[dict]:
    return con.sql(sql, params=parameters or None).to_arrow_table().to_pylist()
