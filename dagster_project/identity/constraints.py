"""Decides which links hold: a union of pairs by descending weight that refuses contradictions.

Here belong the vetoes, each with its name and its reason, and the union that obeys them. Scores
come from linking.py. A veto speaks about two whole clusters, not about a pair: that is what stops
a chain of plausible pairs from joining a household.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree


@dataclass(frozen=True)
class Veto:
    """A kind of fact of which one person has one value, and what makes two values the same.

    `value` are columns of identity_nodes and `known` says of which nodes the fact is known;
    `compatible` compares two distinct combinations of the columns, `l` and `r`.
    """

    name: str
    reason: str
    value: tuple[str, ...]
    known: str
    compatible: str


DIFFERENT_FIRST_NAMES = Veto(
    "different_first_names",
    "each side has a first name that none of the other side explains: not equal, nickname, initial,"
    " entered the wrong way round, in one mailbox the beginning of the other, nor (unless both are names"
    " that many people have: Mario, Marco; Stefan, Stefanie) its beginning, close in spelling or of one"
    " mailbox and one initial; of two double names the second words count as well",
    ("first_name", "second_name", "first_forms", "last_name", "email", "is_common"),
    # a single name that few people have as a first name may as well be a surname
    "first_name is not null and (last_name is not null or is_common)",
    """
    coalesce(jaro_winkler_similarity(l.second_name, r.second_name) >= 0.8, true)
    and (
        list_has_any(l.first_forms, r.first_forms)
        or list_contains(list_transform(r.first_forms, lambda form: form[1]), l.first_name)
        or list_contains(list_transform(l.first_forms, lambda form: form[1]), r.first_name)
        or (l.last_name is null and jaro_winkler_similarity(l.first_name, r.last_name) >= 0.9)
        or (r.last_name is null and jaro_winkler_similarity(r.first_name, l.last_name) >= 0.9)
        or l.first_name || l.last_name = r.last_name
        or r.first_name || r.last_name = l.last_name
        or (l.first_name = r.last_name and jaro_winkler_similarity(l.last_name, r.first_name) >= 0.8)
        or (r.first_name = l.last_name and jaro_winkler_similarity(r.last_name, l.first_name) >= 0.8)
        or (
            l.email = r.email
            and (starts_with(l.first_name, r.first_name) or starts_with(r.first_name, l.first_name))
        )
        or (
            not (l.is_common and r.is_common)
            and (
                (l.email = r.email and left(l.first_name, 1) = left(r.first_name, 1))
                or starts_with(l.first_name, r.first_name)
                or starts_with(r.first_name, l.first_name)
                or list_max(
                    list_transform(
                        l.first_forms, lambda form: jaro_winkler_similarity(form, r.first_name)
                    )
                ) >= 0.9
                or list_max(
                    list_transform(
                        r.first_forms, lambda form: jaro_winkler_similarity(form, l.first_name)
                    )
                ) >= 0.9
                or (
                    least(length(l.first_name), length(r.first_name)) >= 4
                    and damerau_levenshtein(l.first_name, r.first_name) <= 1
                )
            )
        )
    )
    """,
)

DIFFERENT_BIRTH_DATES = Veto(
    "different_birth_dates",
    "no birth date of one side is within one slip of the hand of one of the other: two of year,"
    " month and day agree, day and month swapped, one digit wrong, two neighbours exchanged",
    ("birth_on",),
    "birth_on is not null",
    """
    (substr(l.birth_on, 1, 4) = substr(r.birth_on, 1, 4))::int
        + (substr(l.birth_on, 5, 2) = substr(r.birth_on, 5, 2))::int
        + (substr(l.birth_on, 7, 2) = substr(r.birth_on, 7, 2))::int >= 2
    or (
        substr(l.birth_on, 1, 4) = substr(r.birth_on, 1, 4)
        and substr(l.birth_on, 5, 2) = substr(r.birth_on, 7, 2)
        and substr(l.birth_on, 7, 2) = substr(r.birth_on, 5, 2)
    )
    or damerau_levenshtein(l.birth_on, r.birth_on) <= 1
    """,
)

DIFFERENT_GENERATIONS = Veto(
    "different_generations",
    "Jr, Sr, II, III and IV exist to tell namesakes of one family apart",
    ("name_suffix",),
    "name_suffix is not null",
    "false",
)

VETOES = (DIFFERENT_FIRST_NAMES, DIFFERENT_BIRTH_DATES, DIFFERENT_GENERATIONS)

ANOTHER_REGION = Veto(
    "namesakes_of_other_regions",
    "names alone do not follow a person from one region to another, nor join two who live apart"
    " through a record that tells nothing but the name",
    ("region",),
    "region is not null",
    "false",
)
"""Forbids only links that rest on names: people move, and then an e-mail or a phone says so."""

SEVERAL_PEOPLE = "fits_several_people"
"""What a household shares names the household: who gave no first name, or an initial, and fits two of it
nearly as well, is neither of them before a person says so."""

NEVER_LINK = "never_link"
"""The veto of a person: a record of one side and one of the other were judged to be two people."""

TOO_MANY = "too_many_"
"""The beginning of the vetoes that limit how many values of a kind one profile may have."""

# A link is clearly surer than another where it is sixteen times as likely.
_CLEARLY = 4

# Fewer pairs than this say nothing about the data, and then households are assumed: a missed link
# is cheaper than one person shown another's orders.
_PAIRS_TO_JUDGE_BY = 12


def has_households(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether people who live together are in the data, judged without labels.

    Looks at pairs of one surname and house whose first names contradict each other. Relatives are
    born on different days, a few twins apart; where nearly all such pairs have one birth date, it
    is the names that were recorded wrongly.
    """
    [(pair_count, same_day_count)] = con.execute(f"""
        with house as (
            select distinct
                hash(last_name, house_number, left(street_name, 4)) as house,
                first_name, second_name, first_forms, last_name, email, is_common, birth_on
            from identity_nodes
            where
                last_name is not null and house_number is not null and street_name is not null
                and length(first_name) > 1 and birth_on is not null
        ),
        small_house as (
            select * from house qualify count(*) over (partition by house) <= 20
        )
        select count(*), count(*) filter (where l.birth_on = r.birth_on)
        from small_house as l
        inner join small_house as r on l.house = r.house and l.first_name < r.first_name
        where not coalesce({DIFFERENT_FIRST_NAMES.compatible}, false)
    """).fetchall()
    return pair_count < _PAIRS_TO_JUDGE_BY or same_day_count < 0.8 * pair_count


def is_common(population: str) -> str:
    """SQL over a row with first_name: whether it is a name that many people have, by stored facts."""
    common = f"select value from {population} where kind = 'common_first_name'"
    return f"coalesce(first_name in ({common}), false)"


def households_assumed(con: duckdb.DuckDBPyConnection) -> bool:
    """What has_households said when the population was measured."""
    [(number,)] = con.execute(
        "select number from identity.population where kind = 'households'"
    ).fetchall()
    return bool(number)


@dataclass(frozen=True)
class Decided:
    """What became of the nodes and links that `decide` was given, as arrays in their order.

    `component` and `cluster` are named by their smallest node. `weakest` is the index of the weakest
    link that the node's cluster cannot do without (-1 for a cluster of one node), and `side` tells apart
    the two clusters that there would be without it. `vetoes` names the veto that refused a link, or is
    the empty text.
    """

    component: np.ndarray
    cluster: np.ndarray
    side: np.ndarray
    weakest: np.ndarray
    vetoes: list[str]


def decide(
    con: duckdb.DuckDBPyConnection,
    left: np.ndarray,
    right: np.ndarray,
    *,
    weight: np.ndarray,
    forced: np.ndarray,
    by_name: np.ndarray,
) -> Decided:
    """Unites the ends of links, the surest first, and refuses what a veto forbids.

    `left` and `right` are numbers of identity_nodes (0, 1, …), in order of decreasing certainty (a total
    order: the caller's promise); `forced` links were decided by a person and obey nothing but that
    person's never-links; `weight` is nan where a rule gave the link; `by_name` links rest on names alone,
    and ANOTHER_REGION forbids them too. Reads linkage_area, identity.record_identifiers,
    identity.guard_rules and standard.judgements.

    Where no households are assumed there is nobody at one address from whom a person would have to be
    told apart: what contradicts is then a recording error and the scores decide, but for namesakes'
    suffixes.

    A component of links without a possible contradiction is taken whole. The others are united
    link by link, each from nothing, so that a component gives the same clusters whatever stands
    beside it.
    """
    [(node_count,)] = con.execute("select count(*) from identity_nodes").fetchall()
    label = _components(left, right, node_count)
    component = _smallest_member(label)
    cluster = component.copy()
    vetoes = [""] * len(left)
    chosen = VETOES if households_assumed(con) else (DIFFERENT_GENERATIONS,)
    facts = _Facts(con, label, (*chosen, ANOTHER_REGION), label[left[by_name]])
    if facts.contested.any():
        for position in facts.undecided(left, right, weight):
            vetoes[position] = SEVERAL_PEOPLE
        _unite(facts, label, cluster, left, right, forced, by_name, vetoes)
    obeyed = np.array([not veto for veto in vetoes], dtype=bool)
    weakest, side = weakest_links(cluster, left, right, obeyed)
    return Decided(component, cluster, side, weakest, vetoes)


def _unite(
    facts: _Facts,
    label: np.ndarray,
    cluster: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    forced: np.ndarray,
    by_name: np.ndarray,
    vetoes: list[str],
) -> None:
    """Unites the contested components link by link; fills in `cluster` and `vetoes`."""
    contested_nodes = np.flatnonzero(facts.contested[label]).tolist()
    parent = {node: node for node in contested_nodes}
    known = {node: facts.of(node) for node in contested_nodes}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for position in np.flatnonzero(facts.contested[label[left]]).tolist():
        one, other = root(int(left[position])), root(int(right[position]))
        if one == other or vetoes[position]:
            continue
        veto = facts.contradiction(
            known[one],
            known[other],
            forced=bool(forced[position]),
            by_name=bool(by_name[position]),
        )
        if veto:
            vetoes[position] = veto
            continue
        keep, gone = min(one, other), max(one, other)
        parent[gone] = keep
        known[keep] = tuple(a | b for a, b in zip(known[keep], known.pop(gone), strict=True))
    for node in contested_nodes:
        cluster[node] = root(node)


def weakest_links(
    cluster: np.ndarray, left: np.ndarray, right: np.ndarray, obeyed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For every node the index of its cluster's weakest necessary link, or -1, and on which side of it
    the node is: 0 with the cluster's smallest node, else 1.

    Necessary is what a spanning tree of the surest links needs; the weakest of them divides the cluster
    into two that nothing surer holds together.
    """
    count = len(cluster)
    within = np.flatnonzero(obeyed & (cluster[left] == cluster[right]))
    weights = (within + 1.0, (left[within], right[within]))
    tree = minimum_spanning_tree(coo_matrix(weights, (count, count)).tocsr()).tocoo()
    weakest = np.full(count, -1, dtype=np.int64)
    index = tree.data.astype(np.int64) - 1
    np.maximum.at(weakest, cluster[tree.row], index)
    weakest = weakest[cluster]
    kept = index != weakest[tree.row]
    parts = _components(tree.row[kept], tree.col[kept], count)
    side = (parts != parts[cluster]).astype(np.int8)
    return weakest, side


def _components(left: np.ndarray, right: np.ndarray, node_count: int) -> np.ndarray:
    edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), (node_count, node_count))
    return connected_components(edges, directed=False)[1].astype(np.int64)


def _smallest_member(label: np.ndarray) -> np.ndarray:
    _, first = np.unique(label, return_index=True)
    return first[label].astype(np.int64)


class _Facts:
    """What is known of each node, and which values cannot belong to one person.

    Distinct values of one component are compared once, in DuckDB. `contested[label]` is true where some
    veto could bite; ANOTHER_REGION can only in components `with_name_links`. What is known of a node, or
    of a cluster, is a tuple of frozen sets: one of value ids for each veto on facts, then one of (kind,
    day, value) for the limits, the judged records that it holds, and the records that it must never
    meet.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        label: np.ndarray,
        vetoes: tuple[Veto, ...],
        with_name_links: np.ndarray,
    ) -> None:
        self._vetoes = vetoes
        self.contested = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
        self._value_ids: list[np.ndarray] = []
        self._clashes: list[set[tuple[int, int]]] = []
        components = {
            "number": np.arange(len(label)),
            "component": label,
            "has_name_links": np.isin(label, with_name_links),
        }
        con.register("identity_component", pa.table(components))
        try:
            for veto in vetoes:
                value_ids, clashes = self._compare(con, veto, len(label))
                self._value_ids.append(value_ids)
                self._clashes.append(clashes)
            self._limits, self._values = self._limited(con)
            self._members, self._enemies = self._judged(con)
            [initials, unnamed] = (
                con.execute(f"select number from identity_nodes where {which}").fetchnumpy()["number"]
                for which in ("length(first_name) = 1", "coalesce(length(first_name), 0) < 2")
            )
        finally:
            con.unregister("identity_component")
        # An initial is worth nothing beside a name: J. would make John and Jane one person.
        self._initial_ids: set[int] = set()
        if DIFFERENT_FIRST_NAMES in vetoes:
            names = self._value_ids[vetoes.index(DIFFERENT_FIRST_NAMES)]
            self._initial_ids = set(names[initials].tolist())
        self._unnamed = np.zeros(len(label), dtype=bool)
        self._unnamed[unnamed] = True

    def _compare(
        self, con: duckdb.DuckDBPyConnection, veto: Veto, node_count: int
    ) -> tuple[np.ndarray, set[tuple[int, int]]]:
        columns = ", ".join(veto.value)
        known = f"""
            select number, component, dense_rank() over (order by {columns}) as value_id, {columns}
            from identity_nodes inner join identity_component using (number)
            where {veto.known} and (has_name_links or {veto is not ANOTHER_REGION})
        """
        rows = con.execute(f"select number, value_id from ({known})").fetchnumpy()
        value_ids = np.zeros(node_count, dtype=np.int64)
        value_ids[rows["number"]] = rows["value_id"]
        clashing = con.execute(f"""
            with fact as (select distinct component, value_id, {columns} from ({known}))
            select l.component, l.value_id as one, r.value_id as other
            from fact as l
            inner join fact as r on r.component = l.component and l.value_id < r.value_id
            where not coalesce({veto.compatible}, false)
        """).fetchnumpy()
        self.contested[clashing["component"]] = True
        one, other = clashing["one"].tolist(), clashing["other"].tolist()
        return value_ids, set(zip(one, other, strict=True)) | set(zip(other, one, strict=True))

    def _limited(
        self, con: duckdb.DuckDBPyConnection
    ) -> tuple[dict[str, tuple[int, int | None]], dict[int, frozenset]]:
        """The limits by kind, and the values of nodes in components that hold more than a limit."""
        limits = {
            kind: (limit, window)
            for kind, limit, window in con.execute("""
                select kind, limit_count, window_days from identity.guard_rules
                where action = 'max_per_profile' and value = ''
            """).fetchall()
        }
        rows = con.execute("""
            with carried as (
                select component, number, kind, target, max(observed_on) as observed_on
                from linkage_area
                inner join identity_nodes using (node_id)
                inner join identity_component using (number)
                inner join identity.record_identifiers as identifiers
                    on identifiers.record_key = linkage_area.record_key and identifiers.guard is null
                group by component, number, kind, target
            ),
            crowded as (
                select component
                from carried
                inner join identity.guard_rules as rules
                    on rules.kind = carried.kind
                    and rules.action = 'max_per_profile' and rules.value = ''
                group by component, carried.kind
                having count(distinct target) > max(limit_count)
            )
            select component, number, kind, date_diff('day', date '1970-01-01', observed_on), target
            from carried where component in (from crowded)
        """).fetchall()
        values: dict[int, set] = {}
        for component, number, kind, day, target in rows:
            self.contested[component] = True
            values.setdefault(number, set()).add((kind, day, target))
        return limits, {number: frozenset(found) for number, found in values.items()}

    def _judged(
        self, con: duckdb.DuckDBPyConnection
    ) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
        """Of nodes about which a person decided: their judged records, and whom these must not meet."""
        rows = con.execute("""
            with judged as (
                select l.component, l.number, left_record, right_record
                from standard.judgements
                inner join (
                    from linkage_area inner join identity_nodes using (node_id)
                    inner join identity_component using (number)
                ) as l on l.record_key = left_record
                where judgement = 'different'
                union all
                select r.component, r.number, right_record, left_record
                from standard.judgements
                inner join (
                    from linkage_area inner join identity_nodes using (node_id)
                    inner join identity_component using (number)
                ) as r on r.record_key = right_record
                where judgement = 'different'
            )
            select component, number, left_record, right_record from judged
        """).fetchall()
        members: dict[int, set[str]] = {}
        enemies: dict[int, set[str]] = {}
        for component, number, record, enemy in rows:
            self.contested[component] = True
            members.setdefault(number, set()).add(record)
            enemies.setdefault(number, set()).add(enemy)
        return (
            {number: frozenset(found) for number, found in members.items()},
            {number: frozenset(found) for number, found in enemies.items()},
        )

    def undecided(self, left: np.ndarray, right: np.ndarray, weight: np.ndarray) -> list[int]:
        """The scored links between a node without a first name of its own and people of different first
        names, none of whom it fits clearly better than another."""
        if DIFFERENT_FIRST_NAMES not in self._vetoes:
            return []
        place = self._vetoes.index(DIFFERENT_FIRST_NAMES)
        names, clashes = self._value_ids[place], self._clashes[place]
        to_people: dict[int, list[tuple[float, int, int]]] = {}
        is_mixed = (self._unnamed[left] != self._unnamed[right]) & ~np.isnan(weight)
        for position in np.flatnonzero(is_mixed).tolist():
            ends = int(left[position]), int(right[position])
            node, person = ends if self._unnamed[ends[0]] else ends[::-1]
            if names[person]:
                to_people.setdefault(node, []).append((float(weight[position]), int(names[person]), position))
        found = []
        for links in to_people.values():
            surest, name, _position = max(links)
            if any((name, other) in clashes and near >= surest - _CLEARLY for near, other, _ in links):
                found += [position for *_, position in links]
        return found

    def of(self, node: int) -> tuple[frozenset, ...]:
        """What is known of a node."""
        nothing: frozenset = frozenset()
        return (
            *(frozenset((int(ids[node]),)) if ids[node] else nothing for ids in self._value_ids),
            self._values.get(node, nothing),
            self._members.get(node, nothing),
            self._enemies.get(node, nothing),
        )

    def contradiction(
        self,
        one: tuple[frozenset, ...],
        other: tuple[frozenset, ...],
        *,
        forced: bool,
        by_name: bool,
    ) -> str:
        """The name of the first veto between two clusters, or ''."""
        *ones, values, members, enemies = one
        *others, other_values, other_members, other_enemies = other
        if members & other_enemies or other_members & enemies:
            return NEVER_LINK
        if forced:
            return ""
        for veto, clashes, left, right in zip(
            self._vetoes, self._clashes, ones, others, strict=True
        ):
            if veto is ANOTHER_REGION and not by_name:
                continue
            if self._contradicts(veto, clashes, left, right):
                return veto.name
        return self._too_many(values | other_values)

    def _too_many(self, values: frozenset) -> str:
        for kind, (limit, window) in sorted(self._limits.items()):
            seen = {(day, value) for found, day, value in values if found == kind}
            if window is not None and seen:
                latest = max((day for day, _ in seen if day is not None), default=0)
                seen = {(day, value) for day, value in seen if day is None or day >= latest - window}
            if len({value for _, value in seen}) > limit:
                return TOO_MANY + kind
        return ""

    def _contradicts(
        self,
        veto: Veto,
        clashes: set[tuple[int, int]],
        ones: frozenset[int],
        others: frozenset[int],
    ) -> bool:
        if not ones or not others or not ones.isdisjoint(others):
            return False
        if veto is not DIFFERENT_FIRST_NAMES:
            return all((a, b) in clashes for a in ones for b in others)
        ones, others = (ones - self._initial_ids or ones), (others - self._initial_ids or others)
        return _unexplained(ones, others, clashes) and _unexplained(others, ones, clashes)


def _unexplained(
    ones: frozenset[int], others: frozenset[int], clashes: set[tuple[int, int]]
) -> bool:
    """Whether some value of `ones` clashes with every value of `others`."""
    return any(all((a, b) in clashes for b in others) for a in ones)
