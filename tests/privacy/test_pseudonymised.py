"""The database without names, attacked: by its columns, by patterns, by what is known of people."""

from __future__ import annotations

import hashlib
import re

import duckdb
import pytest
from support import SAMPLE_AS_OF

import connectors
from dagster_project.catalog import load_catalog
from dagster_project.editions import FULL, PSEUDONYMISED
from dagster_project.glossary import load_glossary
from dagster_project.lake import Lake
from dagster_project.privacy import anonymity
from dagster_project.publish import RUN_KEYS, published_name
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings

DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?")
PATTERNS = {
    "e-mail": r"[\w.+-]+(@|%40)[\w-]+\.\w+",
    "telephone": r"(?<![\w.-])(\+\d[\d ()./-]{6,}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|\d{9,15})(?![\w.-])",
    "card": r"(?<![\w.-])\d{4}([ -]?\d{4}){2}[ -]?\d{1,7}(?![\w.-])",
    "address of a machine": r"(?<![\w.])(\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<!\w)([0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}",
    "cookie": r"GA\d\.\d\.",
}
FREE_TEXT = re.compile("(.*_)?(notes?|description|subject|comments?|message|answers?|body)")


@pytest.fixture(scope="module")
def con(sample_home):
    place = sample_home / "warehouse" / "current"
    with duckdb.connect() as con:
        con.execute(f"attach '{place / FULL.file}' as full_edition (read_only)")
        con.execute(f"attach '{place / PSEUDONYMISED.file}' as pseudonymised (read_only)")
        yield con


@pytest.fixture(scope="module")
def shown(con):
    """Every value of every column of the file, whatever its type, as text: (table, column) -> texts."""
    columns = con.execute(
        """select table_name, column_name from duckdb_columns()
        where database_name = 'pseudonymised' and not internal"""
    ).fetchall()
    found = {
        (table, name): {
            row[0]
            for row in con.execute(
                f'select distinct "{name}"::varchar from pseudonymised."{table}"'
            ).fetchall()
            if row[0] is not None
        }
        for table, name in columns
    }
    assert len(found) > 300
    return found


def held(con, sql) -> set[str]:
    """What the full database knows of people, in small letters."""
    return {str(row[0]).strip().lower() for row in con.execute(sql).fetchall() if row[0]}


def test_what_lies_between_the_values_names_nobody(con, sample_home):
    """A block that is not filled is written with what its memory held before."""
    data = (sample_home / "warehouse" / "current" / PSEUDONYMISED.file).read_bytes().lower()
    emails = held(con, "select value from full_edition.standard.identifiers where kind = 'email'")
    assert emails and not [email for email in emails if email.encode() in data]


def test_nothing_that_names_a_person_is_there_but_as_a_pseudonym(shown):
    glossary = load_glossary(PROJECT / "sql" / "columns.csv")
    named = {}
    for (table, column), values in shown.items():
        meaning = glossary.of(table, column)
        if meaning and meaning.data_class in ("direct_identifier", "sensitive"):
            named[table, column] = {value for value in values if not re.fullmatch("[0-9a-f]{24}", value)}
    assert len(named) > 100
    assert {place: values for place, values in named.items() if values} == {}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_value_looks_like_what_names_a_person(shown, pattern):
    found = {
        place
        for place, values in shown.items()
        if any(re.search(PATTERNS[pattern], DAY.sub("", value)) for value in values)
    }
    assert found == set()


def test_the_patterns_find_what_they_are_for():
    caught = {
        "e-mail": ["ada@x.example", "?to=ada%40x.example"],
        "telephone": ["+49 30 123456", "(212) 555-0100", "call 2125550100"],
        "card": ["4111 1111 1111 1111", "4111111111111111"],
        "address of a machine": ["from 192.0.2.17", "2001:db8:0:0:1:0:0:1"],
        "cookie": ["_ga=GA1.2.123.456"],
    }
    assert set(caught) == set(PATTERNS)
    missed = [t for name, texts in caught.items() for t in texts if not re.search(PATTERNS[name], t)]
    assert missed == []


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("e-mails", "select value from full_edition.standard.identifiers where kind = 'email'"),
        ("telephones", "select value from full_edition.standard.identifiers where kind = 'phone'"),
        ("telephones in digits", "select ltrim(phone, '+') from full_edition.main.profiles"),
        ("names", "select first_name || ' ' || last_name from full_edition.main.profiles"),
        ("surnames", "select last_name from full_edition.standard.person_records"),
        ("streets", "select street from full_edition.main.profiles"),
        (
            "postal codes",
            "select postal_code from full_edition.main.profiles where len(postal_code) > 3",
        ),
        ("days of birth", "select birth_on::varchar from full_edition.main.profiles"),
        ("people", "select profile_id from full_edition.main.profiles"),
        ("records", "select record_key from full_edition.main.profile_records"),
        ("vendors' ids", "select record_id from full_edition.main.profile_records"),
        ("orders", "select order_id from full_edition.main.orders"),
        ("visitors", "select visitor_id from full_edition.main.visitors"),
    ],
    ids=lambda text: "" if text.startswith("select") else text,
)
def test_nobody_who_is_known_can_be_looked_up(con, shown, what, sql):
    known = held(con, sql)
    assert len(known) > 20
    found = {
        place
        for place, values in shown.items()
        if known & {value.lower() for value in values}
        and not (what == "days of birth" and place[1].endswith(("_on", "_at", "as_of")))
    }
    assert found == set()


@pytest.mark.parametrize("what", ["email", "phone"])
@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256"])
def test_nor_by_a_hash_that_anybody_can_compute(con, shown, what, digest):
    known = held(con, f"select {what} from full_edition.main.profiles")
    hashed = {hashlib.new(digest, value.encode()).hexdigest() for value in known}
    cut = hashed | {one[:24] for one in hashed}
    assert [place for place, values in shown.items() if cut & values] == []


def test_no_name_or_street_stands_within_another_text(con, shown):
    known = held(con, "select first_name || ' ' || last_name from full_edition.main.profiles")
    known |= held(con, "select street from full_edition.main.profiles")
    texts = {
        place: " | ".join(values).lower()
        for place, values in shown.items()
        if any(" " in value for value in values)
    }
    assert len(texts) > 10
    assert [place for place, text in texts.items() if any(one in text for one in known)] == []


def test_free_text_is_left_out(con, shown, sample_home):
    """Nothing of what was typed into a field for words is anywhere in the file, whole or in a part."""
    lake = Lake(sample_home / "lake")
    typed = set()
    for contract in connectors.contracts():
        for column in contract.columns:
            if FREE_TEXT.fullmatch(column.name):
                rows = lake.scan(f"raw.{contract.name}")
                typed |= held(con, f'select "{column.name}" from ({rows})')
    sentences = {one for one in typed if one.count(" ") >= 2}
    assert len(sentences) > 10
    texts = " | ".join(value.lower() for values in shown.values() for value in values if " " in value)
    assert [one for one in sentences if one in texts] == []


# Small groups --------------------------------------------------------------------------------------


def test_small_groups_are_counted_by_what_the_file_shows(con, shown):
    told = con.execute("from pseudonymised.main.anonymity order by table_name").fetchall()
    glossary = load_glossary(PROJECT / "sql" / "columns.csv")
    names = {row[0] for row in con.execute("select unnest(string_split(quasi_identifiers, ', ')) "
                                           "from pseudonymised.main.anonymity").fetchall()}
    assert {"birth_year", "postal_area", "gender"} <= names
    assert glossary.of("profiles", "gender").data_class == "quasi_identifier"
    assert len(told) > 3
    for table, quasi, k, groups, smallest, small, rows, small_rows in told:
        people = "distinct profile_id" if (table, "profile_id") in shown else "*"
        counted = con.execute(
            f"""select count(*), coalesce(min(people), 0), count(*) filter (where people < {k}),
                coalesce(sum(n), 0), coalesce(sum(n) filter (where people < {k}), 0)
            from (select count({people}) as people, count(*) as n from pseudonymised."{table}"
                group by {quasi})"""
        ).fetchall()
        assert counted == [(groups, smallest, small, rows, small_rows)], table


def test_every_table_that_shows_a_quasi_identifier_is_counted(con, shown, sample_home):
    settings = load_settings(directory=PROJECT, environment={}, home=sample_home)
    catalog = load_catalog(settings)
    with open_run(settings, as_of=SAMPLE_AS_OF) as run:
        expected = {
            name.partition(".")[2]
            for name, table in catalog.items()
            if name.split(".")[0] in ("golden", "marts")
            and published_name(name, catalog).startswith("main.")
            and anonymity.quasi_identifiers(run, table)
        }
    listed = con.execute("select table_name from pseudonymised.main.anonymity").fetchall()
    found = {table for (table,) in listed}
    assert found == expected
    assert found <= {table for table, _ in shown} - set(RUN_KEYS)


def test_small_groups_warn_and_hold_nothing(con):
    [(severity, passed)] = con.execute(
        """select severity, passed from pseudonymised.main.quality_results
        where check_name = 'few_rows_stand_in_small_groups'"""
    ).fetchall()
    assert (severity, passed) == ("warning", False)
