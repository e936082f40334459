"""A landing folder to deliver files into, and calls that take a file as far as its part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from connectors.delivery import Delivery, Limits, preflight
from connectors.detect import Detection, detect
from connectors.reading import Reading, load_functions, read


@pytest.fixture(scope="session")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    ) as connection:
        load_functions(connection)
        yield connection


@dataclass(frozen=True)
class Landing:
    root: Path
    scratch: Path
    con: duckdb.DuckDBPyConnection

    def deliver(self, name: str, content: bytes | str, **options: Limits) -> Delivery:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return preflight(path, root=self.root, scratch=self.scratch, **options)

    def detect(self, content: bytes | str, name: str = "export.csv") -> Detection:
        (member,) = self.deliver(name, content).members
        return detect(member)

    def read(self, content: bytes | str, name: str = "export.csv") -> Reading:
        (member,) = self.deliver(name, content).members
        detection = detect(member)
        assert detection.is_accepted, detection
        return read(member, detection, part=self.root.parent / "part.parquet", con=self.con)

    def rows(self, reading: Reading, columns: str = "*") -> list[tuple]:
        """Rows of the part in their order."""
        return self.con.execute(
            f"select {columns} from read_parquet(?)", [str(reading.part)]
        ).fetchall()


@pytest.fixture
def landing(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> Landing:
    root = tmp_path / "landing"
    root.mkdir()
    return Landing(root, tmp_path / "scratch", con)


@pytest.fixture
def reasons() -> Callable[[Reading], list[tuple]]:
    """What was set aside and why, as (row number, column, reason)."""

    def of(reading: Reading) -> list[tuple]:
        return [
            (entry["row_number"], entry["column_name"], entry["reason"])
            for entry in reading.quarantine.to_pylist()
        ]

    return of
