"""Kills, locks, disks, memory and bits (faults 1 to 12) on the real run, a real kernel and a real disk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import duckdb
import forked
import pytest
from click.testing import CliRunner
from faults.conftest import make, query
from faults.deliveries import THREE, contact, contacts
from support import nightly, published_of

from dagster_project import making
from dagster_project.catalog import load_catalog
from dagster_project.cli import main
from dagster_project.ending import Ending, ending_of
from dagster_project.lake import Lake, LakeError, write_parquet
from dagster_project.nightly import make_all, mend
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, Settings, load_settings

CONTACTS = "raw.salesforce__contact"
NEXT = date(2026, 6, 3)

DOOMED = """
import os, signal, sys; from datetime import date; from pathlib import Path
from dagster_project import lake, publish
from faults.conftest import make
from support import nightly

def die_at(module, name, is_time):
    real = getattr(module, name)
    def dying(*given, **named):
        if is_time(*given):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    setattr(module, name, dying)

exports, home = map(Path, sys.argv[1:3])
"""


def killed(script: str, exports: Path, home: Path) -> None:
    done = forked.python(DOOMED + script, exports, home, cwd=PROJECT).end()
    assert done.returncode == -signal.SIGKILL, done.stderr


def parts(home: Path, table: str) -> dict[str, bytes]:
    place = Lake(home / "lake").directory(table)
    return {path.name: path.read_bytes() for path in sorted(place.glob("*.parquet"))}


# Kills and power -------------------------------------------------------------------------------


@pytest.mark.fault(2)
def test_killed_between_a_file_s_rename_and_its_manifest_the_orphan_goes(land, tmp_path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "Contact.csv").write_bytes(THREE)
    killed(
        f"""die_at(lake, "write_atomically", lambda path, text: path.parent.name == "{CONTACTS[4:]}"
            and list(path.parent.glob("*.parquet")))
make(exports, home)""",
        tmp_path / "exports", tmp_path / "home",
    )
    orphans = parts(tmp_path / "home", CONTACTS)
    manifest = Lake(tmp_path / "home" / "lake").manifest(CONTACTS)
    assert len(orphans) == 1 and manifest.parts == ()
    (tmp_path / "home" / "lake" / "raw" / CONTACTS[4:] / "torn.parquet").write_bytes(b"PAR1")
    assert land({}).files["Contact.csv"]["rows_accepted"] == 3
    make(tmp_path / "exports", tmp_path / "undisturbed")
    assert parts(tmp_path / "home", CONTACTS) == parts(tmp_path / "undisturbed", CONTACTS)


@pytest.mark.fault(3)
@pytest.mark.parametrize("moment", ["sync", "swap_link"])
def test_killed_while_publishing_the_old_database_is_served(night, moment):
    home = night / "home"
    before = published_of(home)
    killed(
        f"""die_at(publish, "{moment}", lambda *given: True)
nightly(exports, home, date(2026, 6, 3))""",
        night / "exports", home,
    )
    assert published_of(home) == before
    nightly(night / "exports", home, NEXT)
    assert query(home, "select max(as_of)::date from runs") == [(NEXT,)]
    assert not list((home / "warehouse").glob(".building*"))


@pytest.mark.fault(4)
def test_what_a_killed_writer_left_disturbs_no_reader_and_no_publish(night):
    home = night / "home"
    database = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    script = (
        "import duckdb, os, signal, sys\n"
        "con = duckdb.connect(sys.argv[1])\n"
        "con.execute('pragma disable_checkpoint_on_shutdown')\n"
        "con.execute('create table main.mine as select 42 as answer')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(database)], check=False)
    assert database.with_name("customers.duckdb.wal").exists()
    assert query(home, "select count(*) > 0 from profiles") == [(True,)]
    nightly(night / "exports", home, NEXT)
    served = (home / "warehouse" / "current").resolve()
    assert not list(served.glob("*.wal"))
    assert query(home, "select count(*) from duckdb_tables() where table_name = 'mine'") == [(0,)]
    assert query(home, "select max(as_of)::date from runs") == [(NEXT,)]


def test_what_an_analyst_wrote_into_the_database_is_not_carried_on(night):
    home = night / "home"
    served = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(served)) as con:
        con.execute("update profiles set first_name = 'Mallory'")
    nightly(night / "exports", home, NEXT)
    assert query(home, "select max(as_of)::date from runs") == [(NEXT,)]
    assert query(home, "select count(*) from profiles where first_name = 'Mallory'") == [(0,)]


@pytest.mark.fault(5)
def test_a_file_is_on_disk_before_its_name_and_the_manifest_comes_last(tmp_path, monkeypatch):
    happened = []
    fsync, rename = os.fsync, Path.rename

    def synced(handle):
        happened.append(("fsync", Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        fsync(handle)

    def renamed(path, target):
        happened.append(("rename", path.name, Path(target).name))
        return rename(path, target)

    lake = Lake(tmp_path / "lake")
    with duckdb.connect() as con, lake.staging("golden.things") as place:
        write_parquet(con, "select 1 as k", place / "rows.parquet", order=("k",))
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "rename", renamed)
        part = lake.commit_whole("golden.things", place / "rows.parquet", made_from={}).parts[0].file
    pid = os.getpid()
    assert happened == [
        ("fsync", "rows.parquet"),
        ("rename", "rows.parquet", part),
        ("fsync", "things"),
        ("fsync", f".manifest.json.{pid}"),
        ("rename", f".manifest.json.{pid}", "manifest.json"),
        ("fsync", "things"),
    ]


@pytest.mark.fault(8)
def test_a_reader_keeps_its_snapshot_while_another_is_published(night):
    home = night / "home"
    link = home / "warehouse" / "current" / "customers.duckdb"
    with duckdb.connect(str(link.resolve()), read_only=True) as reader:
        before = reader.execute("select max(as_of)::date from runs").fetchall()
        nightly(night / "exports", home, NEXT)
        assert reader.execute("select max(as_of)::date from runs").fetchall() == before
        assert query(home, "select max(as_of)::date from runs") == [(NEXT,)]


# Disk and memory -------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, megabytes: int):
    """A real file system of that size. Gives what makes it larger."""
    place.mkdir()

    def mount(*options: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], capture_output=True, check=False
        )

    if mount("-o", f"size={megabytes}m").returncode:
        pytest.skip("mounting a small file system needs root, and the right to mount")
    try:
        yield lambda more: mount("-o", f"remount,size={more}m")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def cdp(*given: object):
    return CliRunner().invoke(main, [str(one) for one in given], catch_exceptions=False)


def used(place: Path) -> int:
    """Whole megabytes in use."""
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize >> 20


@pytest.mark.fault(9)
def test_a_full_disk_while_staging_ends_with_four_and_the_old_state_is_served(night, tmp_path):
    with small_disk(tmp_path / "disk", 400) as grow:
        home = shutil.copytree(night / "home", tmp_path / "disk" / "home", symlinks=True)
        before = published_of(home)
        grow(used(tmp_path / "disk") + 2)
        done = cdp("run", "--exports", night / "exports", "--home", home, "--as-of", NEXT)
        assert done.exit_code == 4, done.output
        assert "the disk" in done.output and "Traceback" not in done.output
        assert published_of(home) == before
        assert not [p for p in (home / "lake").rglob(".staging")]
        grow(400)
        nightly(night / "exports", home, NEXT)
        assert query(home, "select max(as_of)::date from runs") == [(NEXT,)]


LARGE = "select hash(range) as k, repeat(chr((65 + range % 26)::integer), 200) as v from range({rows})"


def sorted_table(exports: Path, home: Path, rows: int, **chosen) -> tuple[int | None, Ending]:
    """A table larger than the memory, made by a run as any other is: its rows, and how the run ended."""
    exports.mkdir(exist_ok=True)
    settings = Settings(exports=exports, home=home, **chosen)
    with open_run(settings, as_of=NEXT) as run:
        with suppress(duckdb.Error):
            making.make_table(
                run, "golden.large", code="large", inputs=(), grain=("k",),
                compute=lambda: LARGE.format(rows=rows),
            )
        made = Lake(home / "lake").manifest("golden.large")
        return made and made.notes["rows"], ending_of(run)


@pytest.mark.fault(10)
def test_a_disk_full_while_spilling_is_named_and_passes_once_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", 20) as grow:
        given = (tmp_path / "exports", tmp_path / "disk" / "home", 600_000)
        rows, ending = sorted_table(*given, memory_limit="100MB")
        assert (rows, ending.code) == (None, 4)
        assert str(tmp_path / "disk" / "home" / "lake" / ".scratch" / "spill") in ending.failures[0].reason
        grow(600)
        assert sorted_table(*given, memory_limit="100MB")[0] == 600_000


@pytest.mark.fault(11)
def test_more_than_the_memory_spills_and_else_ends_with_nothing_half_committed(tmp_path):
    given = (tmp_path / "exports", tmp_path / "home", 300_000)
    rows, ending = sorted_table(*given, memory_limit="8MB")
    assert (rows, ending.code) == (None, 4)
    assert sorted_table(*given, memory_limit="100MB")[0] == 300_000


@pytest.mark.fault(11)
def test_a_run_with_too_little_memory_ends_with_four(night, monkeypatch):
    monkeypatch.chdir(night)
    (night / "cdp.toml").write_text('memory_limit = "1MB"\n')
    done = cdp("run", "--exports", night / "exports", "--home", night / "home", "--as-of", NEXT)
    assert done.exit_code == 4, done.output
    assert "memory_limit" in done.output
    assert query(night / "home", "select max(as_of)::date from runs") != [(NEXT,)]


# Bits ------------------------------------------------------------------------------------------


def flip(lake: Path, table: str) -> Path:
    """Turn one bit in the middle of a table's first part; other links to the file keep it as it was."""
    part = next(Lake(lake).directory(table).glob("*.parquet"))
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.unlink()
    part.write_bytes(damaged)
    return part


def mended(exports: Path, home: Path) -> list[str]:
    """Run, let go of what is damaged, and run again, as `cdp run` does. Returns what was damaged."""
    settings = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    catalog, found = load_catalog(settings), []
    while True:
        with open_run(settings, as_of=NEXT) as run:
            try:
                make_all(run, catalog)
            except LakeError:
                found.append(mend(run, catalog))
                if found[-1]:
                    continue
                raise
            return found


@pytest.mark.fault(12)
def test_a_flipped_bit_is_found_and_what_can_be_made_anew_is(night):
    home = night / "home"
    clean = parts(home, CONTACTS)
    flip(home / "lake", CONTACTS)
    flip(home / "lake", "golden.profiles")
    (night / "exports" / "2026-06-03.csv").write_bytes(contacts(contact(900)))
    assert [CONTACTS] in mended(night / "exports", home)
    assert set(clean.items()) <= set(parts(home, CONTACTS).items())
    found = "select count(*) from profile_records where record_id = '003000000000900AAA'"
    assert query(home, found) == [(1,)]


@pytest.mark.fault(12)
def test_a_flipped_bit_in_the_state_is_named_and_nothing_is_published(night):
    home = night / "home"
    damaged = flip(home / "state" / "current", "identity.issued_profile_ids")
    before = published_of(home)
    (night / "exports" / "2026-06-03.csv").write_bytes(contacts(contact(900)))
    with pytest.raises(LakeError, match=damaged.name):
        mended(night / "exports", home)
    assert published_of(home) == before
