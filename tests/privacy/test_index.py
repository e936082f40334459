"""The subject index: in which rows of which file an identifier lies. It names nobody."""

from __future__ import annotations

import shutil

import pytest
from faults.deliveries import contacts
from privacy.test_tombstones import ADA, FILES, WHOSE, erase, land, night, settings_of

from dagster_project.lake import Lake
from dagster_project.privacy import index
from dagster_project.privacy.keys import add_key, load_keys
from dagster_project.run import open_run


@pytest.fixture
def place(tmp_path):
    land(tmp_path, FILES)
    night(tmp_path)
    return tmp_path


def located(place, kind, value):
    """Table, row count and rows, of each file."""
    settings = settings_of(place)
    key = load_keys(settings).current
    with open_run(settings) as run:
        return [row[:1] + row[2:] for row in index.locate(run, [key.hash(kind, value)])]


@pytest.mark.parametrize(("kind", "value", "rows"), [
    ("record", ADA, {"salesforce__contact": [1], "salesforce__case": [1], "salesforce__task": [1]}),
    ("email", "ada@lovelace.net", {
        "salesforce__contact": [1, 3, 4], "salesforce__case": [3], "weblogs__access": None,
        "sendgrid__events": None}),
    ("phone", "+12125550147", {"salesforce__contact": [1, 2, 3, 4], "salesforce__case": [4, 5]}),
    ("email_name", "home@byron.net|ada lovelace", {"salesforce__case": [6]}),
    ("order", "square:sale1", {"square__items": [1, 2]}),
    ("visitor", "weblogs:adas", {"weblogs__access": None}),
])
def test_where_an_identifier_lies(place, kind, value, rows):
    found = {table.removeprefix("raw."): numbers for table, _, numbers in located(place, kind, value)}
    assert found == rows


def test_it_holds_no_identifier(place):
    entries = repr(night(place)[index.INDEX])
    assert "lovelace" not in entries and "003000000000001" not in entries and "adas" not in entries


def test_a_night_looks_into_new_files_alone_and_ends_as_if_all_had_been_looked_at(place):
    first = Lake(settings_of(place).lake).manifest(index.INDEX)
    land(place, {"Contact.csv": contacts(*FILES["Contact.csv"].decode().splitlines()[1:3])}, "2026-06-02")
    erase(place, WHOSE[0])
    night(place)
    lake = Lake(settings_of(place).lake)
    second = lake.manifest(index.INDEX)
    assert second.parts[0] == first.parts[0] and len(second.parts) == 2
    by_parts = night(place)[index.INDEX]
    shutil.rmtree(lake.directory(index.INDEX))
    assert night(place)[index.INDEX] == by_parts
    assert second.notes["rows"] == len(by_parts)


def test_under_another_key_it_is_made_anew(place):
    before = night(place)[index.INDEX]
    add_key(settings_of(place))
    after = night(place)[index.INDEX]
    assert not {row[0] for row in before} & {row[0] for row in after}
    assert len(before) == len(after)
    assert located(place, "record", ADA)
