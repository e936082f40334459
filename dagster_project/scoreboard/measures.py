"""What is asked of a night: every measure's share of what is right, and the floors below which none may fall."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.lake import quoted

MEASURES = tuple(sorted(Path(__file__).parent.glob("*.sql")))


OWNERS = """
create view truth.owners as
select profile_id, max_by(person_id, (n, person_id)) as person_id
from (
    select profile_id, person_id, count(*) as n
    from published.main.profile_records inner join truth.records using (record_key)
    group by all
)
group by profile_id"""
"""Whose each profile mostly is, by its records; beside the tables of the truth."""


@dataclass(frozen=True)
class Measure:
    """How much of something is right, and how much is not; counts, or sums of shares."""

    name: str
    detail: str | None
    right: float
    wrong: float

    @property
    def share(self) -> float:
        """1 where there was nothing to be wrong about."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0


@dataclass(frozen=True)
class Floor:
    """What a measure must reach: at least this share, or (where `most_wrong` is given) so many wrong."""

    name: str
    least: float | None = None
    most_wrong: int | None = None

    @property
    def words(self) -> str:
        return f"at least {self.least:.2f}" if self.most_wrong is None else f"{self.most_wrong} wrong"

    def holds(self, measures: list[Measure]) -> bool:
        right, wrong = (sum(one.right for one in measures), sum(one.wrong for one in measures))
        if self.most_wrong is not None:
            return wrong <= self.most_wrong
        return Measure(self.name, None, right, wrong).share >= self.least


FLOORS = (
    Floor("pairwise precision", least=0.99),
    Floor("pairwise recall", least=0.95),
    Floor("ids kept or changed with cause", most_wrong=0),
    Floor("money to the cent", most_wrong=0),
    Floor("grants of consent", most_wrong=0),
)


def take(database: Path, truth: Path, before: Path | None) -> list[Measure]:
    """Every measure of a published night. The first night has none before it: it is its own."""
    with duckdb.connect() as con:
        con.execute(f"attach {quoted(database)} as published (read_only)")
        con.execute(f"attach {quoted(before or database)} as before (read_only)")
        con.execute("attach ':memory:' as truth")
        for path in sorted(truth.glob("*.parquet")):
            con.execute(f"create view truth.{path.stem} as from read_parquet({quoted(path)})")
        con.execute(OWNERS)
        con.execute("use published")
        found = []
        for path in MEASURES:
            rows = con.execute(path.read_text(encoding="utf-8")).fetchall()
            found += [Measure(name, detail, float(right or 0), float(wrong or 0))
                      for name, detail, right, wrong in rows]
    return sorted(found, key=lambda one: (one.name, one.detail or ""))
