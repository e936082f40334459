"""Operating a home: doctor, runs, roll back, logs, alerts, file modes, and the page for operators."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest
from forked import write_command
from support import SAMPLE, assert_pseudonymised, assert_published, nightly
from test_cli import landed

from dagster_project import alerts
from dagster_project.cli import main
from dagster_project.doctor import ERROR, OK, WARN, examine
from dagster_project.gate import Held, Reason
from dagster_project.history import past_runs
from dagster_project.lake import LakeError, exclusive
from dagster_project.logs import RUNNING, read
from dagster_project.nightly import open_night
from dagster_project.publish import Published
from dagster_project.rollback import RollbackError, kept, roll_back
from dagster_project.settings import PROJECT, Alerts, Secret, Settings, SettingsError, load_settings

PAGE = (PROJECT / "docs" / "operating.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def srv(tmp_path_factory) -> Path:
    """What the page calls /srv: exports of the last five days and a home with two nights. Tests that
    change it copy it."""
    place = tmp_path_factory.mktemp("srv")
    contacts = landed(place / "cdp" / "exports") / "salesforce" / "Contact.csv"
    for days_ago in (1, 2, 3, 4):
        earlier = contacts.with_name(f"Contact {days_ago}.csv")
        earlier.write_text(contacts.read_text().replace("Navy", f"Navy {days_ago}"))
        at = (datetime.now(UTC) - timedelta(days=days_ago)).timestamp()
        os.utime(earlier, (at, at))
    for day in (2, 3):
        nightly(place / "cdp" / "exports", place / "cdp" / "data", date(2026, 6, day))
    (place / "cdp" / "cdp.toml").write_text(blocks("toml")[0].replace("/srv", str(place)))
    return place


@pytest.fixture
def settings(srv, tmp_path) -> Settings:
    """A copy of that home, for one test."""
    shutil.copytree(srv / "cdp", tmp_path / "cdp", symlinks=True)
    return load_settings(
        directory=PROJECT, environment={}, exports=tmp_path / "cdp/exports", home=tmp_path / "cdp/data"
    )


def found_by(settings: Settings, about: str, **chosen) -> list:
    return [one for one in examine(settings, **chosen) if one.about == about]


# The page for operators ----------------------------------------------------------------------------


def test_every_command_on_the_page_runs_in_its_order(srv, tmp_path):
    shutil.copytree(srv, tmp_path / "srv", symlinks=True)
    (tmp_path / "bin").mkdir()
    write_command(tmp_path / "bin" / "cdp")
    script = "set -e\n" + "\n".join(blocks("sh")).replace("/srv", str(tmp_path / "srv"))
    script = script.replace(str(srv), str(tmp_path / "srv"))
    toml = tmp_path / "srv/cdp/cdp.toml"
    toml.write_text(toml.read_text().replace(str(srv), str(tmp_path / "srv")).partition("[alerts]")[0])
    chosen = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path,
        env=os.environ | chosen,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "Both databases are those of 2026-06-02-" in done.stdout
    assert ids_of(tmp_path / "srv/restored/data") == ids_of(srv / "cdp/data")


def ids_of(home: Path) -> list[tuple]:
    path = (home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute("select record_id, profile_id from profile_records order by all").fetchall()


def test_what_the_page_schedules_are_commands():
    units = [configparser.ConfigParser(strict=False) for _ in blocks("ini")]
    for unit, text in zip(units, blocks("ini")):
        unit.read_string(text)
    service, timer = units
    lines = [service["Service"]["ExecStart"], service["Service"]["ExecStopPost"]]
    for line in blocks("cron")[0].splitlines():
        minute, hour, *days, command = line.split(maxsplit=5)
        assert minute.isdecimal() and hour.isdecimal() and days == ["*", "*", "*"]
        assert command.startswith(f"cd {service['Service']['WorkingDirectory']} && ")
        lines.append(command.partition(" && ")[2])
    for line in lines:
        program, name, *given = shlex.split(line)
        assert program == "/opt/cdp/.venv/bin/cdp"
        main.commands[name].make_context(name, given)
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:00:00"


def test_the_settings_on_the_page_are_known(tmp_path):
    (tmp_path / "cdp.toml").write_text(blocks("toml")[0])
    chosen = load_settings(directory=tmp_path, environment={})
    assert chosen.alerts.channels == ("command", "webhook", "e-mail")
    assert chosen.kept_publishes == 7


@pytest.mark.parametrize("command", ["doctor", "runs", "rollback"])
def test_every_command_for_operators_has_an_example(command):
    assert "Example: cdp" in main.commands[command].help


# Doctor --------------------------------------------------------------------------------------------


def test_a_home_that_is_well_has_no_error_and_a_remedy_for_every_warning(settings):
    found = examine(settings)
    assert [one for one in found if one.status == ERROR] == []
    assert all(one.remedy for one in found if one.status != OK)
    assert {"setting", "versions", "disk", "memory", "lock", "files", "key", "published", "last run",
            "delivery", "alerts"} == {one.about for one in found}


def test_doctor_says_where_each_setting_is_from(tmp_path):
    (tmp_path / "cdp.toml").write_text('timezone = "Europe/Paris"\nexports = "there"\n')
    chosen = load_settings(
        directory=tmp_path, environment={"CDP_EXPORTS": "elsewhere"}, home=tmp_path / "home"
    )
    said = [one.words for one in found_by(chosen, "setting")]
    assert "timezone = Europe/Paris (cdp.toml)" in said
    assert f"exports = {tmp_path / 'elsewhere'} (CDP_EXPORTS)" in said
    assert f"home = {tmp_path / 'home'} (--home)" in said
    assert "threads = 2 (default)" in said


def test_doctor_tells_who_holds_the_lock_and_since_when(settings):
    with exclusive(settings.state / "lock", purpose="cdp run"):
        [held] = found_by(settings, "lock")
    assert re.fullmatch(r"held by cdp run, process \d+, since 20\S+", held.words)
    assert [one.words for one in found_by(settings, "lock")] == ["free"]


def world_readable_file(settings):
    (settings.home / "reports" / "run.html").chmod(0o644)


def world_readable_home(settings):
    settings.home.chmod(0o755)


def key_for_all(settings):
    settings.key.chmod(0o644)


def key_gone(settings):
    settings.key.unlink()


def exports_gone(settings):
    shutil.rmtree(settings.exports)


def killed(settings):
    (settings.logs / RUNNING).write_text(
        '{"at": "2026-06-04T02:00:00", "event": "run begun", "as_of": "2026-06-04"}\n'
        '{"at": "2026-06-04T02:00:01", "event": "step done", "table": "golden.orders"}\n'
    )


@pytest.mark.parametrize(
    ("damage", "about", "status", "words", "remedy"),
    [
        (world_readable_file, "files", WARN, "1 files and folders are open", "chmod -R g-w,o-rwx"),
        (world_readable_home, "files", ERROR, "has mode 755", "chmod -R g-w,o-rwx"),
        (key_for_all, "key", ERROR, "has mode 644", "chmod 600"),
        (key_gone, "key", ERROR, "every pseudonym changes", "restore it from your backup"),
        (exports_gone, "setting", ERROR, "there is no folder", "make it"),
        (killed, "last run", ERROR, "was killed after: step done golden.orders", "goes on"),
    ],
)
def test_doctor_finds_what_is_wrong_and_says_what_to_do(settings, damage, about, status, words, remedy):
    damage(settings)
    found = [one for one in found_by(settings, about) if one.status == status]
    assert [one for one in found if words in one.words and remedy in one.remedy]


def test_what_was_not_published_for_long_is_stale(settings):
    later = datetime.now(UTC) + timedelta(hours=settings.stale_after_hours + 1)
    assert [one.status for one in found_by(settings, "published", now=later)] == [ERROR]


def test_a_limit_beyond_the_machine_s_memory_is_a_warning(settings):
    [found] = found_by(replace(settings, memory_limit="900TB"), "memory")
    assert found.status == WARN
    [found] = found_by(replace(settings, memory_limit="a lot"), "memory")
    assert found.status == ERROR


def test_links_that_are_not_followed_are_told(settings, tmp_path):
    (settings.exports / "crm").symlink_to(settings.exports / "salesforce")
    (settings.exports / "out.csv").symlink_to(tmp_path / "elsewhere.csv")
    (settings.exports / "again.csv").symlink_to(settings.exports / "salesforce" / "Contact.csv")
    told = [one for one in found_by(settings, "delivery") if "links" in one.words]
    assert [(one.status, one.words[:8]) for one in told] == [(WARN, "2 links ")]


def test_doctor_exits_with_one_for_an_error_and_two_for_wrong_settings(settings, tmp_path, monkeypatch):
    from click.testing import CliRunner

    given = ["doctor", "--home", str(settings.home), "--exports", str(settings.exports), "--json"]
    well = CliRunner().invoke(main, given)
    assert well.exit_code == 0
    assert {one["status"] for one in json.loads(well.stdout)} == {OK, WARN}
    key_gone(settings)
    assert CliRunner().invoke(main, given).exit_code == 1
    (tmp_path / "cdp.toml").write_text("kept_publishes = 0\n")
    monkeypatch.chdir(tmp_path)
    wrong = CliRunner().invoke(main, given)
    assert wrong.exit_code == 2 and "kept_publishes = 0" in wrong.output


# Runs and roll back --------------------------------------------------------------------------------


def test_runs_are_told_the_latest_first_with_what_is_served_and_kept(settings):
    second, first = past_runs(settings)
    assert (first.as_of, first.status, first.database) == ("2026-06-02", "published", "kept")
    assert (second.as_of, second.status, second.database) == ("2026-06-03", "published", "served")
    assert (second.rows, second.profiles) == (15, 2)
    killed(settings)
    assert {one.status for one in past_runs(settings) if one.run_id is None} == {"killed"}


def test_rolling_back_serves_both_editions_of_the_run_before(settings):
    second, first = (one.run_id for one in kept(settings))
    state = os.readlink(settings.state / "current")
    assert [one.run_id for one in roll_back(settings)] == [second, first]
    assert os.readlink(settings.warehouse / "current") == first
    for path in (settings.database, settings.pseudonymised):
        with duckdb.connect(str(path.resolve()), read_only=True) as con:
            assert con.execute("select max(run_id) from runs").fetchall() == [(first,)]
    assert os.readlink(settings.state / "current") == state
    assert read(settings.logs / f"{second}.jsonl")[-1]["event"] == "rolled back"
    assert [one.status for one in found_by(settings, "published")] == [OK, WARN]
    with pytest.raises(RollbackError, match="no publish before"):
        roll_back(settings)
    assert roll_back(settings, second)[1].run_id == second


@pytest.mark.parametrize("named", ["2026-06-01-0badc0de", "../../etc", ""])
def test_only_what_is_kept_can_be_served(settings, named):
    with pytest.raises(RollbackError, match="is not kept; kept are: 2026-06-02"):
        roll_back(settings, named)


def test_what_was_written_to_is_not_served_again(settings):
    first = kept(settings)[1].run_id
    with duckdb.connect(str(settings.warehouse / first / "customers.duckdb")) as con:
        con.execute("update profiles set first_name = 'Mallory'")
    with pytest.raises(RollbackError, match="damaged, or somebody has written"):
        roll_back(settings)


def test_what_is_damaged_is_not_served_again(settings):
    database = settings.warehouse / kept(settings)[1].run_id / "customers_pseudonymised.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        block = con.execute("select max(block_id) from pragma_storage_info('profiles')").fetchall()[0][0]
    with database.open("r+b") as handle:
        handle.seek(3 * 4096 + block * 262144 + 100)
        handle.write(b"damage")
    with pytest.raises(RollbackError, match="damaged, or somebody has written"):
        roll_back(settings)


def night_of(settings: Settings, day: int) -> int:
    """A night with news, of which one publish is kept. Returns which file serves then."""
    contacts = settings.exports / "salesforce" / "Contact.csv"
    contacts.with_name(f"Contact {day}.csv").write_text(contacts.read_text().replace("Navy", f"Navy {day}"))
    nightly(settings.exports, settings.home, date(2026, 6, day), kept_publishes=1)
    return settings.database.stat().st_ino


def test_the_publish_that_is_kept_no_more_becomes_the_next_but_one(settings):
    files = [settings.database.stat().st_ino, *(night_of(settings, day) for day in (4, 5, 6))]
    assert len(set(files)) == 2 and files[2:] == files[:2]
    assert_published(settings.home)
    assert_pseudonymised(settings.home)
    assert len(kept(settings)) == 1


def test_who_never_lets_go_of_a_database_keeps_it(settings):
    script = (
        "import duckdb, sys\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "for _ in sys.stdin:\n"
        "    print(con.execute('select max(as_of)::date from runs').fetchall()[0][0], flush=True)"
    )
    files = [settings.database.stat().st_ino]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(settings.database.resolve())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:
        for day in (4, 5, 6):
            print(file=reader.stdin, flush=True)
            assert reader.stdout.readline() == "2026-06-03\n"
            files.append(night_of(settings, day))
    assert files[0] not in files[1:]
    assert_published(settings.home)


def test_after_a_rollback_the_next_run_publishes_anew_and_forgets_the_oldest(settings):
    second, first = (one.run_id for one in kept(settings))
    roll_back(settings)
    nightly(settings.exports, settings.home, date(2026, 6, 4), kept_publishes=2)
    now = kept(settings)
    assert now[0].is_served and now[0].as_of == "2026-06-04"
    assert len(now) == 2 and len(list((settings.state / "versions").iterdir())) == 2
    lake = settings.lake
    for place in lake.glob("*/*"):
        text = (place / "manifest.json").read_text()
        assert [path.name for path in place.iterdir() if path.name not in text
                and path.name != "manifest.json"] == [], place
    assert {one.status for one in past_runs(settings)} == {"published"}


# Logs ----------------------------------------------------------------------------------------------


def log_of(home: Path) -> Path:
    [path] = (home / "logs").glob("*.jsonl")
    return path


def test_the_log_tells_a_run_from_beginning_to_end(sample_home):
    events = read(log_of(sample_home))
    assert (events[0]["event"], events[-1]["event"]) == ("run begun", "run ended")
    assert {"file read", "step done", "published"} <= {one["event"] for one in events}
    assert events[-1]["status"] == "published"
    assert log_of(sample_home).stem == events[-1]["run_id"]
    orders = [one for one in events if one.get("table") == "raw.shopify__orders" and "path" in one]
    assert all(one["rows_read"] == one["rows_accepted"] + one["rows_quarantined"] > 0 for one in orders)


def test_no_log_holds_a_name_an_address_or_a_number_of_anybody(sample_home):
    log = log_of(sample_home).read_text(encoding="utf-8").lower()
    words = set(re.findall(r"[^\W\d_]+", log))
    digits = re.sub(r"\D", "", re.sub(r'"(at|seconds|rows|rows_\w+|process)": [^,}]*', "", log))
    people = duckdb.sql(f"from '{SAMPLE}/truth/people.parquet'").pl().to_dicts()
    assert len(people) > 200
    for person in people:
        for name in ("first_name", "middle_name", "last_name", "nickname", "former_last_name"):
            assert not words & set(re.findall(r"[^\W\d_]+", (person[name] or "").lower()))
        for name in ("email", "second_email", "work_email", "family_email", "street"):
            assert not person[name] or person[name].lower() not in log
        for name in ("mobile", "landline"):
            number = re.sub(r"\D", "", person[name] or "")[-9:]
            assert not number or number not in digits


def test_a_killed_run_s_log_goes_on_in_the_next(settings):
    killed(settings)
    with pytest.raises(LakeError), open_night(settings) as run, run.noting("golden.profiles"):
        raise LakeError("a part is missing")
    events = read(settings.logs / f"{run.run_id}.jsonl")
    assert [one["event"] for one in events if one["event"] != "rolled back"] == [
        "run begun", "step done", "run begun", "failed", "run ended"]
    assert events[-1]["failures"] == ["golden.profiles: a part is missing"]
    assert not (settings.logs / RUNNING).exists()


def test_the_newest_logs_are_kept(settings):
    for number in range(5):
        path = settings.logs / f"old-{number}.jsonl"
        path.write_text("")
        os.utime(path, (number, number))
    with open_night(replace(settings, kept_logs=3)) as run:
        pass
    assert len(list(settings.logs.iterdir())) == 3
    assert (settings.logs / f"{run.run_id}.jsonl").exists()


# Alerts --------------------------------------------------------------------------------------------


class Hook(BaseHTTPRequestHandler):
    """A webhook that remembers what it was sent; /gone sends on elsewhere, /500 fails."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, body))
        self.send_response({"/gone": 302, "/500": 500}.get(self.path, 200))
        if self.path == "/gone":
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/caught")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Post(socketserver.StreamRequestHandler):
    """A mail server that takes whatever comes, as far as smtplib speaks to it."""

    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            command = line[:4].upper().strip()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.got.append(b"".join(lines))
            self.wfile.write(b"250 ok\r\n" if command != b"QUIT" else b"221 bye\r\n")
            if command == b"QUIT":
                return


@contextmanager
def serving(server):
    server.got = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hook():
    with serving(HTTPServer(("127.0.0.1", 0), Hook)) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server


@pytest.fixture
def post():
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)) as server:
        yield server


def webhook(url: str) -> Alerts:
    return Alerts(webhook=Secret("CDP_ALERT_WEBHOOK", value=url))


def say(chosen: Alerts) -> dict:
    return alerts.send(chosen, title="a title\nof two lines", text="words", facts={"kind": "failed"})


def test_a_failed_run_is_told_by_command_webhook_and_mail(settings, hook, post, tmp_path):
    told = str(tmp_path / "told")
    script = f"import sys, pathlib; pathlib.Path({told!r}).write_text(sys.stdin.read())"
    chosen = Alerts(
        command=(sys.executable, "-c", script),
        webhook=Secret("CDP_ALERT_WEBHOOK", value=f"{hook.url}/T0KEN"),
        email_to=("ops@example.org",),
        smtp=f"127.0.0.1:{post.server_address[1]}",
    )
    with pytest.raises(LakeError), open_night(replace(settings, alerts=chosen)) as run:
        with run.noting("golden.profiles"):
            raise LakeError("a part is missing")
    [(path, posted)] = hook.got
    told = json.loads(posted)
    assert path == "/T0KEN" and json.loads((tmp_path / "told").read_text()) == told
    assert (told["kind"], told["status"], told["run_id"]) == ("failed", "failed", run.run_id)
    assert "golden.profiles: a part is missing" in told["text"]
    [mail] = post.got
    assert b"To: ops@example.org" in mail and b"golden.profiles: a part is missing" in mail
    log = (settings.logs / f"{run.run_id}.jsonl").read_text()
    assert log.count('"alert sent"') == 3 and "T0KEN" not in log


def test_a_held_run_is_told_as_held(settings, hook):
    with pytest.raises(Held), open_night(replace(settings, alerts=webhook(hook.url))) as run:
        with run.noting("identity"):
            raise Held(run.run_id, [Reason("identity", ("too much changed",), "look", "f")])
    [(_, posted)] = hook.got
    assert json.loads(posted)["kind"] == "held"


def test_a_late_export_is_told_and_a_good_run_else_is_not(settings, hook):
    chosen = replace(settings, alerts=webhook(hook.url))
    for days, alert_count in ((3, 0), (4, 1)):
        later = datetime.now(UTC) + timedelta(days=days)
        with open_night(chosen, as_of=later.date()) as run:
            run.once("published", lambda: Published(settings.database, False, 0))
        assert len(hook.got) == alert_count
    for days, status in ((3, OK), (4, WARN), (8, ERROR)):
        [found] = found_by(settings, "delivery", now=datetime.now(UTC) + timedelta(days=days))
        assert found.status == status
        words = rf"salesforce contact: last on \S+, {days} days ago; usually every day"
        assert re.fullmatch(words, found.words)
    [(_, posted)] = hook.got
    assert json.loads(posted)["kind"] == "stale"
    assert "salesforce contact" in json.loads(posted)["text"]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (Alerts(command=("/nowhere/page",)), "it could not be reached: FileNotFoundError"),
        (Alerts(command=(sys.executable, "-c", "exit('S3CRET')")), "the command ended with 1"),
        (webhook("http://example.org/S3CRET"), "does not begin with https://"),
        (webhook("file:///etc/passwd"), "does not begin with https://"),
        (webhook("http://127.0.0.1:1/S3CRET"), "it could not be reached: URLError"),
        (webhook("https://[S3CRET"), "it could not be reached: ValueError"),
        (Alerts(webhook=Secret("CDP_ALERT_WEBHOOK", file=Path("/nowhere/x"))), "cannot be read"),
        (Alerts(email_to=("a@b.org",), smtp="127.0.0.1:1"), "it could not be reached: Connection"),
    ],
)
def test_an_alert_that_cannot_be_sent_fails_nothing_and_keeps_its_secret(chosen, problem):
    [said] = say(chosen).values()
    assert problem in said and "S3CRET" not in said


@pytest.mark.parametrize(("path", "code"), [("/500", "500"), ("/gone", "302")])
def test_a_webhook_that_fails_or_sends_elsewhere_is_told_by_its_code(hook, path, code):
    assert say(webhook(hook.url + path)) == {"webhook": f"the webhook answered {code}"}
    assert [where for where, _ in hook.got] == [path]


def test_the_alert_s_command_is_given_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("CDP_SMTP_PASSWORD", "S3CRET")
    script = f"import os, pathlib; pathlib.Path({str(tmp_path / 'env')!r}).write_text(str(os.environ))"
    assert say(Alerts(command=(sys.executable, "-c", script))) == {"command": None}
    assert "S3CRET" not in (tmp_path / "env").read_text()


def test_secrets_are_from_files_or_the_environment_and_are_never_shown(settings, tmp_path):
    (tmp_path / "hook").write_text("https://example.org/S3CRET\n")
    (tmp_path / "hook").chmod(0o644)
    (tmp_path / "cdp.toml").write_text('[alerts]\nwebhook_file = "hook"\n')
    chosen = load_settings(directory=tmp_path, environment={"CDP_SMTP_PASSWORD": "S3CRET"})
    assert chosen.alerts.webhook.reveal() == "https://example.org/S3CRET"
    assert "S3CRET" not in repr(chosen) + str(examine(replace(settings, alerts=chosen.alerts)))
    remedies = [one.remedy for one in found_by(replace(settings, alerts=chosen.alerts), "alerts")]
    assert f"chmod 600 {tmp_path / 'hook'}" in remedies
    (tmp_path / "cdp.toml").write_text('[alerts]\nwebhook = "https://example.org/S3CRET"\n')
    with pytest.raises(SettingsError, match="never in cdp.toml") as refused:
        load_settings(directory=tmp_path, environment={})
    assert "S3CRET" not in str(refused.value)


# Files ---------------------------------------------------------------------------------------------


def test_what_a_run_makes_is_for_its_owner_and_group_only(srv):
    home = srv / "cdp" / "data"
    below = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
    assert [path for path in below if path.stat().st_mode & 0o027] == []
    assert (srv / "cdp" / "data.key").stat().st_mode & 0o777 == 0o600


def test_what_a_command_writes_is_for_its_owner_and_group_only(settings, tmp_path):
    from click.testing import CliRunner

    os.umask(0o022)
    done = CliRunner().invoke(
        main, ["dictionary", "--home", str(settings.home), "--markdown", str(tmp_path / "told.md")]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "told.md").stat().st_mode & 0o777 == 0o640
