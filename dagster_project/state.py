"""What cannot be derived again: profile ids, segment history, the record of runs.

State is a set of lake tables promoted when a run publishes: state(n) = f(state(n-1), inputs). It lies
in a directory of its own per run, and `current` is a link that is swapped in one step, so state
changes with the run or not at all. What the tables mean is not known here.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from dagster_project.lake import Lake, sync, write_atomically


class State:
    """The state below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lake = Lake((root / "current").resolve())

    @property
    def origin(self) -> dict:
        """Which run promoted the state, and the fingerprint of that run's inputs."""
        path = self.root / "current" / "origin.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def relation(self, table: str, empty: str) -> str:
        """SQL over the promoted table, or `empty` (a SELECT of no row) before the first run."""
        return self.lake.scan(table) if self.lake.manifest(table) else empty

    def extra(self, lake: Lake, table: str) -> object:
        """What the state adds to a table's `made_from`.

        The state that a table itself became is the state it was made from, one run later: making it
        again would change nothing, so it does not count as a change.
        """
        before, version = lake.manifest(table), self.lake.version(table)
        if before and version == before.version:
            return before.made_from["extra"]
        return version

    def promote(
        self, lake: Lake, tables: Sequence[str], *, run_id: str, inputs: str, keep: int = 3
    ) -> None:
        """Make today's tables the state that the next run starts from; they share the lake's files.
        Of the states before it the newest stay, `keep` in all."""
        place = self.root / "versions" / run_id
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for table in tables:
            lake.link_to(place, table)
        origin = {"run_id": run_id, "inputs": inputs}
        write_atomically(place / "origin.json", json.dumps(origin, sort_keys=True) + "\n")
        swap_link(self.root / "current", Path("versions") / run_id)
        for older in beyond(self.root / "versions", keep, besides=run_id):
            shutil.rmtree(older)


def swap_link(link: Path, target: Path) -> None:
    """Point `link` at `target` in one step; readers see the old or the new, never neither."""
    staged = link.with_name(f".{link.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    staged.symlink_to(target)
    staged.rename(link)
    sync(link.parent)


def beyond(directory: Path, count: int, *, besides: str) -> list[Path]:
    """The directories that are not of the newest `count`, the newest first; never the one named `besides`."""
    there = (path for path in directory.glob("[!.]*") if path.is_dir() and not path.is_symlink())
    found = [path for path in there if path.name != besides]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)[count - 1 :]
