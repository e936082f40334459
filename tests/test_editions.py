"""What the pseudonymised database shows: nothing that names a person, and still the same facts."""

from __future__ import annotations

import hashlib
import hmac
import stat

import duckdb
import pytest
from support import assert_pseudonymised

from dagster_project.editions import FULL, PSEUDONYMISED, define_pseudonym, load_key
from dagster_project.glossary import CLASSES, FORMS, PARTIES, Column, Glossary, load_glossary
from dagster_project.settings import PROJECT, SettingsError

KEY = "0f" * 32


def column(form, data_class="technical"):
    return Column("What it is", data_class, "first", "", form)


GLOSSARY = Glossary(
    {
        "profile_id": column("key"),
        "email": column("drop"),
        "city": column("keep"),
        "birth_on": column("year"),
        "postal_code": column("area"),
    }
)


# Columns -----------------------------------------------------------------------------------------


def test_each_column_is_shown_in_its_form():
    columns = ["profile_id", "email", "city", "birth_on", "postal_code", "unheard_of"]
    shown = PSEUDONYMISED.columns("main.profiles", columns, ("profile_id",), GLOSSARY)
    assert {one.name: one.sql for one in shown} == {
        "profile_id": 'pseudonym("profile_id")',
        "city": '"city"',
        "birth_year": 'year("birth_on")',
        "postal_area": 'left("postal_code", 3)',
    }


def test_a_table_that_would_lose_its_key_is_left_out():
    columns = ["profile_id", "email"]
    assert PSEUDONYMISED.columns("main.emails", columns, ("profile_id", "email"), GLOSSARY) == []
    assert len(FULL.columns("main.emails", columns, ("profile_id", "email"), GLOSSARY)) == 2


def test_layers_before_the_contract_are_left_out():
    assert not PSEUDONYMISED.shows("identity.links")
    assert FULL.shows("identity.links")


@pytest.mark.parametrize("name", sorted(load_glossary(PROJECT / "sql/columns.csv").columns))
def test_every_column_is_classed(name):
    meaning = load_glossary(PROJECT / "sql/columns.csv").columns[name]
    assert meaning.data_class in CLASSES
    assert meaning.party in PARTIES
    assert meaning.pseudonymised in FORMS
    if meaning.data_class in ("direct_identifier", "sensitive"):
        assert meaning.pseudonymised in ("drop", "key")
    if meaning.party == "third":
        assert meaning.retention


# Keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["p1", "Zoë O'Neill", ""])
def test_a_pseudonym_is_an_hmac_of_the_value(value):
    with duckdb.connect() as con:
        define_pseudonym(con, KEY)
        found = con.execute("select pseudonym(?)", [value]).fetchall()[0][0]
    expected = hmac.new(bytes.fromhex(KEY), value.encode(), hashlib.sha256).hexdigest()
    assert found == expected[:24]


def test_nothing_has_no_pseudonym():
    with duckdb.connect() as con:
        define_pseudonym(con, KEY)
        assert con.execute("select pseudonym(null)").fetchall() == [(None,)]


def test_a_key_is_made_once_and_is_its_owner_s_alone(tmp_path):
    path = tmp_path / "keys" / "home.key"
    made = load_key(path)
    assert len(bytes.fromhex(made)) == 32
    assert load_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "short", "0f0f", "not hexadecimal at all, but long"])
def test_what_is_no_key_is_told(tmp_path, text):
    (tmp_path / "home.key").write_text(text)
    with pytest.raises(SettingsError, match="restore it from your backup"):
        load_key(tmp_path / "home.key")


# The published file ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(sample_home):
    place = sample_home / "warehouse" / "current"
    with duckdb.connect() as con:
        con.execute(f"attach '{place / FULL.file}' as full_edition (read_only)")
        con.execute(f"attach '{place / PSEUDONYMISED.file}' as pseudonymised (read_only)")
        yield con


def texts_of(con) -> set[str]:
    """Every text of every table of the pseudonymised database."""
    found = set()
    for table, name in con.execute(
        """select table_name, column_name from duckdb_columns()
        where database_name = 'pseudonymised' and data_type = 'VARCHAR' and not internal"""
    ).fetchall():
        rows = con.execute(f'select distinct lower("{name}") from pseudonymised.{table}').fetchall()
        found |= {row[0] for row in rows if row[0]}
    return found


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("main.profiles", "email"),
        ("main.profiles", "phone"),
        ("main.profiles", "last_name"),
        ("main.profiles", "street"),
        ("main.profiles", "profile_id"),
        ("main.profile_records", "record_key"),
        ("main.orders", "order_id"),
        ("main.visitors", "visitor_id"),
        ("standard.identifiers", "value"),
    ],
)
def test_no_identifier_is_in_the_pseudonymised_file(served, table, column):
    found = served.execute(f"select distinct lower({column}) from full_edition.{table}").fetchall()
    identifiers = {row[0] for row in found if row[0]}
    assert len(identifiers) > 50
    assert identifiers & texts_of(served) == set()


def test_people_can_be_counted_and_joined_by_their_pseudonyms(served):
    question = """select orders.currency, count(*), sum(orders.net), count(distinct profile_id)
        from {0}.orders as orders inner join {0}.profiles as profiles using (profile_id)
        group by all order by all"""
    told = [served.execute(question.format(one)).fetchall() for one in
            ("full_edition", "pseudonymised")]
    assert told[0] == told[1] != []


def test_the_pseudonymised_file_is_the_other_one_by_its_classes(sample_home):
    assert_pseudonymised(sample_home)


def test_every_table_and_column_there_carries_a_comment(served):
    assert served.execute(
        """select table_name, column_name from duckdb_columns()
        where database_name = 'pseudonymised' and comment is null and not internal"""
    ).fetchall() == []


def test_the_key_is_not_in_the_home(sample_home):
    key = load_key(sample_home.with_name("home.key"))
    assert key
    held = [path for path in sample_home.rglob("*") if path.is_file()]
    assert [path for path in held if key.encode() in path.read_bytes()] == []
