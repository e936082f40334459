"""A run that is killed at random moments and started again ends as one that nobody disturbed.

CDP_KILLS says how often; `python benchmarks/faults.py --kills 100` does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import published_of

from dagster_project.settings import PROJECT

NIGHTLY = """
import sys; from pathlib import Path
sys.path.append("tests"); from support import nightly
print("begun", flush=True)
nightly(*map(Path, sys.argv[1:]))
"""
# The job without its engine: its fixed costs would be most of what is killed.


KILLS = int(os.environ.get("CDP_KILLS", "30"))


def started(company: Path, home: Path) -> subprocess.Popen:
    """A run in a process of its own, once it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", NIGHTLY, str(company), str(home)], cwd=PROJECT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    process.stdout.readline()
    return process


def parquet_of(home: Path) -> dict[str, bytes]:
    """Every committed Parquet file of the lake, by its place."""
    lake = home / "lake"
    return {str(p.relative_to(lake)): p.read_bytes() for p in sorted(lake.rglob("*.parquet"))}


@pytest.mark.fault(1, 2, 3)
def test_killed_at_thirty_random_moments_and_started_again(company, tmp_path):
    undisturbed = started(company, tmp_path / "undisturbed")
    began = time.monotonic()
    output, _ = undisturbed.communicate()
    assert undisturbed.returncode == 0, output
    whole = time.monotonic() - began
    chance = random.Random(20)
    killed = 0
    while killed < KILLS:
        # A part of a run at a time: it goes on where it stopped, so kills fall into all of it.
        process = started(company, tmp_path / "disturbed")
        try:
            process.communicate(timeout=chance.uniform(0.02, 0.26) * whole)
            shutil.rmtree(tmp_path / "disturbed")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
    output, _ = (last := started(company, tmp_path / "disturbed")).communicate()
    assert last.returncode == 0, output
    assert parquet_of(tmp_path / "disturbed") == parquet_of(tmp_path / "undisturbed")
    assert published_of(tmp_path / "disturbed") == published_of(tmp_path / "undisturbed")
