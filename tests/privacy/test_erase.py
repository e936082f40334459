"""Erasing three people of the sample: nothing of them is left, and nothing of anybody else is touched.

One shares a telephone, a household and a visitor's history with others, one an e-mail address with a
family, one has orders of several systems. They are erased by one file of requests, out of the delivered files
too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from support import SAMPLE_AS_OF, nightly, tables_of

from dagster_project.cli import main
from dagster_project.lake import Lake, sha256_of
from dagster_project.privacy import erasing, landed, ledger, receipts, tombstones
from dagster_project.privacy.keys import load_keys
from dagster_project.privacy.subjects import Subject, find_subjects
from dagster_project.privacy.verifying import verify
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, Settings, load_settings

MEASURED = {"match_weight", "match_probability", "identity_confidence"}
"""What is measured on the population on one night and kept, so that strangers move nobody's score: how
rare a value is, and so what agreeing on it weighs."""

POPULATION = {"identity.population", "identity.name_uses"}
"""Where that is kept: of values that somebody still has."""

PLACES = {"file", "row_number", "_file", "_row_number", "rows"}
"""Where a row stood in a file as it was delivered: in a file without the erased it stands further up."""

OF_HOMES = {
    "raw.source_files", "marts.source_files", "raw.quarantine", "marts.quarantine", "raw.deliveries",
    "marts.deliveries", "index.subject_rows", "identity.accuracy_reference",
}
"""What tells of files, with the rows that were erased, or is hashed under the home's own key."""

OF_NIGHTS = {
    "identity.issued_profile_ids", "identity.profile_changes", "marts.profile_changes",
    "identity.vanished_profile_records", "identity.profile_redirects", "marts.segment_history",
    "marts.segment_sizes", "marts.segment_holdouts", "marts.number_changes", "marts.number_bridges",
    "marts.privacy_requests", "raw.ledger_requests", "standard.told_requests",
}
"""What tells how tonight became of last night: one home had a night before, the other had none."""


@dataclass(frozen=True)
class Case:
    settings: Settings
    subjects: dict[str, Subject]
    erased: list[erasing.Erased]
    originals: Path


def settings_of(place: Path) -> Settings:
    found = load_settings(
        directory=PROJECT, environment={}, exports=place / "exports", home=place / "home"
    )
    return replace(found, erase_exports="rewrite")


def people(settings: Settings) -> dict[str, Subject]:
    """One who shares a telephone, one who shares an address, one with the most systems and orders."""
    with duckdb.connect(str(settings.database), read_only=True) as con:
        ids = [[one] for (one,) in con.execute("select profile_id from profiles order by 1").fetchall()]
        families = {
            one for (one,) in con.execute(
                """select profile_id from profiles where household_id in (
                    select household_id from profiles group by 1 having count(*) > 1)"""
            ).fetchall()
        }
    found = find_subjects(settings, ids)

    def shares(one: Subject, kind: str) -> bool:
        return any(carried.kind == kind and not carried.is_own for carried in one.identifiers)

    def systems(one: Subject) -> tuple:
        return len({name.split(":")[0] for name in (*one.orders, *one.records)}), len(one.orders)

    at_home = [one for one in found if one.profile_ids[0] in families]
    return {
        "dsr-20260602-00000001": next(one for one in at_home if shares(one, "phone") and one.visitors),
        "dsr-20260602-00000002": next(one for one in at_home if shares(one, "email")),
        "dsr-20260602-00000003": max(found, key=systems),
    }


@pytest.fixture(scope="module")
def case(shared_mailbox, tmp_path_factory) -> Case:
    place = tmp_path_factory.mktemp("erasing")
    for name in ("home", "exports"):
        shutil.copytree(shared_mailbox / name, place / name, symlinks=True)
    settings = settings_of(place)
    shutil.copytree(settings.database.parent, settings.spare)
    subjects = people(settings)
    rows = [f"{name},{one.profile_ids[0]}" for name, one in subjects.items()]
    (place / "requests.csv").write_text("\n".join(["request_id,profile_id", *rows]) + "\n")
    chosen = 'erase_exports = "rewrite"\n' + (PROJECT / "cdp.toml").read_text()
    (place / "cdp.toml").write_text(chosen)
    asked = ["--file", place / "requests.csv", "--home", settings.home, "--exports", settings.exports]
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(place)
        done = CliRunner().invoke(main, ["privacy", "erase", *map(str, asked)])
    assert done.exit_code == 0, done.output
    assert not [name for name in subjects if f"{name}: erased" not in done.output]
    return Case(settings, subjects, [read_receipt(settings, name) for name in subjects], shared_mailbox / "exports")


def read_receipt(settings: Settings, request_id: str) -> erasing.Erased:
    [path] = (settings.privacy / "receipts").glob(f"{request_id}*.json")
    said = json.loads(path.read_text())
    layers = tuple(receipts.LayerCount(**one) for one in said["layers"])
    named = {name: value for name, value in said.items() if name in receipts.Receipt.__annotations__}
    receipt = receipts.Receipt(**named | {"layers": layers, "exports": tuple(said["exports"])})
    return erasing.Erased(receipt, path, sha256_of(path))


def sought(case: Case):
    return erasing.sought_of(case.subjects.values(), country="US")


def tree(place: Path) -> dict[str, str]:
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_dry_run_says_what_it_would_touch_and_changes_nothing(case, shared_mailbox):
    settings = replace(case.settings, home=shared_mailbox / "home", exports=case.originals)
    before = tree(shared_mailbox)
    plan = erasing.plan(settings, list(case.subjects.values()))
    assert tree(shared_mailbox) == before
    assert plan.found["records"] == sum(len(one.records) for one in case.subjects.values())
    assert {"raw", "staging", "standard", "identity", "golden", "marts", "warehouse"} <= set(plan.layers)
    assert set(plan.exports) and all((case.originals / name).is_file() for name in plan.exports)


def test_nothing_of_them_is_left(case):
    before = replace(case.settings, exports=case.originals)
    assert {hit.kind for hit in verify(before, sought(case))} >= {"email", "phone", "record"}
    assert verify(case.settings, sought(case)) == []


def test_a_shared_address_erases_nobody_else(case):
    shared = [
        (one.kind, one.value) for subject in case.subjects.values() for one in subject.identifiers
        if one.kind in ("email", "phone") and not one.is_own
    ]
    with duckdb.connect(str(case.settings.database), read_only=True) as con:
        for kind, value in shared:
            still = "select count(*) from standard.identifiers where kind = ? and value = ?"
            assert con.execute(still, [kind, value]).fetchall()[0][0] > 0


def test_everyone_elses_rows_are_those_of_a_home_that_never_saw_them(case, tmp_path):
    """But for what one population measured and the other not, where rows stood in the files, and what
    tells of files and of earlier nights. Whom a link of theirs had joined has it no more in either."""
    nightly(case.settings.exports, tmp_path / "never", is_published=False)
    erased, never = tables_of(case.settings.home), tables_of(tmp_path / "never")
    assert set(erased) == set(never)
    for table in sorted(set(erased) - OF_HOMES - OF_NIGHTS - POPULATION):
        assert without(erased[table], table, case.settings.home) == without(
            never[table], table, tmp_path / "never"
        ), table


def without(rows: list[tuple], table: str, home: Path) -> list[tuple]:
    """Rows without the columns of MEASURED and PLACES."""
    columns = Lake(home / "lake").manifest(table).columns
    names = [one for one in columns if one not in ("run_id", "change_id")]
    kept = [
        at for at, name in enumerate(names)
        if name not in MEASURED | PLACES and not name.startswith("mw_")
    ]
    return sorted((tuple(row[at] for at in kept) for row in rows), key=repr)


def test_the_rest_of_every_delivered_file_is_as_it_was(case):
    touched = {one["path"]: one for erased in case.erased for one in erased.receipt.exports}
    for path in sorted(path for path in case.originals.rglob("*") if path.is_file()):
        name = path.relative_to(case.originals).as_posix()
        now = case.settings.exports / name
        if name not in touched:
            assert now.read_bytes() == path.read_bytes(), name
        elif path.suffix in (".csv", ".ndjson", ".log"):
            lines, kept = path.read_bytes().splitlines(True), now.read_bytes().splitlines(True)
            rest = iter(lines)
            assert all(line in rest for line in kept), name  # in their order
            assert len(kept) < len(lines), name
        assert now.stat().st_mtime_ns == path.stat().st_mtime_ns, name


def test_a_receipt_says_what_was_there_and_is_signed(case, tmp_path):
    for one in case.erased:
        subject, said = case.subjects[one.receipt.request_id], one.receipt
        assert said.found["records"] == len(subject.records)
        layers = {layer.layer: layer for layer in said.layers}
        assert layers["raw"].rows_after < layers["raw"].rows_before
        assert layers["marts"].files_rewritten > 0
        assert said.sought > len(subject.records) and not said.still_there
        assert receipts.is_genuine(one.path, load_keys(case.settings))
        told = json.loads(one.path.read_text())
        told["layers"][0]["rows_after"] += 1
        (tmp_path / "altered.json").write_text(json.dumps(told))
        assert not receipts.is_genuine(tmp_path / "altered.json", load_keys(case.settings))
        assert one.path.stat().st_mode & 0o077 == 0


def test_what_was_remembered_on_the_way_is_gone(case):
    assert erasing.owed(case.settings) == []
    assert not (case.settings.privacy / "worksheets").exists()
    kinds = [one.kind for one in ledger.read_ledger(case.settings)]
    assert (kinds.count(ledger.ERASE), kinds.count(ledger.DONE)) == (3, 3)
    everything = "".join(path.read_text() for path in case.settings.privacy.rglob("*") if path.is_file())
    assert not [one.text for one in sought(case) if one.kind != "phone" and one.text in everything]


def test_erasing_twice_is_erasing_once_and_the_next_run_finds_nothing_new(case, monkeypatch):
    before = tree(case.settings.home / "lake") | tree(case.settings.exports)
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("CDP_EXPORTS", str(case.settings.exports))
    emails = [
        one.value for subject in case.subjects.values() for one in subject.identifiers
        if one.kind == "email" and one.is_own
    ]
    asked = ["privacy", "erase", emails[0], "--home", str(case.settings.home)]
    again = CliRunner().invoke(main, asked)
    assert again.exit_code == 0, again.output
    assert "was erased before" in again.output
    steps = nightly(case.settings.exports, case.settings.home)
    made = {step.table for step in steps if step.outcome != "unchanged"}
    assert made and all("requests" in table for table in made)  # which are done now
    after = tree(case.settings.home / "lake") | tree(case.settings.exports)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert all("requests" in path for path in changed)


def test_verify_by_command_names_files_and_never_values(case, shared_mailbox, monkeypatch):
    monkeypatch.chdir(PROJECT)
    email = next(
        one.value for one in case.subjects["dsr-20260602-00000003"].identifiers if one.kind == "email"
    )
    for home, exports, code in (
        (case.settings.home, case.settings.exports, 0), (shared_mailbox / "home", case.originals, 1)
    ):
        monkeypatch.setenv("CDP_EXPORTS", str(exports))
        said = CliRunner().invoke(main, ["privacy", "verify", email, "--home", str(home)])
        assert said.exit_code == code, said.output
        assert email not in said.output


def test_files_that_held_rows_of_theirs_can_be_deleted_instead(case, tmp_path):
    shutil.copytree(case.settings.home, tmp_path / "home", symlinks=True)
    shutil.copytree(case.settings.privacy, tmp_path / "home.privacy")
    shutil.copytree(case.originals, tmp_path / "exports")
    settings = settings_of(tmp_path)
    with open_run(settings, as_of=SAMPLE_AS_OF, is_erasing=True) as run:
        told = list(landed.treat(run, tombstones.Filter(run), how=landed.DELETE))
    assert {one.outcome for one in told} == {"deleted"}
    assert {one.path for one in told} == {one["path"] for one in case.erased[0].receipt.exports}
    every = {path.relative_to(case.originals) for path in case.originals.rglob("*") if path.is_file()}
    left = {path.relative_to(settings.exports) for path in settings.exports.rglob("*") if path.is_file()}
    assert every - left == {Path(one.path) for one in told}


def test_nothing_is_erased_while_a_run_is_held(case):
    held = case.settings.state / "held.json"
    held.write_text("{}")
    before = ledger.read_ledger(case.settings)
    with pytest.raises(erasing.NotErased, match="held"):
        erasing.erase(case.settings, list(case.subjects.items()))
    held.unlink()
    assert ledger.read_ledger(case.settings) == before


def test_a_lift_by_command_is_for_who_was_erased(case, monkeypatch):
    monkeypatch.chdir(PROJECT)
    email = next(
        one.value for one in case.subjects["dsr-20260602-00000003"].identifiers
        if one.kind == "email" and one.is_own
    )
    begins = ["--from", "2026-07-01", "--home", str(case.settings.home)]
    strange = CliRunner().invoke(main, ["privacy", "lift", "nobody@nowhere.example", *begins])
    assert strange.exit_code == 1, strange.output
    known = CliRunner().invoke(main, ["privacy", "lift", email, *begins])
    assert known.exit_code == 0 and email not in known.output, known.output
    buried = tombstones.live(ledger.read_ledger(case.settings))
    assert {one.until for one in buried if one.kind == "email"} >= {"2026-07-01"}
    assert {one.until for one in buried if one.kind == "record"} == {None}
