"""The same arguments give the same bytes, whatever the process, its hashes, threads and zone."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import simulator

ROOT = Path(__file__).parents[2]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize("how", ["nights=2", "nights=4, scenario='month'"])
def test_other_hash_seed_threads_and_time_zone_give_the_same_bytes(tmp_path, how):
    code = (
        "import sys, pathlib, simulator;"
        f"simulator.simulate(pathlib.Path(sys.argv[1]), people=400, seed=3, {how})"
    )
    for name, environment in (
        ("a", {"PYTHONHASHSEED": "1", "TZ": "UTC", "POLARS_MAX_THREADS": "1"}),
        ("b", {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C",
               "POLARS_MAX_THREADS": "4"}),
    ):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / name)], check=True, cwd=ROOT,
            env=os.environ | environment, timeout=120,
        )
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_night_does_not_depend_on_how_many_follow(tmp_path):
    simulator.simulate(tmp_path / "one", people=300, nights=1)
    simulator.simulate(tmp_path / "two", people=300, nights=2)
    one = digests(tmp_path / "one" / "exports")
    two = digests(tmp_path / "two" / "exports")
    assert one.items() <= two.items()


def test_another_seed_is_another_company(tmp_path):
    for seed in (1, 2):
        simulator.simulate(tmp_path / str(seed), people=100, seed=seed)
    assert digests(tmp_path / "1") != digests(tmp_path / "2")


def test_files_carry_the_nights_time(nights):
    stamps = {path.stat().st_mtime for path in nights[1].rglob("*") if path.is_file()}
    assert stamps == {1_780_365_600.0}  # 2026-06-02 02:00 UTC


def test_a_target_that_was_used_before_keeps_nothing_of_it(tmp_path):
    simulator.simulate(tmp_path, people=100, nights=2)
    simulator.simulate(tmp_path, people=100, nights=1)
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["2026-06-01"]


def test_a_folder_with_other_exports_is_left_alone(tmp_path):
    kept = tmp_path / "exports" / "orders.csv"
    kept.parent.mkdir()
    kept.write_text("real")
    with pytest.raises(FileExistsError):
        simulator.simulate(tmp_path, people=100)
    assert kept.read_text() == "real"


def test_a_handful_of_people_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least"):
        simulator.simulate(tmp_path, people=5)
