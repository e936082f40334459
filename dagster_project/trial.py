"""What another model, threshold or guard table would change: the home's records linked on trial.

Here belongs making the identity and the segments that the next night would make with them, beside the
lake and not in it. How records are linked is in identity/, what the tables are in sql/ and the catalog;
what differs is found by identity/diff.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path

from dagster_project.gate import MEMBERS, NO_MEMBERS, RECORDS
from dagster_project.identity import diff, linking, population, profile_ids, tables
from dagster_project.identity.model import Model
from dagster_project.lake import LakeError, quoted
from dagster_project.landing import inspect_paths
from dagster_project.making import Table
from dagster_project.pages import changes
from dagster_project.pages.sentences import Section, signed
from dagster_project.run import Run

GUARDS = "corrections__guard_decisions"
LINKS, CLUSTERS = "identity.links", "identity.clusters"
REMEMBERED = {
    "previous_profile_records": RECORDS,
    "vanished_profile_records": "identity.vanished_profile_records",
    "issued_profile_ids": "identity.issued_profile_ids",
}
"""What profile_ids.carry reads of the last night, and where the state has it."""


class TrialError(Exception):
    """Something that was to be tried cannot be read; the message says what."""


def try_out(
    run: Run, catalog: dict[str, Table], *, model: Model, guards: Path | None = None
) -> diff.Diff:
    """Link all records of the lake from nothing, as the next night would with this model and with these
    decisions about guards delivered, and compare with what is published.

    Writes nothing but tables in the run's connection. Raises TrialError, LakeError where nothing is
    published.
    """
    if not run.state.lake.manifest(RECORDS):
        raise LakeError(f"nothing is published in {run.settings.home} yet; cdp run makes it")
    for name in run.lake.tables():
        run.view(name)
    # linked anew in any case, whether or not anything that they are made from changes
    changed = {LINKS, CLUSTERS}
    if guards:
        _deliver(run, guards)
        changed.add(f"staging.{GUARDS}")
    _make_what_follows(run, catalog, changed, by_hand=_by_hand(run, catalog, model))
    return diff.compare(
        run.con,
        records_before=run.state.lake.scan(RECORDS),
        records_now=f"from {RECORDS}",
        members_before=run.state.relation(MEMBERS, NO_MEMBERS),
        members_now=f"from {MEMBERS}",
    )


def tell(
    run: Run, found: diff.Diff, *, model: Model, guards: Path | None = None
) -> list[Section]:
    """The diff in words, beginning with what was tried and against what."""
    tried = [f"Tried on all records: a model that accepts pairs from {signed(model.accept_weight)} on"]
    tried += [f"the decisions about identifiers in {guards.name}"] if guards else []
    published = run.state.origin["run_id"]
    verdict = [f"{' and '.join(tried)}.", f"Compared with what run {published} published."]
    if run.lake.version(RECORDS) != run.state.lake.version(RECORDS):
        verdict.append(
            "The home holds records of a later run that published nothing: what they change is in here."
        )
    verdict += changes.tell_verdict(found, budget=run.settings.identity_budget)
    return changes.tell(found, title="What would change in identity", verdict=verdict)


def _deliver(run: Run, guards: Path) -> None:
    """Let the connection see a file of decisions about guards as if it had been delivered last."""
    [found] = inspect_paths([guards])
    if found["contract"] != GUARDS or found["rows_quarantined"]:
        raise TrialError(
            f"{guards} is no file of decisions about guards, or rows of it would be set aside; "
            f"cdp inspect {guards} says what is wrong, docs/corrections.md what belongs in it"
        )
    delivered = {
        f"raw.{GUARDS}": f"""select *, row_number() over () as _row_number, 'trial' as _file,
            now()::timestamp as _delivered_at
            from read_csv({quoted(guards)}, all_varchar = true, header = true)""",
        "raw.source_files": "select 'trial' as path, 'trial' as sha256, 'accepted' as status",
    }
    for name, rows in delivered.items():
        _stand_in(run, name, f"select * from {name} union all by name ({rows})")


def _make_what_follows(
    run: Run,
    catalog: dict[str, Table],
    changed: set[str],
    *,
    by_hand: dict[str, Callable[[], str]],
) -> None:
    """Make anew, in the catalog's order, what the diff reads and what depends on the changed tables.

    Scores and other tables of Python stay as they were published: nothing is learned on trial.
    """
    needed = _needed(catalog, {*diff.READS, RECORDS, MEMBERS})
    changed = set(changed)
    for name, table in catalog.items():
        is_made = table.model or name in by_hand
        if is_made and name in needed and (name in changed or changed & set(table.inputs)):
            _stand_in(run, name, table.model.sql if table.model else by_hand[name]())
            changed.add(name)


def _needed(catalog: dict[str, Table], wanted: set[str]) -> set[str]:
    found: set[str] = set()
    for name, table in reversed(catalog.items()):
        if name in wanted or name in found:
            found |= {name, *table.inputs}
    return found


def _by_hand(run: Run, catalog: dict[str, Table], model: Model) -> dict[str, Callable[[], str]]:
    """The tables that Python makes: table -> what makes it and returns the relation of its rows."""
    con = run.con
    facts = run.state.lake.scan("identity.population")

    def is_outgrown(records: str) -> bool:
        return population.is_outgrown(con, facts, records=records, model=model)

    def name_uses() -> str:
        if is_outgrown("identity.folded_records"):
            return population.name_uses()
        return run.state.lake.scan("identity.name_uses")

    def measured() -> str:
        if is_outgrown("identity.comparison_records"):
            return population.measure(con, model=model)
        return facts

    def linked(name: str) -> str:
        run.once("linkage on trial", link)
        return f"from {tables.LINKED[name][2].relation}"

    def link() -> None:
        linking.start(con, model=model)
        linking.resolve(con, model=model)

    def carried() -> str:
        for name, table in REMEMBERED.items():
            con.execute(f"create or replace table {name} as {run.state.lake.scan(table)}")
        con.execute(f"create or replace temp view identity_clusters_tonight as from {CLUSTERS}")
        profile_ids.carry(con, run_id=run.run_id, as_of=datetime.combine(run.as_of, time()))
        return tables.CARRIED[RECORDS][2].relation

    def members() -> str:
        segments = (table.model for table in catalog.values() if table.name.startswith("segments."))
        return " union all ".join(
            f"select {quoted(one.name)} as segment, profile_id from {one.table}" for one in segments
        )

    return {
        "identity.name_uses": name_uses,
        "identity.population": measured,
        LINKS: lambda: linked(LINKS),
        CLUSTERS: lambda: linked(CLUSTERS),
        RECORDS: carried,
        MEMBERS: members,
    }


def _stand_in(run: Run, name: str, relation: str) -> None:
    """Let the name of a table stand for other rows in the connection."""
    rows = f"trial.{name.replace('.', '__')}"
    run.con.execute("create schema if not exists trial")
    run.con.execute(f"create or replace table {rows} as {relation}")
    run.show(name, f"from {rows}")
