"""A run that is killed at random moments and started again ends as one that nobody disturbed.

CDP_KILLS says how often; `python benchmarks/faults.py --kills 100` does.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import published_of

from dagster_project.settings import PROJECT

NIGHTLY = """
import os, sys, threading
from pathlib import Path
sys.path.append("tests")
from support import PROJECT, load_catalog, load_settings, nightly
company, home = map(Path, sys.argv[1:])
load_catalog(load_settings(directory=PROJECT, environment={}))
assert threading.active_count() == 1
for line in sys.stdin:
    process = os.fork()
    if process == 0:
        nightly(company, home / line.strip())
        os._exit(0)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Starts a run in a process of its own per line: forked, since what a process reads before it begins
would be most of what is killed."""

KILLS = int(os.environ.get("CDP_KILLS", "8"))


class Runs:
    """Runs of one company's exports, each a process that can be killed."""

    def __init__(self, company: Path, homes: Path) -> None:
        self.parent = subprocess.Popen(
            [sys.executable, "-c", NIGHTLY, str(company), str(homes)], cwd=PROJECT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def start(self, home: str) -> int:
        """Begin a run; returns its process."""
        self.parent.stdin.write(f"{home}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def end(self, process: int, *, after: float | None = None) -> int:
        """Its exit code: 0, or -9 if it was killed, which happens after so many seconds."""
        if after is not None:
            is_over, _, _ = select.select([self.parent.stdout], [], [], after)
            if not is_over:
                os.kill(process, signal.SIGKILL)
        return int(self.parent.stdout.readline())


@pytest.fixture
def runs(company, tmp_path) -> Iterator[Runs]:
    """Of the company's first night, without the many files of its streams of events."""
    streams = shutil.ignore_patterns("segment", "sendgrid", "weblogs")
    exports = shutil.copytree(min(company.iterdir()), tmp_path / "exports", ignore=streams)
    started = Runs(exports, tmp_path)
    yield started
    started.parent.stdin.close()
    started.parent.wait()


def parquet_of(home: Path) -> dict[str, bytes]:
    """Every committed Parquet file of the lake, by its place."""
    lake = home / "lake"
    return {str(p.relative_to(lake)): p.read_bytes() for p in sorted(lake.rglob("*.parquet"))}


@pytest.mark.fault(1, 2, 3)
def test_killed_at_random_moments_and_started_again(runs, tmp_path):
    began = time.monotonic()
    assert runs.end(runs.start("undisturbed")) == 0
    whole = time.monotonic() - began
    # both hash under one key, so that the subject index is the same
    shutil.copytree(tmp_path / "undisturbed.privacy", tmp_path / "disturbed.privacy")
    chance = random.Random(20)
    killed = 0
    while killed < KILLS:
        # A part of a run at a time: it goes on where it stopped, so kills fall into all of it.
        code = runs.end(runs.start("disturbed"), after=chance.uniform(0.02, 0.2) * whole)
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            shutil.rmtree(tmp_path / "disturbed")
        killed += code != 0
    assert runs.end(runs.start("disturbed")) == 0
    assert parquet_of(tmp_path / "disturbed") == parquet_of(tmp_path / "undisturbed")
    assert published_of(tmp_path / "disturbed") == published_of(tmp_path / "undisturbed")
