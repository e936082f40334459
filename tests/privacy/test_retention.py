"""What is kept no longer than it may be: years later, on the sample company."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from support import SAMPLE, SAMPLE_AS_OF, nightly, published_of

from dagster_project import logs
from dagster_project.catalog import load_catalog
from dagster_project.lake import Lake, write_parquet
from dagster_project.privacy import retention
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, Retention, SettingsError, load_settings

LATER = date(2028, 8, 10)
"""The sample's events are of June 2025 to May 2026, so that three years before is amid them."""

EVENTS_UNTIL, VISITORS_UNTIL = date(2025, 8, 1), date(2026, 7, 1)
FOR_GOOD = Retention(**dict.fromkeys(Retention.__dataclass_fields__, ""))


@pytest.fixture(scope="module")
def homes(sample_home, tmp_path_factory):
    """The sample's home as it was, and a copy of it after a night two years later."""
    later = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(sample_home, later, symlinks=True)
    for path in (
        later / "reports" / "runs" / "2020-01-01-00000000.html",
        later / "logs" / "2020-01-01-00000000.jsonl",
        later / "warehouse" / "2020-01-01-00000000" / "customers.duckdb",
        later / "state" / "versions" / "2020-01-01-00000000" / "origin.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        grown_old(path, path.parent)
    nightly(SAMPLE / "exports", later, LATER)
    return sample_home, later


def grown_old(*paths):
    for path in paths:
        os.utime(path, (0, datetime(2020, 1, 1, tzinfo=UTC).timestamp()))


def rows(home, table, sql):
    lake = Lake(home / "lake")
    with duckdb.connect() as con:
        con.execute((PROJECT / "sql" / "functions.sql").read_text(encoding="utf-8"))
        con.execute(f"create view rows as from ({lake.scan(table)})")
        return con.execute(sql).fetchall()


def told(home):
    return [one for path in (home / "logs").glob("*.jsonl") for one in logs.read(path)
            if one["event"] == "expired"]


def settings_of(home, **chosen):
    settings = load_settings(directory=PROJECT, environment={}, exports=SAMPLE / "exports", home=home)
    return replace(settings, **chosen)


# Rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "day"),
    [
        ("P3Y", date(2025, 8, 1)),
        ("P25M", date(2026, 7, 1)),
        ("P20M", date(2026, 12, 1)),
        ("P30D", date(2028, 7, 1)),
        ("P8W", date(2028, 6, 1)),
        ("", None),
    ],
)
def test_rows_expire_by_whole_months(duration, day):
    assert retention.until(LATER, duration) == day


@pytest.mark.parametrize("value", ["3 years", "P", "P0D", "3Y", 90])
def test_a_duration_that_is_none_is_told(tmp_path, value):
    written = f'"{value}"' if isinstance(value, str) else value
    (tmp_path / "cdp.toml").write_text(f"[retention]\nevents = {written}\n")
    with pytest.raises(SettingsError, match="is not a duration such as P3Y"):
        load_settings(directory=tmp_path, environment={})


def test_every_export_of_events_has_its_rules():
    ruled = {(one.setting, one.table) for one in retention.rules()}
    for table in ("weblogs__access", "weblogs__cloudfront", "segment__events"):
        assert {("events", f"raw.{table}"), ("visitors", f"raw.{table}")} <= ruled
    assert ("events", "raw.sendgrid__events") in ruled


def test_the_defaults_leave_the_sample_as_it_is(homes):
    assert told(homes[0]) == []


def test_what_is_to_be_kept_for_good_is_kept(homes, tmp_path):
    shutil.copytree(homes[0], tmp_path / "home", symlinks=True)
    settings = settings_of(tmp_path / "home", retention=FOR_GOOD)
    catalog = load_catalog(settings)
    with open_run(settings, as_of=LATER) as run:
        for one in retention.rules():
            assert catalog[one.table].make(run).outcome == "unchanged"
        assert not run.done("expired")


# Rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["weblogs__access", "weblogs__cloudfront", "segment__events"])
def test_events_go_after_their_time(homes, table):
    before, after = (
        rows(home, f"raw.{table}", f"select count(*) from rows where occurred_on < '{EVENTS_UNTIL}'")
        for home in homes
    )
    assert before > [(5,)]
    assert after == [(0,)]


def test_words_about_consent_stay(homes):
    before, after = (
        rows(home, "golden.consents", "select * exclude (evidence_record) from rows order by all")
        for home in homes
    )
    assert before == after
    [(mails,)] = rows(
        homes[1], "raw.sendgrid__events",
        f"select count(*) filter (where event in ('open', 'delivered')) from rows "
        f"where occurred_on < '{EVENTS_UNTIL}'",
    )
    assert mails == 0


@pytest.mark.parametrize("table", ["weblogs__access", "weblogs__cloudfront"])
def test_visits_of_nobody_who_is_known_go_sooner(homes, table):
    line = retention.LINES[table]
    known = rows(
        homes[0], "golden.events",
        "select record_id from rows where profile_id is not null and system = 'weblogs'",
    )
    sql = (
        f"select md5(concat_ws('|', {line})) from rows "
        f"where occurred_on between '{EVENTS_UNTIL}' and '{VISITORS_UNTIL - timedelta(days=1)}'"
    )
    before, after = ({row for row in rows(home, f"raw.{table}", sql)} for home in homes)
    assert before - set(known)
    assert after == before & set(known)


def test_calls_of_nobody_who_is_known_go_sooner(homes):
    known = {row[0] for row in rows(
        homes[0], "identity.visitors", "select visitor_id from rows where profile_id is not null"
    )}
    sql = (
        "select distinct 'segment:' || coalesce(anonymous_id, user_id) from rows "
        f"where occurred_on between '{EVENTS_UNTIL}' and '{VISITORS_UNTIL - timedelta(days=1)}'"
    )
    before, after = ({row[0] for row in rows(home, "raw.segment__events", sql)} for home in homes)
    assert before - known
    assert after == before & known


def test_bought_values_go_a_year_after_their_last_day(homes):
    before, after = (rows(home, "raw.third_party__attributes", "select count(*) from rows")
                     for home in homes)
    assert (before, after) == ([(74,)], [(0,)])
    assert rows(homes[1], "standard.bought_traits", "select count(*) from rows") == [(0,)]


def test_what_was_set_aside_goes(homes):
    before, after = (rows(home, "raw.quarantine", "select count(*) from rows") for home in homes)
    assert before > [(0,)]
    assert after == [(0,)]


def test_they_are_not_on_the_disk_any_more(homes):
    """Not in the parts of the tables, nor in what earlier parts held."""
    gone = "select distinct sg_event_id from rows where occurred_on < '2025-07-01' and event = 'open'"
    values = [row[0] for row in rows(homes[0], "raw.sendgrid__events", gone)]
    assert len(values) > 5
    found = []
    with duckdb.connect() as con:
        for path in (homes[1] / "lake").rglob("*.parquet"):
            columns = con.execute(f"describe from read_parquet('{path}')").fetchall()
            for name in (name for name, kind, *_ in columns if name == "sg_event_id"):
                held = con.execute(f"select {name} from read_parquet('{path}')").fetchall()
                found += [path.parent.name] if set(values) & {row[0] for row in held} else []
    assert found == []
    assert list((homes[1] / "lake" / "raw").rglob("*.gone.parquet")) == []


def test_tables_are_what_follows_from_the_rest(homes):
    [(staged,)] = rows(homes[1], "staging.weblogs__access", "select count(*) from rows")
    line = f"md5(concat_ws('|', {retention.LINES['weblogs__access']}))"
    [(lines,)] = rows(homes[1], "raw.weblogs__access", f"select count(distinct {line}) from rows")
    assert lines == staged
    before, after = (published_of(home) for home in homes)
    for table in ("main.orders", "main.profile_records", "main.cases", "main.deals"):
        assert before[table] == after[table], table


def test_the_account_of_what_was_read_stays(homes):
    counts = "select path, rows_read, rows_accepted, rows_quarantined from rows order by all"
    before, after = (rows(home, "raw.source_files", counts) for home in homes)
    assert before == after


def test_once_gone_nothing_goes_again(homes):
    settings = settings_of(homes[1])
    catalog = load_catalog(settings)
    with open_run(settings, as_of=LATER) as run:
        made = {catalog[one.table].make(run).outcome for one in retention.rules()}
    assert made == {"unchanged"}


def test_under_another_key_nobody_has_the_same_pseudonym(homes):
    """The copy of the home came without its key, as a thief's would: a new one was made."""
    found = []
    for home in homes:
        path = (home / "warehouse" / "current" / "customers_pseudonymised.duckdb").resolve()
        with duckdb.connect(str(path), read_only=True) as con:
            columns = con.execute(
                """select table_name, column_name from duckdb_columns()
                where column_name in ('profile_id', 'record_key', 'order_id', 'visitor_id')"""
            ).fetchall()
            listed = " union ".join(f"select {name} from {table}" for table, name in columns)
            found.append({row[0] for row in con.execute(listed).fetchall()} - {None})
    assert min(map(len, found)) > 500
    assert found[0] & found[1] == set()


def test_the_page_and_the_settings_say_the_same_defaults():
    page = (PROJECT / "docs" / "privacy.md").read_text(encoding="utf-8")
    toml = (PROJECT / "cdp.toml").read_text(encoding="utf-8")
    for name, value in asdict(Retention()).items():
        assert f'# {name} = "{value}"' in toml
        rules = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
        assert [f"`{value}`" in one[3] for one in rules if f"`{name}`" in one[1]] == [True]


def test_the_run_says_what_went(homes):
    counts: dict[str, int] = {}
    for one in told(homes[1]):
        for name in Retention.__dataclass_fields__:
            counts[name] = counts.get(name, 0) + one.get(name, 0)
    assert counts["third_party"] == 74
    assert counts["events"] > 100 and counts["visitors"] > 100 and counts["quarantine"] > 0
    page = (homes[1] / "reports" / "run.html").read_text(encoding="utf-8")
    said = page[page.index("kept as long as it may be"):][:400]
    for words in ("74 bought values", f"{counts['events']:,} events", "1 report", "1 log"):
        assert words in said


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["reports/runs", "logs", "warehouse", "state/versions"])
def test_files_of_runs_long_over_are_gone(homes, place):
    names = [path.name for path in (homes[1] / place).iterdir()]
    assert len(names) >= 1
    assert [name for name in names if name.startswith("2020")] == []


def test_rows_that_were_replaced_do_not_lie_there_for_ever(homes):
    settings, table = settings_of(homes[1]), "golden.consents"
    catalog = {table: load_catalog(settings)[table]}
    before = rows(homes[1], table, "from rows order by all")
    with open_run(settings, as_of=LATER) as run:
        made = run.lake.manifest(table)
        one = f"(select * from ({run.lake.scan(table)}) where profile_id = '{before[0][0]}')"
        with run.lake.staging(table) as place:
            write_parquet(run.con, f"from {one}", place / "rows.parquet", order=())
            keys = f"select distinct profile_id from {one}"
            write_parquet(run.con, keys, place / "keys.parquet", order=())
            run.lake.commit_replacing(
                table, place / "rows.parquet", place / "keys.parquet",
                made_from=made.made_from, notes=made.notes,
            )
        retention.tidy(run, catalog)
        assert len(run.lake.manifest(table).parts) == 2
        grown_old(*run.lake.directory(table).glob("*.parquet"))
        retention.tidy(run, catalog)
        assert len(run.lake.manifest(table).parts) == 1
    assert rows(homes[1], table, "from rows order by all") == before


def test_what_serves_is_never_removed(homes):
    served = (homes[1] / "warehouse" / "current").resolve()
    settings = settings_of(homes[1])
    with open_run(settings, as_of=LATER) as run:
        grown_old(served, (settings.state / "current").resolve())
        retention.tidy(run, {})
    assert served.is_dir()
    assert SAMPLE_AS_OF < LATER and (settings.state / "current" / "origin.json").exists()
