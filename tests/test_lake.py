"""The lake: what is committed is whole, what changed is known, what was killed is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from dagster_project.lake import Lake, LakeError, LockedError, connect, exclusive, write_parquet


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


def put(lake: Lake, con, rows: str, *, table: str = "golden.things", keys: str | None = None):
    """Commit `rows` (a VALUES list of key, value), whole or in place of `keys`."""
    with lake.staging(table) as place:
        staged = place / "rows.parquet"
        write_parquet(con, f"from (values {rows}) as t (k, v)", staged, order=("k",))
        if keys is None:
            return lake.commit_whole(table, staged, made_from={}, partition="k")
        kept = place / "keys.parquet"
        write_parquet(con, f"from (values {keys}) as t (k)", kept, order=("k",))
        return lake.commit_replacing(table, staged, kept, made_from={})


def rows(lake: Lake, con, table: str = "golden.things") -> list[tuple]:
    return sorted(con.execute(lake.scan(table)).fetchall())


def test_the_same_rows_give_the_same_bytes_and_the_same_version(lake, con):
    first = put(lake, con, "(1, 'a'), (2, 'b')")
    again = put(lake, con, "(2, 'b'), (1, 'a')")
    assert again == first


def test_more_rows_than_memory_are_written_in_order(tmp_path):
    kinds = " union all ".join(
        f"""select md5(n || '{kind}') as k, md5(k) || md5(k || 'a') || md5(k || 'b') as v
        from range(75000) t (n)"""
        for kind in range(8)
    )
    written = tmp_path / "rows.parquet"
    with connect(memory="100MB", spill=tmp_path / "spill") as con:
        write_parquet(con, kinds, written, order=("k",))
        in_order = con.execute(
            f"""select count(*), bool_and(k > before)
            from (select k, lag(k, 1, '') over () as before from '{written}')"""
        ).fetchall()
    assert in_order == [(600_000, True)]
    assert [path.name for path in tmp_path.glob("*.parquet")] == ["rows.parquet"]


def test_a_part_replaces_all_rows_of_its_keys_and_no_other(lake, con):
    put(lake, con, "(1, 'a'), (1, 'b'), (2, 'c')")
    put(lake, con, "(1, 'z'), (3, 'n')", keys="(1), (3)")
    assert rows(lake, con) == [(1, "z"), (2, "c"), (3, "n")]


def test_a_key_without_new_rows_is_deleted(lake, con):
    put(lake, con, "(1, 'a'), (2, 'c')")
    put(lake, con, "(3, 'x')", keys="(1), (3)")
    assert rows(lake, con) == [(2, "c"), (3, "x")]


def test_the_latest_part_wins_over_earlier_ones(lake, con):
    put(lake, con, "(1, 'a'), (2, 'b')")
    put(lake, con, "(1, 'c')", keys="(1)")
    put(lake, con, "(1, 'd')", keys="(1)")
    assert rows(lake, con) == [(1, "d"), (2, "b")]


def test_changes_since_a_version_are_the_rows_before_and_after(lake, con):
    base = put(lake, con, "(1, 'a'), (2, 'b')")
    put(lake, con, "(1, 'c')", keys="(1)")
    changes = lake.changes("golden.things", base.version)
    assert not changes.everything
    assert con.execute(changes.before[0]).fetchall() == [(1, "a")]
    assert con.execute(changes.after[0]).fetchall() == [(1, "c")]


def test_nothing_changed_since_the_current_version(lake, con):
    base = put(lake, con, "(1, 'a')")
    changes = lake.changes("golden.things", base.version)
    assert (changes.everything, changes.before, changes.after) == (False, (), ())


def test_everything_changed_since_a_version_that_nobody_remembers(lake, con):
    put(lake, con, "(1, 'a')")
    assert lake.changes("golden.things", "never").everything


def test_compaction_keeps_the_rows_and_the_version(lake, con):
    put(lake, con, "(1, 'a'), (2, 'b')")
    before = put(lake, con, "(2, 'c')", keys="(2)")
    after = lake.compact(con, "golden.things", ("k",))
    assert after.version == before.version
    assert len(after.parts) == 1
    assert rows(lake, con) == [(1, "a"), (2, "c")]


def test_a_table_that_only_lost_rows_is_compacted_in_its_order(lake, con):
    numbers = "select n as k, md5(n::varchar) as v from range(300000) t (n)"
    with lake.staging("golden.things") as place:
        staged, keys = place / "rows.parquet", place / "keys.parquet"
        write_parquet(con, numbers, staged, order=("k",))
        lake.commit_whole("golden.things", staged, made_from={}, partition="k")
        write_parquet(con, f"from ({numbers}) where false", staged, order=("k",))
        write_parquet(con, f"select k from ({numbers}) where k % 7 = 0", keys, order=("k",))
        lake.commit_replacing("golden.things", staged, keys, made_from={})
    [part] = lake.compact(con, "golden.things", ("k",)).parts
    there = con.execute(f"from '{lake.directory('golden.things') / part.file}'").fetchall()
    assert [k for k, _ in there] == [n for n in range(300_000) if n % 7]


def test_readers_of_a_compacted_table_see_what_comes_after_as_a_part(lake, con):
    put(lake, con, "(1, 'a'), (2, 'b')")
    read = put(lake, con, "(2, 'c')", keys="(2)")
    lake.compact(con, "golden.things", ("k",))
    put(lake, con, "(1, 'd')", keys="(1)")
    changes = lake.changes("golden.things", read.version)
    assert con.execute(changes.after[0]).fetchall() == [(1, "d")]


def test_rows_set_aside_stay_in_the_part_and_out_of_the_table(lake, con, tmp_path):
    with lake.staging("raw.things") as place:
        write_parquet(con, "from (values ('a'), ('bad'), ('c')) as t (v)", place / "p", order=())
        write_parquet(con, "from (values (2)) as t (row_number)", place / "q", order=())
        lake.commit_added("raw.things", [(place / "p", place / "q", None, {})], made_from={})
    assert rows(lake, con, "raw.things") == [("a",), ("c",)]


@pytest.mark.fault(12)
def test_a_damaged_file_is_named_and_not_read(lake, con):
    manifest = put(lake, con, "(1, 'a')")
    path = lake.directory("golden.things") / manifest.parts[0].file
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(LakeError, match=path.name):
        Lake(lake.root).scan("golden.things")


@pytest.mark.fault(2)
def test_what_a_killed_run_left_is_swept_and_what_counts_stays(lake, con):
    put(lake, con, "(1, 'a')")
    place = lake.directory("golden.things")
    (place / "orphan.parquet").write_bytes(b"torn")
    (place / ".staging").mkdir()
    assert Lake(lake.root).sweep() == 2
    assert rows(Lake(lake.root), con) == [(1, "a")]


def test_another_lake_shares_the_files_and_outlives_the_first(lake, con, tmp_path):
    put(lake, con, "(1, 'a')")
    lake.link_to(tmp_path / "state", "golden.things")
    for path in lake.directory("golden.things").iterdir():
        path.unlink()
    assert rows(Lake(tmp_path / "state"), con) == [(1, "a")]


@pytest.mark.fault(6)
def test_the_lock_is_held_by_one_and_says_by_whom(tmp_path):
    with exclusive(tmp_path / "lock", purpose="cdp run"):
        with pytest.raises(LockedError, match=f"cdp run, process {os.getpid()}, since 20"):
            with exclusive(tmp_path / "lock", purpose="another"):
                pass


@pytest.mark.fault(7)
def test_the_lock_is_free_once_its_holder_was_killed(tmp_path):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from dagster_project.lake import exclusive\n"
        "with exclusive(Path(sys.argv[1]), purpose='doomed'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path / "lock")], check=False)
    assert ended.returncode == -9
    with exclusive(tmp_path / "lock", purpose="the next"):
        pass


def test_a_home_with_a_glob_in_its_path_is_refused(tmp_path):
    with pytest.raises(LakeError, match="glob character"):
        Lake(Path(tmp_path / "a[b]"))
