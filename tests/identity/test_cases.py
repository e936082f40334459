"""Every hard case of cases.yaml, through the SQL models and the shipped model."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["claim"] for case in CASES])
def test_case(load, resolve, case):
    load(case["records"], record_links=case.get("links", ()))
    expected = {frozenset(group) for group in case.get("groups", ())}
    alone = set(case["records"]) - {key for group in expected for key in group}
    assert resolve() == expected | {frozenset([key]) for key in alone}
