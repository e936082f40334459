"""Every fault, the tests that show what happens then, and their verdicts, as one table.

    python benchmarks/faults.py [NUMBER …] [--kills N] [--poisoned N] [--markdown FILE]
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
# In place of this folder, in which a module is named as the tests' package.
sys.path[:1] = [str(PROJECT), str(PROJECT / "tests")]


class Verdicts:
    """A plugin that keeps what became of each test, by the faults that it shows."""

    def __init__(self, wanted: set[int]) -> None:
        self.wanted = wanted
        self.of: dict[int, dict[str, str]] = defaultdict(dict)
        self.numbers: dict[str, list[int]] = {}

    def pytest_collection_modifyitems(self, config, items) -> None:
        kept = []
        for item in items:
            numbers = [n for mark in item.iter_markers("fault") for n in mark.args]
            if set(numbers) & self.wanted:
                self.numbers[item.nodeid] = numbers
                kept.append(item)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report) -> None:
        for number in self.numbers[report.nodeid]:
            before = self.of[number].get(report.nodeid, "passed")
            worst = report.outcome if report.outcome != "passed" else before
            self.of[number][report.nodeid] = worst


def rows() -> list[tuple[int, str, str]]:
    text = (PROJECT / "docs" / "faults.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| [^|]+ \|$", text, re.MULTILINE)
    return [(int(number), fault, must) for number, fault, must in found]


def table(verdicts: Verdicts) -> tuple[str, bool]:
    lines = ["| # | fault | what must happen | tests | verdict |", "| --- | --- | --- | --- | --- |"]
    is_good = True
    for number, fault, must in rows():
        if number not in verdicts.wanted:
            continue
        found = verdicts.of.get(number, {})
        outcomes = sorted(set(found.values()))
        verdict = f"{'; '.join(outcomes)} ({len(found)})" if found else "no test"
        is_good &= outcomes == ["passed"]
        names = sorted({node.partition("[")[0].removeprefix("tests/") for node in found})
        lines.append(f"| {number} | {fault} | {must} | {', '.join(names)} | {verdict} |")
    return "\n".join(lines) + "\n", is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--kills", type=int, help="How many random kills; 8 otherwise.")
    parser.add_argument("--poisoned", type=int, help="How many rows have one value; 1000 otherwise.")
    parser.add_argument("--markdown", type=Path, help="Write the table there, too.")
    given = parser.parse_args()
    for name, count in (("CDP_KILLS", given.kills), ("CDP_POISONED", given.poisoned)):
        if count:
            os.environ[name] = str(count)
    verdicts = Verdicts(set(given.numbers or range(1, 45)))
    os.chdir(PROJECT)
    pytest.main(["-q", "--no-header", "--tb=short", "tests"], plugins=[verdicts])
    text, is_good = table(verdicts)
    print(f"\n{text}")
    if given.markdown:
        given.markdown.write_text(text, encoding="utf-8")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
