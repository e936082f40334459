"""The data dictionary says what the published database says, and nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import duckdb
import pytest

from dagster_project.catalog import load_catalog
from dagster_project.glossary import load_glossary
from dagster_project.nightly import read_dictionary
from dagster_project.pages.dictionary import read_entities, relations, to_markdown, to_svg
from dagster_project.settings import PROJECT, load_settings


@pytest.fixture(scope="module")
def entities(sample_home):
    settings = load_settings(directory=PROJECT, environment={}, home=sample_home)
    return read_dictionary(settings, load_catalog(settings))


def read(statements, keys):
    with duckdb.connect() as con:
        for statement in statements:
            con.execute(statement)
        return read_entities(con, keys, load_glossary(PROJECT / "sql/columns.csv"))


PROFILES = "create table profiles (profile_id varchar)"
ORDERS = "create table orders (order_id varchar, profile_id varchar)"
KEYS = {"profiles": ("profile_id",), "orders": ("order_id",)}


def test_a_table_refers_to_the_one_whose_key_it_has():
    found = relations(read([PROFILES, ORDERS], KEYS))
    assert found == [("profiles", "orders", "profile_id")]


def test_a_reference_may_say_more_than_the_key():
    changes = "create table profile_changes (change_id varchar, into_profile_id varchar)"
    found = relations(read([PROFILES, changes], KEYS | {"profile_changes": ("change_id",)}))
    assert found == [("profiles", "profile_changes", "into_profile_id")]


def test_tables_keyed_alike_are_not_taken_for_one_another():
    records = "create table profile_records (record_key varchar)"
    cases = "create table cases (record_key varchar)"
    keys = {"profile_records": ("record_key",), "cases": ("record_key",)}
    assert relations(read([records, cases], keys)) == []


def test_every_table_and_column_of_the_contract_is_in_the_document(entities):
    text = (PROJECT / "docs/data-dictionary.md").read_text(encoding="utf-8")
    assert text == to_markdown(entities) + "\n", "run: cdp dictionary --markdown docs/data-dictionary.md"


def test_the_page_is_written_with_every_publish(sample_home, entities):
    text = (sample_home / "reports/data_dictionary.html").read_text(encoding="utf-8")
    assert all(f"<h2>{entity.name}</h2>" in text for entity in entities)


def test_the_diagram_shows_every_reference(entities):
    tree = ElementTree.fromstring(to_svg(entities))
    boxes = [box.text for box in tree.iter("text")]
    drawn = len([path for path in tree.iter("path")])
    assert drawn == len({(one, many) for one, many, _ in relations(entities)})
    assert {"profiles", "orders", "visitors"} <= set(boxes)
