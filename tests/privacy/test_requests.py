"""Requests on the sample company: taken down by command and by file, served by the next night."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pytest
from click.testing import CliRunner
from support import SAMPLE_AS_OF, nightly

from dagster_project.cli import main
from dagster_project.privacy import ledger
from dagster_project.privacy.requests import open_request, read_requests, refuse
from dagster_project.privacy.retention import months_from
from dagster_project.settings import PROJECT, load_settings

HEADER = "request_id kind email phone record visitor channel purpose received_on".split()
ASKED_ON = SAMPLE_AS_OF - timedelta(days=5)


def rows(home, sql):
    path = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def pseudonyms(home):
    path = (home / "warehouse" / "current" / "customers_pseudonymised.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return {row[0] for row in con.execute("select profile_id from profiles").fetchall()}


def command(home, exports, *arguments):
    found = CliRunner().invoke(
        main, ["privacy", *arguments, "--home", str(home)], env={"CDP_EXPORTS": str(exports)}
    )
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def company(shared_mailbox, tmp_path_factory):
    """The sample's home after a night on which people asked, and the people."""
    place = tmp_path_factory.mktemp("asked")
    home, exports = place / "home", place / "exports"
    for name in ("home", "exports"):
        shutil.copytree(shared_mailbox / name, place / name, symlinks=True)
    shutil.copy(shared_mailbox / "home.key", place / "home.key")
    people = rows(
        home,
        """select email, profile_id
        from profiles
        where profile_id in (
            select profile_id from consents
            where channel = 'email' and purpose = 'marketing' and status = 'granted'
        ) and email in (select email from identity.email_owners)
        order by (
            select count(*) from segment_members as there where there.profile_id = profiles.profile_id
        ) desc, profile_id
        limit 4""",
    )
    [(shared, first, second)] = rows(
        home,
        """select identifiers.value, min(profile_id), max(profile_id)
        from standard.identifiers inner join profile_records using (record_key)
        where kind = 'email' group by 1 having count(distinct profile_id) = 2 order by 1 limit 1""",
    )
    names = ("restricted", "objecting", "unsold", "wrong")
    found = SimpleNamespace(**{name: SimpleNamespace(email=one[0], profile_id=one[1])
                               for name, one in zip(names, people)})
    found.home, found.exports, found.shared, found.family = home, exports, shared, {first, second}
    command(home, exports, "restrict", found.restricted.email)
    command(home, exports, "object", found.objecting.email, "--purpose", "marketing")
    command(home, exports, "rectify", found.wrong.email, "--set", "city", "Ghent", "--by", "desk")
    with (exports / "requests.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(HEADER)
        for request_id, kind, email in (
            ("T1", "do_not_sell", found.unsold.email), ("T2", "access", found.unsold.email),
            ("T2", "erase", found.unsold.email), ("T3", "object", "nobody@nowhere.example"),
            ("T4", "erase", shared),
        ):
            write.writerow((request_id, kind, email, "", "", "", "", "", ASKED_ON))
    found.before = {row[0]: row[1:] for row in rows(home, "select * from consents order by all")}
    found.members = set(rows(home, "select segment, profile_id from segment_members"))
    found.steps = nightly(exports, home, SAMPLE_AS_OF + timedelta(days=1))
    return found


def states(company):
    return {(one.request_id, one.kind): one for one in read_requests(settings_of(company.home))}


def settings_of(home, **chosen):
    return replace(load_settings(directory=PROJECT, environment={}, home=home), **chosen)


# Restricted ----------------------------------------------------------------------------------------


def test_who_is_restricted_is_held_and_used_for_nothing(company):
    person = company.restricted.profile_id
    tables = rows(
        company.home,
        """select schema_name || '.' || table_name from duckdb_columns()
        where column_name = 'profile_id' and (schema_name = 'segments' or table_name in (
            'segment_members', 'scores', 'recommendations', 'lookalikes', 'contact_preferences',
            'category_affinities', 'score_audience', 'score_customers', 'score_activity', 'score_hours'
        ))""",
    )
    used = [t for (t,) in tables
            if rows(company.home, f"select 1 from {t} where profile_id = '{person}' limit 1")]
    assert len(tables) > 30
    assert used == []
    assert rows(company.home, f"select count(*) from profiles where profile_id = '{person}'") == [(1,)]
    assert rows(company.home, f"select 1 from orders where profile_id = '{person}' limit 1") == [(1,)]


def test_the_history_says_why_it_left(company):
    person = company.restricted.profile_id
    were_in = {segment for segment, one in company.members if one == person}
    left = rows(
        company.home,
        f"select segment, reason from segment_history where profile_id = '{person}' and change = 'left'",
    )
    assert len(were_in) > 2
    assert set(left) == {(segment, "consent") for segment in were_in}


# Denied ------------------------------------------------------------------------------------------


def test_an_objection_outranks_every_yes_of_its_purpose_and_no_other(company):
    person = company.objecting.profile_id
    found = rows(
        company.home,
        f"""select purpose, list(distinct status), count(distinct channel) from consents
        where profile_id = '{person}' group by purpose order by purpose""",
    )
    assert found == [("marketing", ["denied"], 6)]


def test_whose_data_is_not_sold_is_in_no_advertising(company):
    person = company.unsold.profile_id
    found = rows(
        company.home,
        f"select distinct status, evidence_record from consents "
        f"where profile_id = '{person}' and purpose = 'advertising'",
    )
    assert found == [("denied", "T1")]
    audience = rows(company.home, f"select 1 from workings.score_audience where profile_id = '{person}'")
    assert audience == []


def test_a_request_touches_nobody_else(company):
    asked = {one.profile_id for one in
             (company.restricted, company.objecting, company.unsold, company.wrong)}
    changed = rows(
        company.home,
        "select distinct profile_id from segment_history where run_id = (select max(run_id) from runs) "
        "and reason = 'consent'",
    )
    assert {one for (one,) in changed} <= asked
    made = {step.table: step for step in company.steps}
    for table in ("standard.consent_statements", "golden.restrictions", "standard.requests"):
        assert made[table].outcome == "part", table
    assert made["workings.score_activity"].outcome == "part"
    assert made["workings.score_activity"].rows_written == 0


# Corrected ---------------------------------------------------------------------------------------


def test_a_correction_is_read_by_the_next_night(company):
    person = company.wrong.profile_id
    assert rows(company.home, f"select city from profiles where profile_id = '{person}'") == [("Ghent",)]


# States --------------------------------------------------------------------------------------------


def test_the_table_says_what_has_become_of_each(company):
    found = {key: one.state for key, one in states(company).items() if key[0].startswith("T")}
    assert found == {
        ("T1", "do_not_sell"): "done",
        ("T2", "access"): "identified",
        ("T2", "erase"): "identified",
        ("T3", "object"): "received",
        ("T4", "erase"): "in review",
    }
    told = {one.kind: one.state for one in states(company).values() if one.source == "command"}
    assert told == {"restrict": "done", "object": "done", "rectify": "done"}
    assert states(company)["T1", "do_not_sell"].completed_on == SAMPLE_AS_OF + timedelta(days=1)
    assert {one.completed_on is None for one in states(company).values() if one.is_open} == {True}


def test_it_is_published_without_a_word_about_who_asked(company):
    columns = [row[0] for row in rows(company.home, "describe privacy_requests")]
    assert columns == ["request_id", "kind", "received_on", "due_on", "state", "completed_on", "source"]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 5, 28), date(2026, 6, 28)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_request_is_due_a_calendar_month_after_its_receipt(received, due):
    assert months_from(received, 1) == due


def test_the_list_tells_what_is_late(company):
    said = json.loads(command(company.home, company.exports, "list", "--json"))
    assert {one["request_id"] for one in said} >= {"T1", "T2", "T3", "T4"}
    late = json.loads(command(company.home, company.exports, "list", "--overdue", "--json"))
    assert {(one["request_id"], one["kind"]) for one in late} == {
        ("T2", "access"), ("T2", "erase"), ("T3", "object"), ("T4", "erase"),
    }
    assert "T4" in command(company.home, company.exports, "list", "--overdue")


def test_the_trail_holds_no_personal_data(company):
    settings = settings_of(company.home)
    text = (settings.privacy / "ledger.jsonl").read_text(encoding="utf-8")
    kept = {one.request_id for one in ledger.read_ledger(settings)}
    assert kept >= {"T1", "T2", "T3", "T4"}
    people = (company.restricted, company.objecting, company.unsold, company.wrong)
    assert [one for one in people if one.email in text or one.profile_id in text] == []
    assert "Ghent" not in text and company.shared not in text


def test_what_is_written_is_the_owner_s_or_the_group_s_alone(company):
    settings = settings_of(company.home)
    owners = [settings.privacy, *settings.privacy.iterdir(), settings.state / "privacy" / "ledger.jsonl"]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in owners} == {0}
    [correction] = (company.exports / "privacy").glob("rectify_*.csv")
    assert stat.S_IMODE(correction.stat().st_mode) & 0o007 == 0
    files = [path for path in company.home.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o007] == []


def test_pseudonyms_are_the_same_in_the_next_run(company, shared_mailbox):
    """The key is the sample's, so whoever followed its people goes on."""
    assert pseudonyms(company.home) == pseudonyms(shared_mailbox / "home")


# Ended -------------------------------------------------------------------------------------------


def test_a_request_can_be_answered_or_refused_by_hand(tmp_path):
    settings = settings_of(tmp_path / "home")
    one = open_request(settings, "access", [("email", "ada@x.example")], received_on=date(2026, 5, 1))
    assert [two.state for two in read_requests(settings)] == ["received"]
    again = open_request(settings, "access", request_id=one.request_id, received_on=date(2026, 5, 9))
    assert again.request_id == one.request_id
    refuse(settings, "access", one.request_id)
    [ended] = read_requests(settings)
    assert (ended.state, ended.received_on) == ("refused", date(2026, 5, 1))
    assert ended.completed_on is not None
    with pytest.raises(ValueError, match="served by the run"):
        refuse(settings, "restrict", one.request_id)


def test_once_lifted_a_person_is_back_and_a_later_yes_counts(company):
    """Last, since it goes on from where the other tests look."""
    command(company.home, company.exports, "restrict", company.restricted.email, "--lift")
    later = datetime.now(UTC) + timedelta(days=2)
    (company.exports / "yes.csv").write_text(
        "email,phone,record,channel,purpose,status,stated_at,evidence\n"
        f"{company.objecting.email},,,email,marketing,granted,{later:%Y-%m-%d %H:%M:%S},form\n"
    )
    nightly(company.exports, company.home, SAMPLE_AS_OF + timedelta(days=1))
    person = company.restricted.profile_id
    now = set(rows(company.home, f"select segment from segment_members where profile_id = '{person}'"))
    assert {segment for (segment,) in now} == {seg for seg, one in company.members if one == person}
    assert rows(company.home, f"select 1 from restrictions where profile_id = '{person}'") == []
    agreed = rows(
        company.home,
        f"""select channel from consents where profile_id = '{company.objecting.profile_id}'
            and purpose = 'marketing' and status = 'granted'""",
    )
    assert agreed == [("email",)]
    steps = nightly(company.exports, company.home, SAMPLE_AS_OF + timedelta(days=1))
    assert {step.table for step in steps if step.outcome != "unchanged"} == set()
