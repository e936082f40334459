"""What is asked of a night: every measure's share of what is right, and the floors below which none may fall."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.lake import connect, quoted

MEASURES = tuple(sorted(Path(__file__).parent.glob("*.sql")))

OF_RECORDS = ("groups", "ids", "pairs")
"""Measures that need nothing but whom each record is held to be."""

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

OF_THE_ERASED = ("orders", "events", "erasures", "faults")
"""Tables of the truth that still tell of those who were erased; in the others they never were."""

MEMORY = {
    "profile_records": (
        "record_key varchar, profile_id varchar",
        "select record_key, profile_id from published.main.profile_records",
    ),
    "profile_changes": ("change_id varchar", "select change_id from published.main.profile_changes"),
    "owners": (
        "profile_id varchar, person_id varchar",
        """from truth.owners union all
        select * from before.owners where profile_id not in (select profile_id from truth.owners)""",
    ),
}
"""What a night leaves to the next one, as schema `before`: who was in which profile, which changes were
told, and whose every id was when it last was anybody's. Columns, and the SELECT that fills them."""


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


def total(measures: Iterable[Measure], name: str) -> Measure:
    """A measure over all of its details."""
    found = [one for one in measures if one.name == name]
    return Measure(name, None, sum(one.right for one in found), sum(one.wrong for one in found))


@dataclass(frozen=True)
class Floor:
    """What a measure must reach: at least this share, or (where `most_wrong` is given) so many wrong."""

    name: str
    least: float | None = None
    most_wrong: int | None = None

    @property
    def words(self) -> str:
        return f"{self.most_wrong} wrong" if self.least is None else f"at least {self.least:.2f}"

    def told(self, measures: Iterable[Measure]) -> str:
        found = total(measures, self.name)
        return f"{found.wrong:,.0f} wrong" if self.least is None else f"{found.share:.4f}"

    def holds(self, measures: Iterable[Measure]) -> bool:
        found = total(measures, self.name)
        return found.wrong <= self.most_wrong if self.least is None else found.share >= self.least


FLOORS = (
    Floor("pairwise precision", least=0.99),
    Floor("pairwise recall", least=0.95),
    Floor("ids kept or changed with cause", most_wrong=0),
    Floor("money to the cent", most_wrong=0),
    Floor("grants of consent", most_wrong=0),
    Floor("faults handled", most_wrong=0),
    Floor("set aside as planted", most_wrong=0),
    Floor("erased for good", most_wrong=0),
)


def take(database: Path, truth: Path, memory: Path, *, on: date, is_held: bool) -> list[Measure]:
    """Every measure of what is published after the night of `on`. `memory` is a file of its own, of the
    night before until now and of this one from now on."""
    with connect() as con:
        con.execute(f"attach {quoted(database)} as published (read_only)")
        return _ask(con, MEASURES, truth, memory, on=on, is_held=is_held)


def take_links(links: Path, truth: Path, memory: Path, *, on: date) -> list[Measure]:
    """What can be asked of any system that says, in a CSV or Parquet file, which entity each record was in:
    night, record_key, entity_id."""
    with connect() as con:
        con.execute("attach ':memory:' as published")
        con.execute(
            f"""create table published.profile_records as
            select record_key, entity_id::varchar as profile_id from {quoted(links)} where night::date = $on""",
            {"on": on},
        )
        con.execute("create table published.profile_redirects (profile_id varchar, current_profile_id varchar)")
        con.execute(
            """create table published.profile_changes (
                change_id varchar, kind varchar, profile_id varchar, into_profile_id varchar
            )"""
        )
        asked = [path for path in MEASURES if path.stem in OF_RECORDS]
        return _ask(con, asked, truth, memory, on=on, is_held=False)


def _ask(
    con: duckdb.DuckDBPyConnection, asked: Iterable[Path], truth: Path, memory: Path, *, on: date, is_held: bool
) -> list[Measure]:
    """The measures of schema `published`, which is there already; then it is remembered."""
    con.execute(f"attach {quoted(memory)} as before")
    for name, (columns, _) in MEMORY.items():
        con.execute(f"create table if not exists before.{name} ({columns})")
    con.execute("attach ':memory:' as truth")
    con.execute("create table truth.tonight as select $on::date as night, $held as is_held",
                {"on": on, "held": is_held})
    for path in sorted(truth.glob("*.parquet"), key=lambda one: (one.stem != "erasures", one.stem)):
        _tell(con, path)
    con.execute(OWNERS)
    con.execute("use published")
    found = []
    for path in asked:
        rows = con.execute(path.read_text(encoding="utf-8")).fetchall()
        found += [Measure(name, detail, round(float(right or 0), 6), round(float(wrong or 0), 6))
                  for name, detail, right, wrong in rows]
    for name, (_, left) in MEMORY.items():
        con.execute(f"create or replace table before.{name} as {left}")
    return sorted(found, key=lambda one: (one.name, one.detail or ""))


def _tell(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A table of the truth, without those who were erased."""
    relation = f"from read_parquet({quoted(path)})"
    if path.stem not in OF_THE_ERASED:
        columns = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
        relation += " anti join truth.erasures using (person_id)" * ("person_id" in columns)
    con.execute(f"create view truth.{path.stem} as {relation}")
