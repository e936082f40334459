"""The clauses of docs/identity-contract.md, each on a few records and all on random histories."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity import profile_ids

FIRST_NIGHT = datetime(2026, 6, 1)
STATE = {
    "previous_profile_records": "profile_records_next",
    "vanished_profile_records": "vanished_profile_records_next",
    "issued_profile_ids": "issued_profile_ids_next",
}


class History:
    """Nights one after the other; each hands its state to the next as the pipeline does."""

    def __init__(self):
        self.con = duckdb.connect()
        self.con.execute("set threads = 1")
        self.night = 0
        profile_ids.start(self.con)

    def run(self, *groups):
        """One night with these clusters; returns record -> profile."""
        rows = [(key, min(group)) for group in groups for key in group]
        self.con.execute(
            "create or replace table identity_clusters_tonight (record_key varchar, cluster varchar)"
        )
        if rows:
            self.con.executemany("insert into identity_clusters_tonight values (?, ?)", rows)
        profile_ids.carry(
            self.con, run_id=f"run{self.night}", as_of=FIRST_NIGHT + timedelta(days=self.night)
        )
        for table, made in STATE.items():
            self.con.execute(f"create or replace table {table} as select * from {made}")
        self.night += 1
        return dict(self.rows("select record_key, profile_id from profile_records_next"))

    def rows(self, sql):
        return self.con.execute(sql).fetchall()

    def changes(self):
        return self.rows("select kind, profile_id, into_profile_id from profile_changes_next")

    def redirects(self):
        return dict(self.rows("select profile_id, current_profile_id from profile_redirects_next"))


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


def test_nobody_at_all_is_a_night_like_any_other(history):
    assert history.run() == {}


NIGHTS = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), max_size=8),
    min_size=1,
    max_size=6,
)


def _groups(night):
    return [{k for k, v in night.items() if v == group} for group in set(night.values())]


@settings(max_examples=40, deadline=None)
@given(NIGHTS)
def test_every_history_keeps_the_contract(nights):
    history = History()
    issued, before = set(), {}
    for night in nights:
        groups = _groups(night)
        ids = history.run(*groups)
        # every record is in exactly one profile and a profile is one cluster
        assert set(ids) == set(night)
        assert len(set(ids.values())) == len(groups)
        assert all(len({ids[k] for k in group}) == 1 for group in groups)
        changes, redirects = history.changes(), history.redirects()
        # an id in use redirects nowhere, and what is redirected leads to an id once issued
        assert not set(ids.values()) & set(redirects)
        assert not set(redirects.values()) & set(redirects)
        # a new id was never issued before, unless a vanished profile is back
        created = {p for kind, p, _ in changes if kind == "created"}
        born = {into for kind, _, into in changes if kind == "split"} - issued
        assert set(ids.values()) - set(before.values()) == created | (born & set(ids.values()))
        # whatever happens to a record's profile stands in the changes
        moved = {(before[k], ids[k]) for k in before.keys() & ids.keys() if before[k] != ids[k]}
        told = {(p, into) for kind, p, into in changes if kind in ("merged", "split")}
        assert moved <= told
        # a profile ends by a merge or by retirement, and says so
        ended = {p for kind, p, _ in changes if kind in ("merged", "retired")}
        assert set(before.values()) - set(ids.values()) <= ended
        issued |= set(ids.values())
        before = ids
        # the same night again changes nothing
        assert history.run(*groups) == ids
        assert history.changes() == []


@settings(max_examples=15, deadline=None)
@given(NIGHTS)
def test_the_same_history_gives_the_same_ids(nights):
    one, other = History(), History()
    for night in nights:
        assert one.run(*_groups(night)) == other.run(*reversed(_groups(night)))
        assert one.changes() == other.changes()
