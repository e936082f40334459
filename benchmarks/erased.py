"""What erasing 200 people changes of everybody else, on one company: every published table, row by row.

    python benchmarks/erased.py --people 4000 --nights 5

The 200 are drawn evenly from what is hard (HARD). Rows of others that are not as they were before are told by
what of the removed explains them (COUNTED to NEAR); what nothing explains is a defect, and the benchmark fails. Then
the same are erased again, all is delivered again, and on a copy of the home they are erased before the last
delivery instead of after it: nothing may differ.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, zip_longest
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


COUNTED = {
    "golden.channel_removals", "golden.journey_paths", "golden.journey_transitions", "identity.accuracy",
    "identity.company_domains", "identity.name_uses", "identity.population", "marts.anonymity", "marts.attribution",
    "marts.campaign_results", "marts.case_volumes", "marts.forecast", "marts.journey_funnel",
    "marts.lead_funnel", "marts.pipeline", "marts.review_queue", "marts.sales_results",
    "marts.stage_conversion", "standard.agent_days", "standard.name_texts", "standard.person_names",
    "standard.phone_numbers", "standard.phone_texts", "standard.user_agents",
}
"""Tables that count everybody, rank what is everybody's, or hold what anybody writes."""

LEARNED = {
    "golden.contact_preferences", "golden.score_calibration", "golden.score_models",
    "segments.second_purchase_due", "segments.vip_customers", "workings.model_scores",
    "workings.score_discounts", "workings.score_prices", "workings.score_products", "workings.score_rfm",
}
"""Tables that measure somebody against everybody, by a model, a median or a rank; what is made of them differs
with them."""

NIGHTLY = {
    "marts.deliveries", "marts.number_bridges", "marts.number_changes", "marts.privacy_requests",
    "marts.profile_changes", "marts.quarantine", "marts.segment_history", "marts.segment_holdouts",
    "marts.segment_sizes", "marts.source_files", "identity.profile_changes",
    "standard.requests", "standard.told_requests",
}
"""Tables that tell what a night did: of files, of numbers, of requests, of ids, of segments."""

NEAR = {
    "an address, a number or an id": """
        select record_key, kind || ':' || value from standard.identifiers
        union all select record_key, kind || ':' || target from identity.record_identifiers""",
    "a pair that was compared or decided": """
        select unnest([left_record, right_record]), left_record || right_record from identity.links
        union all
        select unnest([left_record, right_record]), left_record || right_record
        from standard.stated_judgements
        union all select record_key, component from identity.clusters""",
    "a house or a household": """
        select record_key, house::varchar from identity.record_houses
        union all
        select record_key, place_key
        from golden.households inner join identity.profile_records using (profile_id)""",
    "a company": """
        select members.record_key, company_id
        from golden.company_people inner join identity.profile_records as members using (profile_id)""",
    "a browser that an address signed in on": """
        select visitor_id, value from standard.visitor_evidence
        union all select record_key, value from standard.identifiers""",
    "the same browser of the same address on a day": """
        select requests.visitor_id, md5(concat_ws('|', occurred_on, lines.address, lines.user_agent))
        from standard.web_requests as requests inner join lines using (line_key, occurred_on)
        where not requests.has_cookie""",
}
"""What others have in common with the erased: by what, the record or visitor, and what is in common."""

NAMES = """
    with profiles as (
        select profile_id from identity.profile_records where record_key in (from near)
        union select profile_id from identity.visitors where visitor_id in (from near)
    ),
    records as (select record_key from identity.profile_records semi join profiles using (profile_id)),
    groups as (
        from profiles
        union select profile_id from identity.profile_records where record_key in (from theirs)
    ),
    companies as (select distinct company_id from golden.company_people semi join groups using (profile_id))
    from near union from profiles union from records union from companies
    union select actor_key from identity.actors semi join profiles using (profile_id)
    union select unnest([value, kind || ':' || value])
    from standard.identifiers semi join records using (record_key)
    union
    select unnest([household_id, place_key])
    from (from golden.households union all from later.golden.households) semi join groups using (profile_id)
    union select record_key from identity.company_members semi join companies using (company_id)"""
"""What rows name who has something in common with them: records, profiles, addresses, groups."""

NAMED, OF_ALL, OF_LEARNING = "said something of theirs", "is everybody's", "is measured against everybody"
OF_NIGHTS = "tells what the night did"
UNEXPLAINED = "NOTHING EXPLAINS IT"


@dataclass(frozen=True)
class Differing:
    """A row that is not as it was: the table, its columns and own key, as it was and is (None: not there)."""

    table: str
    columns: tuple[str, ...]
    grain: tuple[str, ...]
    was: tuple | None
    now: tuple | None

    @property
    def cells(self) -> Iterator:
        return chain(self.was or (), self.now or ())

    @property
    def changed(self) -> list[str]:
        if self.was is None or self.now is None:
            return ["come" if self.was is None else "gone"]
        return [name for name, *pair in zip(self.columns, self.was, self.now) if pair[0] != pair[1]]


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


def settings_of(place: Path) -> Settings:
    found = load_settings(environment={}, exports=place / "exports", home=place / "home")
    return replace(found, erase_exports=landed.REWRITE)


def copied(place: Path, name: str) -> Path:
    return shutil.copytree(place, place.with_name(name), symlinks=True)


def run_night(place: Path, folder: Path) -> None:
    """What is in a folder is delivered, and read; a night that is held is accepted."""
    settings, on = settings_of(place), date.fromisoformat(folder.name)
    shutil.copytree(folder, settings.exports / folder.name, dirs_exist_ok=True)
    try:
        with open_night(settings, as_of=on) as run:
            make_all(run, load_catalog(settings))
    except gate.Held as held:
        with open_night(settings, as_of=on) as run:
            accept(run, held.run_id, load_catalog(settings))


def erase(place: Path, name: str, subjects: list[Subject]) -> None:
    """Erase them, which raises where anything of them is left."""
    erasing.erase(settings_of(place), [(f"{name}-{n}", one) for n, one in enumerate(subjects)])


def published(place: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 2})
    con.execute("set timezone = 'UTC'")
    con.execute(f"attach '{settings_of(place).database.resolve()}' as home (read_only)")
    con.execute("use home")
    return con


# Who is erased ---------------------------------------------------------------------------------------


def hard_people(place: Path, truth: Path) -> dict[str, list[str]]:
    """Profiles by what is hard about them, in an order drawn by a hash."""
    with published(place) as con:
        con.execute("attach ':memory:' as truth")
        for table in ("records", "people"):
            con.execute(f"create view truth.{table} as from read_parquet('{truth / table}.parquet')")
        con.execute("""create temp table carried as
            select kind, profile_id, count(distinct profile_id) over (partition by kind, value) as people
            from standard.identifiers inner join identity.profile_records using (record_key)""")
        found = {}
        for why, sql in HARD.items():
            rows = con.execute(f"""select distinct profile_id from ({sql}) as hard (profile_id)
                semi join profiles using (profile_id) order by md5(profile_id)""").fetchall()
            found[why] = [profile_id for (profile_id,) in rows]
        return found


def found_alike(place: Path, earlier: Path, people: list[str]) -> set[str]:
    """Whom the last delivery told nothing new about but orders: who is first known by a new address or
    browser then cannot be met by it before."""
    late, early = (find_subjects(settings_of(at), [[one] for one in people]) for at in (place, earlier))
    return {
        person
        for person, one, other in zip(people, late, early)
        if isinstance(one, Subject) and isinstance(other, Subject)
        and replace(one, orders=()) == replace(other, orders=())
    }


def drawn(hard: dict[str, list[str]], known: set[str], count: int) -> list[str]:
    """So many of those who are known, from what is hard in turn."""
    turns = zip_longest(*([one for one in people if one in known] for people in hard.values()))
    return list(dict.fromkeys(one for turn in turns for one in turn if one))[:count]


# What differs ----------------------------------------------------------------------------------------


def differing(before: Path, after: Path) -> Iterator[Differing]:
    """Rows of the published layers that are not the same in two homes, but for the runs that they name."""
    catalog = load_catalog(settings_of(after))
    was, now = (Lake(settings_of(place).lake) for place in (before, after))
    for table in (one for one in was.tables() if one.split(".")[0] in LAYERS):
        columns = tuple(one for one in was.manifest(table).columns if one not in ("run_id", "change_id"))
        grain = tuple(one for one in catalog[table].grain if one in columns) or columns
        kept = ", ".join(f'"{name}"' for name in columns)
        key = " and ".join(f'w."{name}" is not distinct from n."{name}"' for name in grain)
        with duckdb.connect() as con:
            con.execute("set timezone = 'UTC'")
            for name, lake in (("was", was), ("now", now)):
                con.execute(f"create table {name} as select {kept} from ({lake.scan(table)})")
            rows = con.execute(f"""
                with w as (select true as is_there, * from (from was except all from now)),
                n as (select true as is_there, * from (from now except all from was))
                select w, n from w full join n on {key}""").fetchall()
        for pair in rows:
            yield Differing(table, columns, grain, *(
                tuple(row[name] for name in columns) if row["is_there"] else None for row in pair
            ))


def names_one(cell: object, names: set[str]) -> bool:
    """Whether a value, or what follows its colons, is one of the names."""
    if isinstance(cell, list | dict):
        return any(names_one(one, names) for one in (cell.values() if isinstance(cell, dict) else cell))
    text = str(cell)
    return any(one in names for one in (text, text.partition(":")[2], text.rpartition(":")[2]))


def names_of(subjects: list[Subject]) -> set[str]:
    """All that a row of theirs is known by; what others carry too is not."""
    found = set()
    for one in subjects:
        found |= {*one.profile_ids, *one.records, *one.visitors, *one.orders}
        found |= {name.rpartition(":")[2] for name in (*one.records, *one.orders)}
        own = [carried for carried in one.identifiers if carried.is_own]
        found |= {text for carried in own for text in (carried.value, *carried.spellings)}
        for user, _, domain in (carried.value.partition("@") for carried in own):
            found.add(f"{user.partition('+')[0].replace('.', '')}@{domain}")  # the same mailbox
    return found


def with_what_refers(theirs: set[str], rows: list[Differing]) -> set[str]:
    """Their names, and the keys of what was delivered, went, and refers to a row of theirs: tasks of a case."""
    gone = [one for one in rows if one.now is None and one.table.startswith("standard.") and len(one.grain) == 1]
    known = -1
    while known < len(theirs):
        known = len(theirs)
        theirs = theirs | {
            str(one.was[one.columns.index(one.grain[0])]).rpartition(":")[2]
            for one in gone if any(names_one(cell, theirs) for cell in one.was)
        }
    return theirs


def near_names(before: Path, after: Path, subjects: list[Subject]) -> dict[str, set[str]]:
    """By what they have in common with one of the erased: the names of others, then and now."""
    theirs = [name for one in subjects for name in (*one.records, *one.visitors)]
    lake, found = Lake(settings_of(before).lake), {}
    lines = " union all ".join(
        f"select line_key, occurred_on, address, user_agent from ({lake.scan(f'staging.weblogs__{one}')})"
        for one in ("access", "cloudfront")
    )
    with published(before) as con:
        con.execute(f"attach '{settings_of(after).database.resolve()}' as later (read_only)")
        con.execute(f"create temp table lines as {lines}")
        con.execute("create temp table theirs as select unnest($1::varchar[]) as name", [theirs])
        for why, sql in NEAR.items():
            con.execute(f"create or replace temp table bonds as from ({sql}) as bonds (name, bond)")
            con.execute("""create or replace temp table near as
                select distinct name from bonds semi join (from bonds semi join theirs using (name)) using (bond)""")
            found[why] = {name for (name,) in con.execute(NAMES).fetchall()}
    return found


def rests_on(tables: set[str], catalog: dict) -> set[str]:
    """Tables with all that is made of them."""
    found, known = set(tables), 0
    while known < len(found):
        known = len(found)
        found |= {name for name, table in catalog.items() if not found.isdisjoint(table.inputs)}
    return found


def explained(before: Path, after: Path, subjects: list[Subject]) -> Iterator[tuple[str, Differing]]:
    """Others' rows that differ, each with what explains it."""
    rows = list(differing(before, after))
    theirs = with_what_refers(names_of(subjects), rows)
    near, learned = near_names(before, after, subjects), rests_on(LEARNED, load_catalog(settings_of(after)))
    for one in rows:
        is_named = any(names_one(cell, theirs) for cell in one.was or ())
        if is_named and one.now is None:
            continue
        if one.table in NIGHTLY:
            yield OF_NIGHTS, one
        elif one.table in COUNTED:
            yield OF_ALL, one
        elif one.table in learned:
            yield OF_LEARNING, one
        else:
            why = (why for why, names in near.items() if any(names_one(cell, names) for cell in one.cells))
            yield next(why, NAMED if is_named else UNEXPLAINED), one


def tell(title: str, found: Iterable[tuple[str, Differing]]) -> set[str]:
    """Prints by cause and table how many rows differ, and in what. Returns the causes."""
    told: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for why, one in found:
        told[why][one.table].update(["rows", *one.changed])
    print(title)
    for why, tables in sorted(told.items()):
        print(f"  {why}: {sum(counts['rows'] for counts in tables.values()):,} rows")
        for table, counts in sorted(tables.items()):
            rows = counts.pop("rows")
            listed = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            print(f"    {table:36}{rows:>7,}  {', '.join(f'{what} {count:,}' for what, count in listed)}")
    return set(told)


def among(before: Path, after: Path) -> Iterator[tuple[str, Differing]]:
    """All rows that differ in two homes that should be the same, but for what tells what a night did."""
    for one in differing(before, after):
        is_night = one.table in NIGHTLY or one.changed == ["entered_at"]
        yield OF_NIGHTS if is_night else UNEXPLAINED, one


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=4_000)
    arguments.add_argument("--nights", type=int, default=5)
    arguments.add_argument("--erased", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home, truth = Path(place) / "home", Path(place) / "truth"
        simulate(Path(place), people=chosen.people, nights=chosen.nights, seed=chosen.seed)
        nights = sorted((Path(place) / "exports").iterdir())
        for number, decision in DECISIONS.items():
            decide(truth, decision, nights[number].name, nights[number] / "pairs.csv")
        (home / "exports").mkdir(parents=True)
        for folder in nights[:-1]:
            run_night(home, folder)
        early = copied(home, "early")
        run_night(home, nights[-1])
        hard = hard_people(home, truth)
        known = found_alike(home, early, sorted(set(chain(*hard.values()))))
        people = drawn(hard, known, chosen.erased)
        now, then = (
            find_subjects(settings_of(at), [[one] for one in people], is_one_job=True) for at in (home, early)
        )
        before = copied(home, "before")
        erase(home, "request", now)
        print(f"simulated company of {chosen.people:,} people, {chosen.nights} nights, seed {chosen.seed}")
        print(f"{len(people)} people erased; every byte was read, and nothing found of them; among them")
        for why, found in hard.items():
            print(f"  {len({*found} & {*people}):>5} of {len(found):,} with {why}")
        wrong = tell("rows of others that differ from the home before", explained(before, home, now))
        once = copied(home, "once")
        erase(home, "again", now)
        wrong |= tell("rows that differ once they were erased again", among(once, home))
        for folder in nights:
            shutil.copytree(folder, settings_of(home).exports / "again" / folder.name)
        run_night(home, nights[-1])
        wrong |= tell("rows that differ once every export was delivered again", among(once, home))
        erase(early, "request", then)
        run_night(early, nights[-1])
        wrong |= tell("rows that differ if they were erased before the last delivery", among(once, early))
    if UNEXPLAINED in wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
