"""Every query of docs/analysts.md, run as it stands on the sample company's published database."""

import csv
import re
import shutil

import duckdb
import pytest

from dagster_project.settings import PROJECT

PAGE = (PROJECT / "docs" / "analysts.md").read_text(encoding="utf-8")
SAMPLE = PROJECT / "data" / "sample" / "exports"
BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(r"^### (\d+)\. (.+?)\n(.*?)(?=^###|\Z)", re.MULTILINE | re.DOTALL)


def queries():
    """Heading of the section -> the query under it."""
    sections = re.split(r"^##+ ", PAGE, flags=re.MULTILINE)
    found = {section.splitlines()[0]: BLOCK.findall(section) for section in sections[1:]}
    return [pytest.param(sql, id=title) for title, blocks in found.items() for sql in blocks]


@pytest.fixture(scope="module")
def home(sample_home, tmp_path_factory):
    """A home named as the page names it, with the sample company published in it."""
    return shutil.copytree(sample_home, tmp_path_factory.mktemp("analyst") / "data", symlinks=True)


@pytest.fixture
def con(home, monkeypatch):
    """The database as an analyst opens it, in the folder that holds `data`."""
    monkeypatch.chdir(home.parent)
    with duckdb.connect("data/warehouse/current/customers.duckdb", read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("sql", queries())
def test_the_query_runs_and_has_an_answer(con, sql):
    assert con.execute(sql).fetchall()


def test_there_are_twenty_questions_each_with_a_query_and_a_reading():
    found = QUESTION.findall(PAGE)
    assert [int(number) for number, _, _ in found] == list(range(1, 21))
    for _, title, body in found:
        assert title.endswith("?")
        assert len(BLOCK.findall(body)) == 1
        assert BLOCK.sub("", body).strip()


def test_the_page_names_every_table_of_the_contract(con):
    tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert named & set(tables) >= {
        *("profiles", "profile_records", "profile_attributes", "links", "visitors", "events"),
        *("orders", "order_lines", "consents", "segments", "segment_members", "segment_history"),
        *("source_files", "quarantine", "quality_results", "runs"),
    }


def test_provenance_leads_to_the_delivered_row(con):
    (sql,) = [body for number, _, body in QUESTION.findall(PAGE) if number == "12"]
    rows = con.execute(BLOCK.findall(sql)[0]).fetchall()
    path, record, email = next(
        (row[5], row[6], row[2]) for row in rows if row[1] == "email" and row[5].endswith(".csv")
    )
    with (SAMPLE / path).open(encoding="utf-8", newline="") as handle:
        delivered = list(csv.reader(handle))[record]
    assert email in [cell.lower() for cell in delivered]
