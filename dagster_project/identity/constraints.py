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
from scipy.sparse.csgraph import connected_components


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
    " entered the wrong way round, one mailbox and one initial, nor its beginning or close in"
    " spelling unless both are names that many people have (Mario, Marco; Stefan, Stefanie)",
    ("first_name", "first_forms", "last_name", "email", "is_common"),
    # a single name that few people have as a first name may as well be a surname
    "first_name is not null and (last_name is not null or is_common)",
    """
    list_has_any(l.first_forms, r.first_forms)
    or l.first_name = left(r.first_name, 1)
    or r.first_name = left(l.first_name, 1)
    or (l.first_name = r.last_name and jaro_winkler_similarity(l.last_name, r.first_name) >= 0.8)
    or (r.first_name = l.last_name and jaro_winkler_similarity(r.last_name, l.first_name) >= 0.8)
    or (l.email = r.email and left(l.first_name, 1) = left(r.first_name, 1))
    or (
        not (l.is_common and r.is_common)
        and (
            starts_with(l.first_name, r.first_name)
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
                first_name, first_forms, last_name, email, is_common, birth_on
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


def decide(
    con: duckdb.DuckDBPyConnection,
    left: np.ndarray,
    right: np.ndarray,
    node_count: int,
    *,
    households: bool,
) -> tuple[np.ndarray, list[str]]:
    """Unites the ends of links, the surest first, and refuses what a veto forbids.

    `left` and `right` are node numbers of identity_nodes, in order of decreasing certainty (a
    total order: the caller's promise). Returns the cluster of every node, named by its smallest
    node, and for every link the name of the veto that refused it, or ''.

    Without `households` there is nobody at one address from whom a person would have to be told
    apart: what contradicts is then a recording error and the scores decide, but for namesakes'
    suffixes.

    A component of links without a possible contradiction is taken whole. The others are united
    link by link, each from nothing, so that a component gives the same clusters whatever stands
    beside it.
    """
    component = _components(left, right, node_count)
    cluster = _smallest_member(component)
    refusals = [""] * len(left)
    facts = _Facts(con, component, VETOES if households else (DIFFERENT_GENERATIONS,))
    if not facts.contested.any():
        return cluster, refusals

    contested_nodes = np.flatnonzero(facts.contested[component]).tolist()
    parent = {node: node for node in contested_nodes}
    known = {node: facts.of(node) for node in contested_nodes}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for position in np.flatnonzero(facts.contested[component[left]]).tolist():
        one, other = root(int(left[position])), root(int(right[position]))
        if one == other:
            continue
        veto = facts.contradiction(known[one], known[other])
        if veto:
            refusals[position] = veto
            continue
        keep, gone = min(one, other), max(one, other)
        parent[gone] = keep
        known[keep] = tuple(a | b for a, b in zip(known[keep], known.pop(gone), strict=True))
    for node in contested_nodes:
        cluster[node] = root(node)
    return cluster, refusals


def _components(left: np.ndarray, right: np.ndarray, node_count: int) -> np.ndarray:
    edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), (node_count, node_count))
    return connected_components(edges, directed=False)[1].astype(np.int64)


def _smallest_member(component: np.ndarray) -> np.ndarray:
    _, first = np.unique(component, return_index=True)
    return first[component].astype(np.int64)


class _Facts:
    """What is known of each node, and which values cannot belong to one person.

    Distinct values of one component are compared once, in DuckDB. `contested[component]` is true
    where some veto could bite.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, component: np.ndarray, vetoes: tuple[Veto, ...]
    ) -> None:
        self._vetoes = vetoes
        self.contested = np.zeros(int(component.max(initial=-1)) + 1, dtype=bool)
        self._value_ids: list[np.ndarray] = []
        self._clashes: list[set[tuple[int, int]]] = []
        con.register(
            "identity_component",
            pa.table({"node": np.arange(len(component)), "component": component}),
        )
        try:
            for veto in vetoes:
                value_ids, clashes = self._compare(con, veto, len(component))
                self._value_ids.append(value_ids)
                self._clashes.append(clashes)
            initials = con.execute(
                "select node from identity_nodes where length(first_name) = 1"
            ).fetchnumpy()["node"]
        finally:
            con.unregister("identity_component")
        # An initial is worth nothing beside a name: J. would make John and Jane one person.
        self._initial_ids: set[int] = set()
        if DIFFERENT_FIRST_NAMES in vetoes:
            names = self._value_ids[vetoes.index(DIFFERENT_FIRST_NAMES)]
            self._initial_ids = set(names[initials].tolist())

    def _compare(
        self, con: duckdb.DuckDBPyConnection, veto: Veto, node_count: int
    ) -> tuple[np.ndarray, set[tuple[int, int]]]:
        columns = ", ".join(veto.value)
        known = f"""
            select node, component, dense_rank() over (order by {columns}) as value_id, {columns}
            from identity_nodes inner join identity_component using (node)
            where {veto.known}
        """
        rows = con.execute(f"select node, value_id from ({known})").fetchnumpy()
        value_ids = np.zeros(node_count, dtype=np.int64)
        value_ids[rows["node"]] = rows["value_id"]
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

    def of(self, node: int) -> tuple[frozenset[int], ...]:
        """The value ids known of a node, one set for each veto."""
        return tuple(
            frozenset((int(ids[node]),)) if ids[node] else frozenset() for ids in self._value_ids
        )

    def contradiction(
        self, one: tuple[frozenset[int], ...], other: tuple[frozenset[int], ...]
    ) -> str:
        """The name of the first veto between two clusters, or ''."""
        for veto, clashes, ones, others in zip(
            self._vetoes, self._clashes, one, other, strict=True
        ):
            if self._contradicts(veto, clashes, ones, others):
                return veto.name
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
