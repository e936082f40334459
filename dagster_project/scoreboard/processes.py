"""Commands of cdp, each in a process of its own, and what it took.

A process is forked from one that has imported what commands need, and is charged with what that took: the
figures are those of a command that starts by itself, and nobody waits for thirty starts.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

CLI, STARTED = "dagster_project.cli", "dagster_project.scoreboard.started"
IMPORTED = ("great_expectations", CLI, "dagster_project.catalog", "dagster_project.nightly", STARTED)
KILLED = -9


@dataclass(frozen=True)
class Used:
    """What a command took: its exit code, CPU and wall seconds, and the peak of its memory in bytes."""

    code: int
    cpu_seconds: float
    seconds: float
    peak_bytes: int

    def and_then(self, other: Used) -> Used:
        """Both, one after the other; the code is the last one's."""
        return Used(
            other.code, self.cpu_seconds + other.cpu_seconds, self.seconds + other.seconds,
            max(self.peak_bytes, other.peak_bytes),
        )


def measured(
    *arguments: str, directory: Path | None = None, environment: Mapping[str, str] | None = None
) -> Used:
    """Run a command of cdp, in a directory whose cdp.toml holds; what it says is dropped."""
    forks = get_context("forkserver")
    forks.set_forkserver_preload(list(IMPORTED))
    ours, theirs = forks.Pipe(duplex=False)
    began = time.monotonic()
    process = forks.Process(target=_work, args=(theirs, arguments, directory, dict(environment or {})))
    process.start()
    theirs.close()
    try:
        code, cpu_seconds, peak_bytes = ours.recv()
    except EOFError:
        code, cpu_seconds, peak_bytes = KILLED, 0.0, 0
    process.join()
    return Used(code, cpu_seconds, time.monotonic() - began, peak_bytes)


def _work(
    told: Connection, arguments: tuple[str, ...], directory: Path | None, environment: dict[str, str]
) -> None:
    main, started = import_module(CLI).main, import_module(STARTED)
    os.environ |= environment
    if directory:
        os.chdir(directory)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    try:
        main(list(arguments), prog_name="cdp")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told.send((code, started.CPU_SECONDS + used.ru_utime + used.ru_stime, peak))
