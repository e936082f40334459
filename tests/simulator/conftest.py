"""One small simulated company for all tests here: 2,000 people, three nights."""

import csv
from pathlib import Path

import pytest

import simulator

PEOPLE, NIGHTS = 2000, 3


@pytest.fixture(scope="session")
def company(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("company")
    simulator.simulate(target, people=PEOPLE, nights=NIGHTS, seed=7)
    return target


@pytest.fixture(scope="session")
def nights(company) -> list[Path]:
    return sorted((company / "exports").iterdir())


@pytest.fixture(scope="session")
def rows():
    """Reads one CSV file of an export as dictionaries, in whatever encoding it is."""

    def read(path: Path) -> list[dict[str, str]]:
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")
        return list(csv.DictReader(text.splitlines(keepends=True)))

    return read
