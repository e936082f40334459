"""What all tests share: the sample company run once, and runs on homes of their own."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from support import SAMPLE, made_once, nightly

from simulator import simulate


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory) -> Path:
    """A home in which the sample company's two nights were run as one. Tests only read it."""
    made = made_once(
        tmp_path_factory, "sample home", lambda place: nightly(SAMPLE / "exports", place / "home")
    )
    return made / "home"


@pytest.fixture(scope="session")
def company(tmp_path_factory) -> Path:
    """The exports of a smaller company, for the tests that run the job several times; of its streams of
    events only this year's files, since reading one costs the same however little is in it."""

    def make(place: Path) -> None:
        simulate(place, people=120, nights=2, seed=3)
        for stream in ("segment", "sendgrid", "weblogs"):
            for path in (place / "exports").glob(f"*/{stream}/*-2025-*"):
                path.unlink()

    return made_once(tmp_path_factory, "company", make) / "exports"


@pytest.fixture(scope="session")
def company_home(company, tmp_path_factory) -> Path:
    """A home in which that company's nights were run as one. Tests only read it, or copy what is around it."""
    made = made_once(
        tmp_path_factory, "company home", lambda place: nightly(company, place / "home")
    )
    return made / "home"


def pytest_collection_modifyitems(items) -> None:
    """The longest files come first, so that no worker ends up waiting for another."""
    longest = (
        *("test_erase.py", "test_erase_kills.py", "test_tombstones.py", "test_requests.py"),
        *("test_machine.py", "test_cli.py", "test_gate.py", "test_kills.py"),
        *("test_operations.py", "test_pipeline.py"),
    )
    items.sort(key=lambda item: item.path.name not in longest)


def pytest_collection_finish() -> None:
    """What was imported stays to the end, so no collection of garbage need look through it."""
    gc.freeze()
