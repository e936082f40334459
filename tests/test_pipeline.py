"""The nightly job on the sample company: what comes in comes out, in whatever order it is delivered."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from faults.conftest import make
from support import SAMPLE, assert_pseudonymised, assert_published, nightly, tables_of

from dagster_project.scoreboard.nights import remember_population

DERIVED = ("staging", "standard", "identity", "workings", "golden", "segments")


@pytest.fixture(scope="module")
def expected(company_home) -> dict[str, list[tuple]]:
    return tables_of(company_home, layers=DERIVED)


@pytest.fixture(scope="module")
def first_night(company, tmp_path_factory) -> Path:
    """What lies around a home after the company's first night: `exports`, `home` and its keys."""
    place, night = tmp_path_factory.mktemp("first night"), min(company.iterdir())
    shutil.copytree(night, place / "exports" / night.name)
    nightly(place / "exports", place / "home")
    return place


def query(home: Path, sql: str) -> list[tuple]:
    path = (home / "warehouse" / "current" / "customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def differing(left: dict, right: dict) -> list[str]:
    """Tables that are not the same; where a row lay in which file is no matter of its value."""
    tables = [table for table in sorted({*left, *right}) if not table.endswith("_sources")]
    return [table for table in tables if left.get(table) != right.get(table)]


# Sums ------------------------------------------------------------------------------------------


def test_every_row_read_is_accepted_or_set_aside(sample_home):
    assert query(sample_home, "select bool_and(rows_read = rows_accepted + rows_quarantined) "
                              "from source_files") == [(True,)]


def test_accepted_rows_are_the_rows_of_the_raw_layer(sample_home):
    raw = sum(len(rows) for table, rows in tables_of(sample_home, layers=("raw",)).items()
              if "__" in table)
    assert query(sample_home, "select sum(rows_accepted) from source_files") == [(raw,)]


def test_every_record_that_the_truth_knows_is_in_exactly_one_profile(sample_home):
    truth = SAMPLE / "truth" / "records.parquet"
    assert query(
        sample_home,
        f"""select count(*) from read_parquet('{truth}') as truth
        full join profile_records as records using (record_key)
        where truth.record_key is null or records.profile_id is null""",
    ) == [(0,)]


def test_money_equals_the_companys_books_to_the_cent(sample_home):
    truth = SAMPLE / "truth" / "orders.parquet"
    assert query(
        sample_home,
        f"""select count(*) from read_parquet('{truth}') as truth
        full join orders using (order_id)
        where truth.total is distinct from orders.total
            or coalesce(truth.refunded, 0) is distinct from orders.refunded
            or truth.currency is distinct from orders.currency""",
    ) == [(0,)]


def test_no_two_people_of_the_sample_share_a_profile_often(sample_home):
    """Pairs of records put together wrongly, out of all put together: the sample is small."""
    truth = SAMPLE / "truth" / "records.parquet"
    wrong, all_pairs = query(
        sample_home,
        f"""with linked as (
            select records.profile_id, truth.person_id
            from profile_records as records
            inner join read_parquet('{truth}') as truth using (record_key)
        ),
        sizes as (select profile_id, person_id, count(*) as n from linked group by all),
        profiles as (select profile_id, sum(n) as n from sizes group by all)
        select (select sum(n * (n - 1) / 2) from profiles) - (select sum(n * (n - 1) / 2) from sizes),
            (select sum(n * (n - 1) / 2) from profiles)""",
    )[0]
    assert wrong / all_pairs < 0.02


def test_a_known_visitor_is_the_person_that_the_truth_says(sample_home):
    truth = SAMPLE / "truth"
    right, wrong = query(
        sample_home,
        f"""with majority as (
            select records.profile_id, mode(truth.person_id) as person_id
            from profile_records as records
            inner join read_parquet('{truth}/records.parquet') as truth using (record_key)
            group by records.profile_id
        )
        select count(*) filter (where truth.person_id = majority.person_id),
            count(*) filter (where truth.person_id is distinct from majority.person_id)
        from visitors
        inner join read_parquet('{truth}/visitors.parquet') as truth
            on visitors.visitor_id = 'weblogs:' || truth.visitor
        inner join majority using (profile_id)""",
    )[0]
    assert right > 30
    assert wrong <= right // 50


def test_nobody_is_reachable_without_a_subscription_or_a_ticked_box(sample_home):
    assert query(
        sample_home,
        """select count(*) from segment_members as members
        where segment = 'email_reachable' and not exists (
            select 1 from consent_ledger as said
            where said.profile_id = members.profile_id and said.channel = 'email'
                and said.status = 'granted')""",
    ) == [(0,)]


# Nights ----------------------------------------------------------------------------------------


def test_a_second_run_makes_nothing_and_publishes_nothing(company, company_home, tmp_path):
    home = shutil.copytree(company_home.parent, tmp_path / "all", symlinks=True) / "home"
    before = os.readlink(home / "warehouse" / "current")
    steps = nightly(company, home)
    assert {step.outcome for step in steps} == {"unchanged"}
    assert os.readlink(home / "warehouse" / "current") == before


@pytest.mark.fault(16)
def test_night_by_night_gives_the_tables_of_one_run_over_everything(company, first_night, tmp_path):
    shutil.copytree(first_night, tmp_path, symlinks=True, dirs_exist_ok=True)
    exports = tmp_path / "exports"
    for night in sorted(company.iterdir())[1:]:
        shutil.copytree(night, exports / night.name)
        nightly(exports, tmp_path / "home", date.fromisoformat("2026-06-02"))
    assert_published(tmp_path / "home")
    assert_pseudonymised(tmp_path / "home")
    found = tables_of(tmp_path / "home", layers=(*DERIVED, "index"))
    remember_population(tmp_path / "home", tmp_path / "at_once")
    shutil.copytree(tmp_path / "home.privacy", tmp_path / "at_once.privacy")  # hashes are by its key
    nightly(exports, tmp_path / "at_once", is_published=False)
    expected = tables_of(tmp_path / "at_once", layers=(*DERIVED, "index"))
    # Ids are minted when a person first appears, so only they may remember the nights.
    remembered = {
        "identity.profile_changes", "identity.issued_profile_ids", "identity.accuracy_reference"
    }
    assert [t for t in differing(found, expected) if t not in remembered] == []


def test_the_lake_starts_again_from_nothing_with_the_state_kept(
    company, company_home, expected, tmp_path
):
    home = shutil.copytree(company_home.parent, tmp_path / "all", symlinks=True) / "home"
    shutil.rmtree(home / "lake")
    nightly(company, home, is_published=False)
    assert differing(tables_of(home, layers=DERIVED), expected) == []


# Deliveries ------------------------------------------------------------------------------------


def copied(company: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """Every delivered file with the place it would have below `target`, whose folder is there."""
    for path in sorted(company.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(company)
            place.parent.mkdir(parents=True, exist_ok=True)
            yield path, place


def twice(path: Path, place: Path) -> None:
    """Each file under its name and under another, which changes the order."""
    shutil.copy(path, place)
    shutil.copy(path, place.with_name(f"{zlib.crc32(place.name.encode()) % 97:02}-{place.name}"))


def split(path: Path, place: Path) -> None:
    """Logs and people in two files each, other files compressed; the lines of one order stay together,
    as exports keep them."""
    lines = path.read_bytes().splitlines(keepends=True)
    if path.suffix == ".log":
        header, cut = b"", len(lines) // 2
    elif path.name.startswith(("customers_export", "subscribed_members")) and len(lines) > 3:
        header, cut = lines[0], len(lines) // 2
        # A cell may hold a line break: cut where the quotes so far are closed.
        while b"".join(lines[:cut]).count(b'"') % 2:
            cut += 1
    else:
        is_packed = path.suffix in (".zip", ".gz")
        text = path.read_bytes()
        place.with_name(place.name + ("" if is_packed else ".gz")).write_bytes(
            text if is_packed else gzip.compress(text)
        )
        return
    place.with_name(f"a-{place.name}").write_bytes(b"".join(lines[:cut]))
    place.with_name(f"b-{place.name}").write_bytes(header + b"".join(lines[cut:]))


def overlapping(path: Path, place: Path) -> None:
    """Logs rotated so that two files share lines; other files twice."""
    if path.suffix == ".log":
        lines = path.read_bytes().splitlines(keepends=True)
        third = len(lines) // 3
        place.with_name("a" + place.name).write_bytes(b"".join(lines[: 2 * third]))
        place.with_name("b" + place.name).write_bytes(b"".join(lines[third:]))
    else:
        twice(path, place)


@pytest.mark.fault(13, 15, 17)
@pytest.mark.parametrize("delivered, threads", [(overlapping, 1), (split, 3)])
def test_however_files_are_delivered_on_any_number_of_threads_the_tables_are_the_same(
    company, expected, tmp_path, delivered, threads
):
    for path, place in copied(company, tmp_path / "exports"):
        delivered(path, place)
    nightly(tmp_path / "exports", tmp_path / "home", is_published=False, threads=threads)
    assert differing(tables_of(tmp_path / "home", layers=DERIVED), expected) == []


@pytest.mark.fault(13)
def test_bytes_seen_before_are_counted_once_and_noted(company, tmp_path):
    source = next((company / "2026-06-01" / "shopify").glob("customers*"))
    for name in ("first.csv", "again.csv"):
        (tmp_path / "exports").mkdir(exist_ok=True)
        shutil.copy(source, tmp_path / "exports" / name)
    files = make(tmp_path / "exports", tmp_path / "home").files
    again, first = files["again.csv"], files["first.csv"]
    assert again["status"] == "accepted" and again["rows_read"] > 0
    assert first["status"] == "duplicate" and first["rows_read"] == 0
    assert first["detail"].startswith("the same bytes as again.csv")
