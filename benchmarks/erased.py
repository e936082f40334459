"""What erasing 200 people changes of everybody else: every table, row by row, beside the home before.

    python benchmarks/erased.py --people 3000 --nights 5

The 200 are chosen from what is hard: they share a mailbox, a telephone, a household or a birthday, are known
to many systems, were merged or split before. Prints by table the rows of others that went, came or
differ, and in which columns; then erases and delivers again, after which nothing may differ.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from dagster_project import gate
from dagster_project.catalog import load_catalog
from dagster_project.lake import Lake
from dagster_project.nightly import accept, make_all, open_night
from dagster_project.privacy import erasing, landed
from dagster_project.privacy.subjects import Subject, find_subjects
from dagster_project.publish import LAYERS
from dagster_project.settings import Settings, load_settings
from simulator import simulate

HARD = {
    "a shared mailbox": """
        select profile_id from carried where kind = 'email' and people > 1""",
    "a shared telephone": """
        select profile_id from carried where kind = 'phone' and people > 1""",
    "a household": """
        select profile_id from profiles
        where household_id in (select household_id from profiles group by all having count(*) > 1)""",
    "four systems and more": """
        select profile_id from profile_records
        group by all having count(distinct split_part(record_key, ':', 1)) > 3""",
    "merged or split before": """
        select coalesce(into_profile_id, profile_id) from profile_changes where kind in ('merged', 'split')""",
    "a twin": """
        select profile_id from profile_records inner join truth.records using (record_key)
        inner join truth.people using (person_id)
        inner join truth.people as twin using (household_id, birth_on)
        where twin.person_id <> people.person_id""",
}
"""Who is hard to erase without touching anybody else: why, and the profiles."""


@dataclass(frozen=True)
class Differing:
    """Rows of a table that are others' and not as they were: how many went, came, and differ by column."""

    gone: int
    come: int
    changed: Counter

    def __bool__(self) -> bool:
        return bool(self.gone or self.come or self.changed)


DECISIONS = {1: "same", 3: "different"}
"""What a person says about pairs of twins, by the night: they are merged by mistake, then split again."""


def decide(truth: Path, decision: str, on: str, path: Path) -> None:
    """Write a file of corrections about a few twins."""
    with duckdb.connect() as con:
        con.execute(f"""copy (
            select min(left_records.record_key) as left_record, min(right_records.record_key) as right_record,
                '{decision}' as decision, 'a clerk' as decided_by, '{on}' as decided_on, 'a test' as reason
            from '{truth / "people.parquet"}' as left_people
            inner join '{truth / "people.parquet"}' as right_people using (household_id, birth_on)
            inner join '{truth / "records.parquet"}' as left_records
                on left_records.person_id = left_people.person_id
            inner join '{truth / "records.parquet"}' as right_records
                on right_records.person_id = right_people.person_id
            where left_people.person_id < right_people.person_id
            group by left_people.person_id, right_people.person_id
            order by all
        ) to '{path}' (format csv, header)""")


def run_nights(settings: Settings, delivered: Path, truth: Path) -> date:
    """One night after the other; one that is held is accepted. Returns the last day."""
    for night, folder in enumerate(sorted(delivered.iterdir())):
        on = date.fromisoformat(folder.name)
        if night in DECISIONS:
            decide(truth, DECISIONS[night], folder.name, folder / "pairs.csv")
        shutil.copytree(folder, settings.exports / folder.name)
        try:
            with open_night(settings, as_of=on) as run:
                make_all(run, load_catalog(settings))
        except gate.Held as held:
            with open_night(settings, as_of=on) as run:
                accept(run, held.run_id, load_catalog(settings))
    return on


def chosen_people(settings: Settings, truth: Path, count: int) -> dict[str, list[str]]:
    """Profiles by what is hard about them, as many of each as there are, drawn by a hash."""
    with duckdb.connect() as con:
        con.execute(f"attach '{settings.database.resolve()}' as home (read_only)")
        con.execute("use home; attach ':memory:' as truth")
        for table in ("records", "people"):
            con.execute(f"create view truth.{table} as from read_parquet('{truth / table}.parquet')")
        con.execute("""create temp table carried as
            select kind, profile_id, count(distinct profile_id) over (partition by kind, value) as people
            from standard.identifiers inner join identity.profile_records using (record_key)""")
        found = {}
        for why, sql in HARD.items():
            rows = con.execute(
                f"""select distinct profile_id from ({sql}) as hard (profile_id)
                semi join profiles using (profile_id) order by md5(profile_id) limit ?""",
                [-(-count // len(HARD))],
            ).fetchall()
            found[why] = [profile_id for (profile_id,) in rows]
        return found


def names_of(subjects: list[Subject]) -> set[str]:
    """All that a row of theirs is known by."""
    return {
        name
        for one in subjects
        for name in (
            *one.profile_ids, *one.records, *one.visitors, *one.orders,
            *(carried.value for carried in one.identifiers),
        )
    }


def compared(before: Path, after: Path, theirs: set[str]) -> Iterator[tuple[str, Differing]]:
    """Every table of two homes, with what of others' rows differs between them."""
    catalog = load_catalog(load_settings(environment={}, home=after))
    was, now = Lake(before / "lake"), Lake(after / "lake")
    for table in (one for one in was.tables() if one.split(".")[0] in LAYERS):
        columns, grain = list(was.manifest(table).columns), list(catalog[table].grain)
        with duckdb.connect() as con:
            con.execute("set timezone = 'UTC'")
            con.execute(f"create table was as {was.scan(table)}; create table now as {now.scan(table)}")
            gone, come = (_only_in(con, *pair, grain, theirs) for pair in (("was", "now"), ("now", "was")))
            yield table, Differing(gone, come, _changed(con, columns, grain))


def _only_in(con, one: str, other: str, grain: list[str], theirs: set[str]) -> int:
    key = " and ".join(f'l."{name}" is not distinct from r."{name}"' for name in grain)
    rows = con.execute(
        f"select * from {one} as l where not exists (select 1 from {other} as r where {key})"
    ).fetchall()
    return sum(not any(names_them(cell, theirs) for cell in row) for row in rows)


def names_them(cell: object, theirs: set[str]) -> bool:
    """Whether a value, or a part of it behind a colon, is one of theirs."""
    if isinstance(cell, list | dict):
        return any(names_them(one, theirs) for one in (cell.values() if isinstance(cell, dict) else cell))
    text = str(cell)
    return text in theirs or text.partition(":")[2] in theirs


def _changed(con, columns: list[str], grain: list[str]) -> Counter:
    rest = [name for name in columns if name not in grain]
    if not rest:
        return Counter()
    key = " and ".join(f'was."{name}" is not distinct from now."{name}"' for name in grain)
    counted = ", ".join(f'count(*) filter (where was."{n}" is distinct from now."{n}")' for n in rest)
    [counts] = con.execute(f"select {counted} from was inner join now on {key}").fetchall()
    return Counter({name: count for name, count in zip(rest, counts) if count})


def tell(title: str, found: Iterator[tuple[str, Differing]]) -> None:
    print(title)
    for table, one in found:
        if one:
            columns = ", ".join(f"{name} {count:,}" for name, count in one.changed.most_common())
            print(f"  {table:36}{one.gone:>7,} gone{one.come:>7,} come  {columns}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=3_000)
    arguments.add_argument("--nights", type=int, default=5)
    arguments.add_argument("--erased", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        company, delivered = Path(place), Path(place) / "delivered"
        simulate(company, people=chosen.people, nights=chosen.nights, seed=chosen.seed)
        (company / "exports").rename(delivered)
        (company / "exports").mkdir()
        settings = load_settings(environment={}, exports=company / "exports", home=company / "home")
        settings = replace(settings, erase_exports=landed.REWRITE)
        last = run_nights(settings, delivered, company / "truth")
        hard = chosen_people(settings, company / "truth", chosen.erased)
        people = sorted({one for found in hard.values() for one in found})
        subjects = find_subjects(settings, [[one] for one in people])
        shutil.copytree(settings.home, company / "before", symlinks=True)
        erased = erasing.erase(settings, [(f"request-{n}", one) for n, one in enumerate(subjects)])
        print(f"simulated company of {chosen.people:,} people, {chosen.nights} nights, seed {chosen.seed}")
        print(", ".join(f"{len(found)} {why}" for why, found in hard.items()))
        print(f"{len(erased)} people erased; every byte was read, and nothing found of them")
        theirs = names_of(subjects)
        tell("rows of others that differ from the home before", compared(company / "before", settings.home, theirs))
        shutil.copytree(settings.home, company / "once", symlinks=True)
        shutil.copytree(delivered, settings.exports / "again")
        with open_night(settings, as_of=last) as run:
            make_all(run, load_catalog(settings))
        again = compared(company / "once", settings.home, set())
        tell("rows that differ once every export was delivered again", again)


if __name__ == "__main__":
    main()
