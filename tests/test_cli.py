"""`cdp` as a user types it: exit codes, sentences instead of tracebacks, programs' JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from faults.conftest import make
from forked import cdp, python
from support import SAMPLE, nightly

from dagster_project import gate
from dagster_project.lake import exclusive
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings

CONTACTS = (
    "Id,IsDeleted,AccountId,LastName,FirstName,MailingStreet,MailingPostalCode,MailingCountry,"
    "Phone,Email,Birthdate,CreatedDate,LastModifiedDate,SystemModstamp\n"
    "003000000000001AAA,false,,Lovelace,Ada,12 St James Sq,10001,US,(212) 555-0147,"
    "ada@lovelace.net,1985-12-10,2026-01-01T00:00:00.000Z,2026-01-01T00:00:00.000Z,"
    "2026-01-01T00:00:00.000Z\n"
    "003000000000002AAA,false,,Lovelace,Ada,12 St James Sq,10001,US,212-555-0147,"
    "ada@lovelace.net,1985-12-10,2026-02-01T00:00:00.000Z,2026-02-01T00:00:00.000Z,"
    "2026-02-01T00:00:00.000Z\n"
    "003000000000003AAA,false,,Hopper,Grace,1 Navy Yard,20374,US,,grace@hopper.net,1976-12-09,"
    "2026-02-01T00:00:00.000Z,2026-02-01T00:00:00.000Z,2026-02-01T00:00:00.000Z\n"
)


def landed(place: Path) -> Path:
    """A folder of exports with two contacts who are one person, and one who is not."""
    (place / "salesforce").mkdir(parents=True)
    (place / "salesforce" / "Contact.csv").write_text(CONTACTS, encoding="utf-8")
    return place


@pytest.fixture
def exports(tmp_path) -> Path:
    return landed(tmp_path / "exports")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home in which those contacts were run. Tests only read it."""
    place = tmp_path_factory.mktemp("cli")
    nightly(landed(place / "exports"), place / "home")
    return place / "home"


FIRST, SECOND, THIRD = (f"salesforce:contact:00300000000000{n}AAA" for n in (1, 2, 3))


@pytest.mark.parametrize(
    "command",
    ["run", "accept", "compare", "inspect", "validate", "profile", "explain", "simulate"],
)
def test_every_command_has_help_with_an_example(command):
    said = cdp(command, "--help")
    assert said.returncode == 0
    assert "Example: cdp" in said.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[tuple, subprocess.CompletedProcess]:
    """What was asked, and what a run said of those contacts and of a file that is no export."""
    place = tmp_path_factory.mktemp("ran")
    exports = landed(place / "exports")
    (exports / "error.csv").write_text("<html><body>Service unavailable</body></html>")
    given = ("run", "--exports", exports, "--home", place / "h", "--as-of", "2026-06-01")
    return given, cdp(*given)


def test_a_run_says_what_came_in_who_is_there_and_where_to_look(ran):
    _, said = ran
    assert said.returncode == 0, said.stderr
    for expected in ("salesforce contact", "2 people from 3 source records", "2 created",
                     "customers.duckdb", "cdp profile"):
        assert expected in said.stdout


@pytest.mark.fault(24)
def test_a_file_that_is_no_export_is_set_aside_and_named(ran):
    _, said = ran
    assert "1 accepted, 1 quarantined" in said.stdout
    assert "error.csv: the whole file" in said.stdout


def test_a_second_run_says_that_everything_was_current(ran):
    given, _ = ran
    again = json.loads(cdp(*given, "--json").stdout)
    assert (again["published"], again["tables"]["made"], again["rows_written"]) == (False, 0, 0)


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    said = cdp("run", "--exports", tmp_path / "nowhere", "--home", tmp_path / "h")
    assert said.returncode == 2
    assert "nowhere" in said.stderr and "--exports DIR" in said.stderr
    assert "Traceback" not in said.stderr


def test_an_unknown_setting_is_named_with_those_that_are_known(tmp_path):
    (tmp_path / "cdp.toml").write_text('exprots = "x"\n', encoding="utf-8")
    said = cdp("run", cwd=tmp_path)
    assert said.returncode == 2
    assert "exprots" in said.stderr and "exports" in said.stderr


@pytest.mark.fault(6)
def test_a_second_run_at_the_same_time_ends_at_once(exports, tmp_path):
    with exclusive(tmp_path / "h" / "state" / "lock", purpose="cdp run"):
        said = cdp("run", "--exports", exports, "--home", tmp_path / "h")
    assert said.returncode == 75
    assert re.search(r"cdp run, process \d+, since 20", said.stderr)


def test_inspect_names_the_export_and_changes_nothing(exports, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    said = cdp("inspect", exports, "--json")
    assert said.returncode == 0
    found = json.loads(said.stdout)[0]
    assert (found["contract"], found["rows_read"], found["rows_quarantined"]) == (
        "salesforce__contact", 3, 0)
    assert sorted(tmp_path.rglob("*")) == before


def test_inspect_says_what_is_missing_and_exits_with_one(tmp_path):
    (tmp_path / "people.csv").write_text("Id,LastName,MailingStreet\n003000000000001AAA,L,S\n")
    said = cdp("inspect", tmp_path / "people.csv")
    assert said.returncode == 1
    assert "nearest is salesforce__contact; missing:" in said.stdout


def test_a_profile_is_found_by_e_mail_and_by_id(home):
    by_mail = json.loads(cdp("profile", "Ada@Lovelace.net", "--home", home, "--json").stdout)
    (one,) = by_mail
    assert len(one["records"]) == 2
    profile_id = one["profile"]["profile_id"]
    by_id = json.loads(cdp("profile", profile_id, "--home", home, "--json").stdout)
    assert by_id == by_mail
    assert "Ada Lovelace" in cdp("profile", profile_id, "--home", home).stdout


def test_an_unknown_person_is_an_error_without_repeating_the_address(home):
    said = cdp("profile", "nobody@nowhere.net", "--home", home)
    assert said.returncode == 1
    assert "nobody@nowhere.net" not in said.stderr


def test_explain_says_why_two_records_are_one_person(home, tmp_path):
    said = cdp("explain", FIRST, SECOND, "--home", home, "--svg", tmp_path / "why.svg")
    assert said.returncode == 0
    assert "are one person" in said.stdout and "accepted" in said.stdout
    assert (tmp_path / "why.svg").read_text().startswith("<svg")


def test_explain_says_that_two_records_are_two_people(home):
    said = cdp("explain", FIRST, THIRD, "--home", home)
    assert said.returncode == 0
    assert "are two people" in said.stdout


def test_explain_names_a_record_that_is_not_there(home):
    said = cdp("explain", FIRST, "salesforce:contact:nope", "--home", home)
    assert said.returncode == 1
    assert "salesforce:contact:nope" in said.stderr


def test_validate_passes_what_was_published(home):
    said = cdp("validate", "--home", home)
    assert said.returncode == 0
    assert re.search(r"\d+ checks, 0 failed", said.stdout)


def test_validate_without_anything_published_fails_with_the_remedy(tmp_path):
    said = cdp("validate", "--home", tmp_path)
    assert said.returncode == 1
    assert "cdp run makes it" in said.stderr


@pytest.mark.fault(12)
def test_validate_finds_a_damaged_file(home, tmp_path):
    home = shutil.copytree(home, tmp_path / "copy", symlinks=True)
    part = next((home / "lake" / "golden" / "profiles").glob("*.parquet"))
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.write_bytes(damaged)
    said = cdp("validate", "--home", home)
    assert said.returncode == 1
    assert part.name in said.stderr and "Traceback" not in said.stderr


@pytest.fixture(scope="module")
def held_once(home, tmp_path_factory) -> Path:
    """The home with a run held, for a correction merges two of its three records; and its exports."""
    place = tmp_path_factory.mktemp("held")
    shutil.copytree(home, place / "home", symlinks=True)
    landed(place / "exports")
    (place / "exports" / "pairs.csv").write_text(
        "left_record,right_record,decision,decided_by,decided_on,reason\n"
        f"{FIRST},{THIRD},same,ada,2026-06-02,one person\n"
    )
    with pytest.raises(gate.Held):
        nightly(place / "exports", place / "home", date(2026, 6, 3))
    return place


@pytest.fixture
def held(held_once, tmp_path) -> tuple[Path, Path, str]:
    """Home, exports and the id of the held run, for one test."""
    place = shutil.copytree(held_once, tmp_path / "held", symlinks=True)
    run_id = json.loads((place / "home" / "state" / "held.json").read_text())["run_id"]
    return place / "home", place / "exports", run_id


@pytest.mark.fault(40)
def test_a_run_that_changes_too_much_publishes_nothing_and_says_how_to_accept_it(held):
    home, exports, run_id = held
    before = (home / "warehouse" / "current").readlink(), (home / "state" / "current").readlink()
    said = cdp("run", "--exports", exports, "--home", home, "--as-of", "2026-06-03")
    assert said.returncode == 1
    for expected in ("1 of 3 records known before are in another profile: 33.3 %", "merged into",
                     "identity_diff.html", f"cdp accept {run_id}", "Nothing was published"):
        assert expected in said.stderr
    assert "Lovelace" not in said.stderr and "Traceback" not in said.stderr
    page = (home / "reports" / "identity_diff.html").read_text()
    assert "a person decided so" in page and "Lovelace" not in page
    assert before == (
        (home / "warehouse" / "current").readlink(), (home / "state" / "current").readlink())


def test_an_accepted_run_is_published_as_it_was_held_whatever_landed_since(held):
    home, exports, run_id = held
    later = CONTACTS.replace("00000AAA", "00009AAA").replace("Hopper", "Liskov")
    (exports / "salesforce" / "Later.csv").write_text(later, encoding="utf-8")
    said = cdp("accept", run_id, "--home", home)
    assert said.returncode == 0, said.stderr
    assert "1 people from 3 source records" in said.stdout and "1 merged" in said.stdout
    again = cdp("accept", run_id, "--home", home)
    assert again.returncode == 1 and "no run is held" in again.stderr
    assert (home / "reports" / "review_queue.csv").read_text().startswith("left_record,right_record")


def test_an_acceptance_holds_for_the_same_run_if_publishing_was_killed(held):
    home, exports, run_id = held
    settings = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    with open_run(settings, as_of=date(2026, 6, 3)) as run:
        gate.accept(run, run_id)
    nightly(exports, home, date(2026, 6, 3))
    assert (home / "warehouse" / "current").readlink() == Path(run_id)


def test_only_the_run_that_is_held_can_be_accepted(held):
    home, _, run_id = held
    said = cdp("accept", "2026-06-03-0badc0de", "--home", home)
    assert said.returncode == 1
    assert f"the run that is held is {run_id}" in said.stderr


def test_what_changed_since_it_was_held_must_be_judged_anew(held):
    home, exports, run_id = held
    (exports / "salesforce" / "Contact.csv").write_text(
        CONTACTS.replace("Navy Yard", "Army Yard").replace("2026-02-01T", "2026-02-02T"))
    with pytest.raises(gate.Held):
        nightly(exports, home, date(2026, 6, 4))
    said = cdp("accept", run_id, "--home", home)
    assert said.returncode == 1 and "is not held" in said.stderr


def test_compare_says_what_another_threshold_would_change(home, tmp_path):
    home = shutil.copytree(home, tmp_path / "copy", symlinks=True)
    said = cdp("compare", "--accept-weight", "60", "--home", home)
    assert said.returncode == 0, said.stderr
    assert "accepts pairs from +60.0 on" in said.stdout
    assert "Each of the 3 records known before is in the profile it was in." in said.stdout
    assert (home / "reports" / "identity_compare.html").exists()


def test_simulate_writes_a_company_that_the_run_reads(tmp_path):
    said = cdp("simulate", tmp_path / "company", "--people", 100)
    assert said.returncode == 0
    assert (tmp_path / "company" / "truth" / "records.parquet").exists()
    assert said.stdout.endswith("cdp run\n")
    settings = load_settings(directory=tmp_path / "company", environment={})
    assert settings.exports.is_dir() and dict(settings.location_currencies)["Vancouver"] == "CAD"


def test_the_committed_sample_is_what_the_simulator_writes(tmp_path):
    assert cdp("simulate", tmp_path, "--people", 300, "--nights", 2, "--seed", 7).returncode == 0
    for folder in ("exports", "truth"):
        made = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / folder).rglob("*.*")
                if p.is_file()}
        kept = {p.relative_to(SAMPLE): p.read_bytes() for p in (SAMPLE / folder).rglob("*.*")
                if p.is_file()}
        assert made == kept


def test_a_file_set_aside_is_read_once_its_contract_is_there(tmp_path, monkeypatch):
    import connectors

    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "Campaign.csv").write_text(
        "Id,IsDeleted,Name,Type,Status,StartDate,EndDate\n"
        "701000000000001AAA,false,Spring,Email,Completed,2026-03-01,2026-03-31\n"
    )
    everything = connectors.contracts()
    without = tuple(c for c in everything if c.name != "salesforce__campaign")
    monkeypatch.setattr(connectors, "contracts", lambda: (*without, salesforce_stub(everything)))
    before = make(tmp_path / "exports", tmp_path / "home")
    assert before.files["Campaign.csv"]["status"] == "quarantined"
    monkeypatch.setattr(connectors, "contracts", lambda: everything)
    assert len(make(tmp_path / "exports", tmp_path / "home").rows("raw.salesforce__campaign")) == 1


def test_a_contract_may_gain_a_column_after_its_files_are_gone(exports, tmp_path, monkeypatch):
    import connectors
    from connectors.contract import column

    make(exports, tmp_path / "home", "staging.salesforce__contact")
    shutil.rmtree(exports / "salesforce")
    new = column("Nobody Had This", "A column that came later")
    grown = tuple(
        replace(c, columns=(*c.columns, new)) if c.name == "salesforce__contact" else c
        for c in connectors.contracts()
    )
    monkeypatch.setattr(connectors, "contracts", lambda: grown)
    found = make(exports, tmp_path / "home", "staging.salesforce__contact")
    assert [len(found.rows(f"{layer}.salesforce__contact")) for layer in ("raw", "staging")] == [3, 3]


def salesforce_stub(contracts):
    """The campaigns' contract as it was before it fitted: it asks for a column that nobody has."""
    from connectors.contract import column

    campaign = next(c for c in contracts if c.name == "salesforce__campaign")
    asked = column("Nobody Has This", "A column of another world", required=True)
    return replace(campaign, columns=(*campaign.columns, asked))


@pytest.mark.fault(12)
def test_a_run_that_meets_a_damaged_file_names_it_and_publishes_nothing(home, exports, tmp_path):
    home = shutil.copytree(home, tmp_path / "copy", symlinks=True)
    part = next((home / "lake" / "raw" / "salesforce__contact").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-7])
    (exports / "salesforce" / "Contact.csv").unlink()  # else it would be read again
    (exports / "salesforce" / "Later.csv").write_text(
        CONTACTS.replace("2026-02-01T00", "2026-03-01T00"), encoding="utf-8"
    )
    said = cdp("run", "--exports", exports, "--home", home, "--as-of", "2026-06-02")
    assert said.returncode == 1
    assert part.name in said.stderr and "run again" in said.stderr
    assert "Nothing was published" in said.stderr and "Traceback" not in said.stderr


def test_a_run_whose_check_fails_says_which_and_exits_with_one(exports, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "sql", project / "sql")
    (project / "sql/golden/profiles.nobody_has_a_name.check.sql").write_text(
        "select profile_id from golden.profiles where last_name is not null", encoding="utf-8"
    )
    script = (
        "import sys; from pathlib import Path; from dagster_project import settings\n"
        f"settings.PROJECT = Path({str(project)!r})\n"
        "from dagster_project.cli import main; main()"
    )
    said = python(script, "run", "--exports", exports, "--home", tmp_path / "h").end()
    assert said.returncode == 1
    assert "nobody_has_a_name fails for 2 rows" in said.stderr
    assert "Lovelace" not in said.stderr + said.stdout
