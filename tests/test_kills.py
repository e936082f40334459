"""A run that is killed at random moments and started again ends as one that nobody disturbed.

CDP_KILLS says how often; `python benchmarks/faults.py --kills 100` does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import forked
import pytest
from forked import Forked
from support import published_of

NIGHTLY = """
import sys
from pathlib import Path
from support import nightly
nightly(*map(Path, sys.argv[1:]))
"""

KILLS = int(os.environ.get("CDP_KILLS", "8"))


@pytest.fixture
def run(company, tmp_path) -> Callable[[str], Forked]:
    """run("disturbed") begins a run in the home of that name: of the company's first night, without the
    many files of its streams of events."""
    streams = shutil.ignore_patterns("segment", "sendgrid", "weblogs")
    exports = shutil.copytree(min(company.iterdir()), tmp_path / "exports", ignore=streams)
    return lambda home: forked.python(NIGHTLY, exports, tmp_path / home)


def parquet_of(home: Path) -> dict[str, bytes]:
    """Every committed Parquet file of the lake, by its place."""
    lake = home / "lake"
    return {str(p.relative_to(lake)): p.read_bytes() for p in sorted(lake.rglob("*.parquet"))}


@pytest.mark.fault(1, 2, 3)
def test_killed_at_random_moments_and_started_again(run, tmp_path):
    began = time.monotonic()
    assert run("undisturbed").end().returncode == 0
    whole = time.monotonic() - began
    # both hash under one key, so that the subject index is the same
    shutil.copytree(tmp_path / "undisturbed.privacy", tmp_path / "disturbed.privacy")
    chance = random.Random(20)
    killed = 0
    while killed < KILLS:
        # A part of a run at a time: it goes on where it stopped, so kills fall into all of it.
        code = run("disturbed").end(after=chance.uniform(0.02, 0.2) * whole).returncode
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            shutil.rmtree(tmp_path / "disturbed")
        killed += code != 0
    assert run("disturbed").end().returncode == 0
    assert parquet_of(tmp_path / "disturbed") == parquet_of(tmp_path / "undisturbed")
    assert published_of(tmp_path / "disturbed") == published_of(tmp_path / "undisturbed")
