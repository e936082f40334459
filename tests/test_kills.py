"""A run that is killed at random moments and started again ends as one that nobody disturbed."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from support import published_of

from dagster_project.settings import PROJECT

NIGHTLY = """
import sys; from pathlib import Path
sys.path.append("tests"); from support import nightly
nightly(*map(Path, sys.argv[1:]))
"""
# The job without its engine: its fixed costs would be most of what is killed.


def started(company: Path, home: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", NIGHTLY, str(company), str(home)], cwd=PROJECT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )


def parquet_of(home: Path) -> dict[str, bytes]:
    """Every committed Parquet file of the lake, by its place."""
    lake = home / "lake"
    return {str(p.relative_to(lake)): p.read_bytes() for p in sorted(lake.rglob("*.parquet"))}


def test_killed_at_twenty_random_moments_and_started_again(company, tmp_path):
    began = time.monotonic()
    output, _ = (undisturbed := started(company, tmp_path / "undisturbed")).communicate()
    assert undisturbed.returncode == 0, output
    whole = time.monotonic() - began
    chance = random.Random(20)
    killed = 0
    while killed < 20:
        # A part of a run at a time: it goes on where it stopped, so kills fall into all of it.
        process = started(company, tmp_path / "disturbed")
        try:
            process.communicate(timeout=chance.uniform(0.12, 0.4) * whole)
            shutil.rmtree(tmp_path / "disturbed")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
    output, _ = (last := started(company, tmp_path / "disturbed")).communicate()
    assert last.returncode == 0, output
    assert parquet_of(tmp_path / "disturbed") == parquet_of(tmp_path / "undisturbed")
    assert published_of(tmp_path / "disturbed") == published_of(tmp_path / "undisturbed")
