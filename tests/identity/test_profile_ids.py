"""The clauses of docs/identity-contract.md, each on a few records and all on random histories."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dagster_project.cli import main
from dagster_project.identity import profile_ids
from dagster_project.settings import PROJECT

FIRST_NIGHT = datetime(2026, 6, 1)
SQL = PROJECT / "sql"

# State table -> what a night makes of it, and the rows that replaces.
NEXT = {
    "previous_profile_records": ("profile_records_next", "record_key", "carried_records"),
    "vanished_profile_records": ("vanished_profile_records_next", "record_key", "carried_records"),
    "issued_profile_ids": ("issued_profile_ids_next", "profile_id", "carried_ids"),
    "redirects": ("profile_redirects_next", "profile_id", "carried_ids"),
    "profile_changes": ("profile_changes_next", "change_id", "profile_changes_next"),
}


class History:
    """Nights one after the other; each hands its state to the next as the pipeline does."""

    def __init__(self, *, everything=True):
        self.con = duckdb.connect()
        self.con.execute("set threads = 1")
        self.night = 0
        self.everything = everything
        profile_ids.start(self.con)
        self.con.execute("create table identity_clusters_tonight (record_key varchar, cluster varchar)")
        self.con.execute("create table redirects (profile_id varchar, current_profile_id varchar)")
        self.con.execute("""create table profile_changes (change_id varchar, changed_at timestamp,
            run_id varchar, kind varchar, profile_id varchar, into_profile_id varchar, cause varchar)""")

    def run(self, *groups, erased=()):
        """One night with these clusters; returns record -> profile."""
        rows = [(key, min(group)) for group in groups for key in group]
        self.con.execute("create or replace table last_night as from identity_clusters_tonight")
        self.con.execute("delete from identity_clusters_tonight")
        if rows:
            self.con.executemany("insert into identity_clusters_tonight values (?, ?)", rows)
        changed = """
            (from last_night except all from identity_clusters_tonight) union all
            (from identity_clusters_tonight except all from last_night)"""
        profile_ids.carry(
            self.con,
            run_id=f"run{self.night}",
            as_of=FIRST_NIGHT + timedelta(days=self.night),
            changed=None if self.everything else f"select record_key from ({changed})",
            erased=f"select unnest({list(erased)}::varchar[]) as record_key",
        )
        for table, (made, key, keys) in NEXT.items():
            self.con.execute(f"delete from {table} where {key} in (select {key} from {keys})")
            self.con.execute(f"insert into {table} by name from {made}")
        self.night += 1
        return self.profiles()

    def rows(self, sql):
        return self.con.execute(sql).fetchall()

    def profiles(self):
        return dict(self.rows("select record_key, profile_id from previous_profile_records"))

    def changes(self):
        return self.rows("select kind, profile_id, into_profile_id from profile_changes_next")

    def redirects(self):
        return dict(self.rows("select profile_id, current_profile_id from redirects"))

    def state(self):
        return {table: sorted(self.rows(f"from {table}"), key=repr) for table in NEXT}

    def publish(self):
        """What resolve() reads, and the function itself, as in the published database."""
        self.con.execute("create schema if not exists identity")
        for table in ("issued_profile_ids", "profile_changes"):
            self.con.execute(f"create or replace view identity.{table} as from main.{table}")
        history = (SQL / "marts" / "profile_redirect_history.sql").read_text(encoding="utf-8")
        self.con.execute(f"create or replace view profile_redirect_history as {history}")
        self.con.execute((SQL / "published.sql").read_text(encoding="utf-8"))

    def resolve(self, profile_id, night):
        day = (FIRST_NIGHT + timedelta(days=night)).date()
        return self.con.execute("select resolve(?, ?)", [profile_id, day]).fetchall()[0][0]


@pytest.fixture
def history():
    return History()


def test_a_first_run_creates_one_profile_per_cluster(history):
    ids = history.run({"a", "b"}, {"c"})
    assert ids["a"] == ids["b"] != ids["c"]
    assert sorted(history.changes()) == sorted([("created", i, None) for i in set(ids.values())])


def test_the_same_clusters_change_nothing(history):
    before = history.run({"a", "b"}, {"c"})
    assert history.run({"a", "b"}, {"c"}) == before
    assert history.changes() == []


def test_a_new_record_joins_without_a_change_of_id(history):
    before = history.run({"b", "c"})
    after = history.run({"a", "b", "c"})
    assert set(after.values()) == {before["b"]}
    assert history.changes() == []


def test_a_merge_keeps_the_id_of_the_larger_part_and_redirects_the_other(history):
    before = history.run({"a"}, {"b", "c"})
    after = history.run({"a", "b", "c"})
    assert set(after.values()) == {before["b"]}
    assert history.changes() == [("merged", before["a"], before["b"])]
    assert history.redirects() == {before["a"]: before["b"]}


def test_a_merge_of_equals_keeps_the_older_id(history):
    old = history.run({"b"})
    history.run({"b"}, {"a"})
    after = history.run({"a", "b"})
    assert set(after.values()) == {old["b"]}


def test_a_split_leaves_the_id_with_the_larger_part(history):
    before = history.run({"a", "b", "c"})
    after = history.run({"a"}, {"b", "c"})
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] not in before.values()
    assert history.changes() == [("split", before["a"], after["a"])]


def test_a_record_that_moves_between_profiles_is_reported_as_a_split(history):
    before = history.run({"a", "b", "c"}, {"d", "e", "f"})
    after = history.run({"a", "b"}, {"c", "d", "e", "f"})
    assert after["c"] == before["d"]
    assert history.changes() == [("split", before["a"], before["d"])]


def test_a_profile_without_records_is_retired_once(history):
    before = history.run({"a"}, {"b"})
    history.run({"b"})
    assert history.changes() == [("retired", before["a"], None)]
    history.run({"b"})
    assert history.changes() == []


def test_an_erased_person_s_id_ends_and_nothing_remembers_the_records(history):
    before = history.run({"a", "b"}, {"c"})
    history.run({"c"}, erased=("a", "b"))
    assert history.changes() == [("erased", before["a"], None)]
    assert history.rows("select * from vanished_profile_records") == []
    # let back later, they are somebody new
    after = history.run({"a"}, {"c"})
    assert after["a"] not in before.values()


def test_records_that_had_vanished_are_forgotten_with_the_person(history):
    before = history.run({"a", "b"}, {"c"})
    history.run({"a"}, {"c"})
    history.run({"c"}, erased=("a", "b"))
    assert history.changes() == [("erased", before["a"], None)]
    assert history.rows("select * from vanished_profile_records") == []


def test_who_keeps_records_is_not_erased(history):
    before = history.run({"a", "b"})
    assert history.run({"b"}, erased=("a",)) == {"b": before["b"]}
    assert history.changes() == []


def test_a_record_that_returns_gets_its_profile_back(history):
    before = history.run({"a"}, {"b"})
    history.run({"b"})
    assert history.run({"a"}, {"b"}) == before
    assert history.changes() == [("created", before["a"], None)]


def test_a_record_that_returns_after_its_profile_was_merged_follows_the_redirect(history):
    history.run({"a", "x"}, {"b", "c", "d"})
    history.run({"a", "b", "c", "d"})
    after = history.run({"a", "b", "c", "d"}, {"x"})
    assert history.changes() == [("split", after["a"], after["x"])]


def test_an_id_merged_away_is_never_issued_again(history):
    before = history.run({"a"}, {"b", "c"})
    history.run({"a", "b", "c"})
    after = history.run({"a"}, {"b", "c"})
    assert after["a"] != before["a"]


def test_redirects_lead_to_the_last_id_in_one_step(history):
    first = history.run({"a"}, {"b", "c"}, {"d", "e", "f"})
    history.run({"a", "b", "c"}, {"d", "e", "f"})
    history.run({"a", "b", "c", "d", "e", "f"})
    assert history.redirects() == {first["a"]: first["d"], first["b"]: first["d"]}


def test_parts_merged_again_are_one_profile_and_no_id_comes_back(history):
    first = history.run({"a", "b"}, {"c", "d", "e"})
    history.run({"a", "b", "c", "d", "e"})
    split = history.run({"a", "b"}, {"c", "d", "e"})
    assert len({first["a"], first["c"], split["a"]}) == 3
    again = history.run({"a", "b", "c", "d", "e"})
    assert set(again.values()) == {first["c"]}
    assert history.changes() == [("merged", split["a"], first["c"])]
    assert history.redirects() == {first["a"]: first["c"], split["a"]: first["c"]}


def test_three_merged_in_one_night_lead_to_the_one_with_most(history):
    before = history.run({"a"}, {"b", "c"}, {"d", "e", "f"})
    assert set(history.run({"a", "b", "c", "d", "e", "f"}).values()) == {before["d"]}
    assert history.redirects() == {before["a"]: before["d"], before["b"]: before["d"]}


def test_profiles_that_swap_a_member_keep_their_ids(history):
    before = history.run({"a", "b", "c"}, {"d", "e", "f"})
    after = history.run({"a", "b", "d"}, {"c", "e", "f"})
    assert after["a"] == before["a"] and after["e"] == before["e"]
    assert sorted(history.changes()) == sorted(
        [("split", before["a"], before["d"]), ("split", before["d"], before["a"])]
    )


def test_a_new_model_carries_over_every_id_that_overlaps(history):
    before = history.run({"a", "b", "c"}, {"d", "e"}, {"f"}, {"g", "h"})
    after = history.run({"a", "b"}, {"c", "d", "e", "f"}, {"g"}, {"h"})
    assert [after[key] for key in "adg"] == [before[key] for key in "adg"]
    assert after["h"] not in before.values()


def test_nobody_at_all_is_a_night_like_any_other(history):
    assert history.run() == {}


def test_an_id_is_resolved_as_of_a_day(history):
    first = history.run({"a"}, {"b", "c"}, {"d", "e", "f"})
    history.run({"a", "b", "c"}, {"d", "e", "f"})
    history.run({"a", "b", "c", "d", "e", "f"})
    last = history.run({"a"}, {"b", "c", "d", "e", "f"})
    history.run({"a"})
    history.publish()
    a, b, d = first["a"], first["b"], first["d"]
    # merged, and merged again with the one that took it in
    assert [history.resolve(a, night) for night in range(-1, 5)] == [None, a, b, d, d, d]
    assert [history.resolve(b, night) for night in range(-1, 5)] == [None, b, b, d, d, d]
    # what split off has an id of its own from that day on; the old one does not come back to it
    assert [history.resolve(last["a"], night) for night in range(2, 5)] == [None, *[last["a"]] * 2]
    # a retired id still stands for its person
    assert ("retired", d, None) in history.changes()
    assert history.resolve(d, 4) == d
    assert history.resolve("p0000000000000000", 4) is None
    assert history.rows(f"select resolve('{a}')") == [(d,)]


def test_an_id_whose_person_was_erased_resolves_to_nobody_from_that_day(history):
    first = history.run({"a"}, {"b", "c"})
    history.run({"a", "b", "c"})
    history.con.execute(
        "insert into profile_changes select 'x', ?, 'run2', 'erased', ?, null, 'request'",
        [FIRST_NIGHT + timedelta(days=2), first["b"]],
    )
    history.publish()
    assert [history.resolve(first["a"], night) for night in range(3)] == [first["a"], first["b"], None]
    assert [history.resolve(first["b"], night) for night in range(3)] == [first["b"], first["b"], None]


def test_the_command_asks_the_published_database_which_profile_an_id_was(sample_home):
    with duckdb.connect(str(sample_home / "warehouse/current/customers.duckdb"), read_only=True) as con:
        [(one, today, unknown)] = con.execute("""
            select profile_id, resolve(profile_id), resolve('nobody') from profiles order by 1 limit 1
        """).fetchall()
    assert (today, unknown) == (one, None)

    def asked(day):
        return CliRunner().invoke(main, ["profile", one, "--as-of", day, "--home", str(sample_home)])

    assert asked("2026-06-02").output == f"{one}\n"
    assert asked("2026-06-01").exit_code == 1


RECORDS = "abcdefghij"
PLACES = st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 3))


class Company(RuleBasedStateMachine):
    """Random nights of every kind; after each, every clause of the contract.

    The same nights are carried a second time looking only at what changed, with the clusters in
    another order.
    """

    def __init__(self):
        super().__init__()
        self.history = History()
        self.other = History(everything=False)
        self.place, self.away = {}, {}
        self.before, self.after = {}, {}
        self.issued, self.ended, self.stood_for = {}, set(), []
        # the last known profile of every record before tonight
        self.memory = {}
        self.redirects = {}

    def night(self):
        groups = [
            {key for key, place in self.place.items() if place == one}
            for one in sorted(set(self.place.values()))
        ]
        self.groups = groups
        self.memory = {key: self.redirects.get(p, p) for key, p in (self.memory | self.after).items()}
        self.before, self.known = self.after, dict(self.issued)
        self.after = self.history.run(*groups)
        self.other.run(*reversed(groups))
        self.changes = self.history.changes()
        self.redirects = self.history.redirects()
        for profile_id in self.after.values():
            self.issued.setdefault(profile_id, self.history.night - 1)
        self.stood_for.append({one: self.redirects.get(one, one) for one in self.issued})

    def of_kind(self, kind):
        return {(one, into) for said, one, into in self.changes if said == kind}

    # What a night may bring ---------------------------------------------------------------------

    @initialize(place=PLACES)
    def first(self, place):
        self.place = place
        self.night()

    @rule()
    def nothing_new(self):
        self.night()
        assert self.after == self.before and self.changes == []

    @rule(key=st.sampled_from(RECORDS), to=st.integers(0, 5))
    def a_record_comes_returns_or_moves(self, key, to):
        self.place[key] = to
        self.night()

    @rule(key=st.sampled_from(RECORDS))
    def a_record_vanishes(self, key):
        self.place.pop(key, None)
        self.night()

    @rule(of=st.integers(0, 3))
    def a_whole_cluster_vanishes(self, of):
        self.away |= {key: place for key, place in self.place.items() if place == of}
        self.place = {key: place for key, place in self.place.items() if place != of}
        self.night()

    @rule()
    def everybody_returns(self):
        self.place = self.away | self.place
        self.away = {}
        self.night()

    @rule(clusters=st.sets(st.integers(0, 5), min_size=2, max_size=3))
    def clusters_merge(self, clusters):
        into = min(clusters)
        self.place = {k: into if place in clusters else place for k, place in self.place.items()}
        self.night()

    @rule(one=st.sampled_from(RECORDS), other=st.sampled_from(RECORDS))
    def two_records_swap(self, one, other):
        if one in self.place and other in self.place:
            self.place[one], self.place[other] = self.place[other], self.place[one]
        self.night()

    @rule(numbers=st.lists(st.integers(0, 3), min_size=len(RECORDS), max_size=len(RECORDS)))
    def a_new_model_draws_all_clusters_anew(self, numbers):
        self.place = {key: numbers[RECORDS.index(key)] for key in self.place}
        self.night()

    # The clauses --------------------------------------------------------------------------------

    @invariant()
    def clause_01_one_profile_for_a_record(self):
        assert set(self.after) == set(self.place)
        assert {frozenset(group) for group in self.groups} == {
            frozenset(key for key in self.after if self.after[key] == one)
            for one in self.after.values()
        }

    @invariant()
    def clause_02_the_same_history_gives_the_same_ids(self):
        assert self.other.profiles() == self.after

    @invariant()
    def clause_03_no_other_profile_without_a_place_shares_more(self):
        """Greedy by overlap: where a profile did not get a cluster, the cluster went to a profile that
        shares at least as much, or the profile to a cluster that does."""
        shared = Counter((self.memory[k], self.after[k]) for k in self.after if k in self.memory)
        kept = {one: shared[one, one] for one in set(self.after.values())}
        for (old, new), count in shared.items():
            assert old == new or kept.get(new, 0) >= count or kept.get(old, 0) >= count

    @invariant()
    def clause_04_whoever_only_gains_is_not_changed(self):
        for group in self.groups:
            known = {self.memory[key] for key in group if key in self.memory}
            if len(known) == 1 and self.members_of(*known) <= group:
                [profile_id] = known
                assert {self.after[key] for key in group} == known
                assert all(profile_id != one or kind == "created" for kind, one, _ in self.changes)

    @invariant()
    def clause_05_a_merge_goes_where_most_records_went(self):
        for profile_id, into in self.of_kind("merged"):
            went = Counter(self.after[key] for key in self.members_of(profile_id) if key in self.after)
            assert profile_id not in went and went[into] == max(went.values())
            assert self.redirects[profile_id] == into

    @invariant()
    def clause_06_a_split_leaves_the_id_with_one_part(self):
        for profile_id, into in self.of_kind("split"):
            assert into in self.after.values()
            assert profile_id in self.after.values() or profile_id in self.redirects

    @invariant()
    def clause_07_a_profile_without_records_is_retired_once(self):
        gone = set(self.before.values()) - {
            self.memory[key] for key in self.after if key in self.memory
        }
        assert {one for one, _ in self.of_kind("retired")} == gone - set(self.after.values())

    @invariant()
    def clause_08_what_returns_has_its_id_again(self):
        created = {one for one, _ in self.of_kind("created")}
        back = set(self.after.values()) & set(self.known) - set(self.before.values())
        assert created & set(self.known) == back
        assert all(
            one in {self.memory.get(key) for key in self.after if self.after[key] == one} for one in back
        )

    @invariant()
    def clause_09_an_id_is_never_reused(self):
        assert not set(self.after.values()) & self.ended
        new = set(self.after.values()) - set(self.known)
        told = self.of_kind("created") | {(into, None) for _, into in self.of_kind("split")}
        assert {(one, None) for one in new} <= told
        self.ended |= {one for one, _ in self.of_kind("merged")}
        assert self.ended == set(self.redirects)

    @invariant()
    def clause_10_redirects_are_one_step_and_never_a_circle(self):
        assert not set(self.redirects) & set(self.redirects.values())
        assert set(self.redirects.values()) <= set(self.issued)
        assert not set(self.redirects) & set(self.after.values())

    @invariant()
    def clause_11_whatever_changed_is_told(self):
        moved = {
            (self.memory[key], self.after[key])
            for key in self.after
            if key in self.memory and self.memory[key] != self.after[key]
        }
        assert moved == self.of_kind("merged") | self.of_kind("split")
        ended = {one for kind, one, _ in self.changes if kind in ("merged", "retired")}
        assert set(self.before.values()) - set(self.after.values()) <= ended

    @invariant()
    def clause_12_an_id_is_resolved_as_of_any_day(self):
        self.history.publish()
        asked = [
            (one, FIRST_NIGHT + timedelta(days=night), self.stood_for[night].get(one))
            for night in range(len(self.stood_for))
            for one in self.issued
        ]
        if asked:
            ids, days, expected = zip(*asked)
            found = self.history.con.execute(
                "select list(resolve(one, day) order by nth) from (select unnest($1::varchar[]) as one,"
                " unnest($2::timestamp[]) as day, unnest(range(len($1))) as nth)",
                [list(ids), list(days)],
            ).fetchall()
            assert found == [(list(expected),)]

    @invariant()
    def clause_13_looking_at_what_changed_is_enough(self):
        assert self.other.state() == self.history.state()

    def members_of(self, profile_id):
        return {key for key, one in self.memory.items() if one == profile_id}


TestEveryHistoryKeepsTheContract = Company.TestCase
TestEveryHistoryKeepsTheContract.settings = settings(
    max_examples=12, stateful_step_count=8, deadline=None
)
