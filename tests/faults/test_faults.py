"""Every fault of docs/faults.md has a test that says so."""

from __future__ import annotations

import re

import pytest

from dagster_project.settings import PROJECT


def numbered() -> list[int]:
    text = (PROJECT / "docs" / "faults.md").read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]


def shown() -> set[int]:
    found = set()
    for path in (PROJECT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for listed in re.findall(r"mark\.fault\(([\d, ]+)\)", text):
            found |= {int(number) for number in listed.split(",")}
        found |= {int(number) for number in re.findall(r"^        fault\((\d+), ", text, re.MULTILINE)}
    return found


def test_the_table_has_forty_four_rows():
    assert numbered() == list(range(1, 45))


@pytest.mark.parametrize("number", numbered())
def test_every_fault_has_a_test(number):
    assert number in shown()
