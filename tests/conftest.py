"""What all tests share: the sample company run once, and runs on homes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import SAMPLE, nightly


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory) -> Path:
    """A home in which the sample company's two nights were run as one. Tests only read it."""
    home = tmp_path_factory.mktemp("sample") / "home"
    nightly(SAMPLE / "exports", home)
    return home
