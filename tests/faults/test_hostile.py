"""Hostile values and names through every input are inert in every output (fault 43)."""

from __future__ import annotations

import csv
import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from faults import hostile
from faults.conftest import query

from dagster_project.cli import main
from dagster_project.lake import Lake

pytestmark = pytest.mark.fault(43)

# Huge values are cut where text is shown, and a record's texts lose control characters.
KEPT = [value for what, value in hostile.VALUES.items() if what not in ("huge",)]


def cdp(*given: object):
    return CliRunner().invoke(main, [str(one) for one in given], catch_exceptions=False)


def test_every_value_arrives_as_it_was_written(first_night):
    lake = Lake(first_night / "home" / "lake")
    rows = lake._reader.execute(lake.scan("raw.salesforce__contact")).fetchall()
    cells = {cell for row in rows for cell in row}
    assert set(hostile.VALUES.values()) <= cells


def test_every_delivery_is_counted_under_its_own_name(first_night):
    told = {path for (path,) in query(first_night / "home", "select path from source_files")}
    assert {f"2026-06-01/{name}" for name in hostile.NAMES} <= told
    accepted = query(first_night / "home", "select sum(rows_accepted), count(*) from source_files "
                     "where status = 'accepted' and path not like '%hostile/%'")
    assert accepted == [(3 + len(hostile.NAMES), 1 + len(hostile.NAMES))]


def test_a_folder_named_like_a_column_says_nothing_of_it(first_night):
    assert query(first_night / "home", "select count(*) from profiles where last_name = 'Evil'") == [(0,)]


def test_nothing_lies_outside_the_home(first_night):
    found = {path.name for path in first_night.iterdir()}
    assert found == {"exports", "home", "home.key", "home.privacy"}
    assert not [path for path in first_night.rglob("*evil*")]
    for path in (first_night / "home").rglob("*"):
        assert path.resolve().is_relative_to(first_night / "home")
        assert set(path.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_no_cell_of_a_csv_of_ours_begins_a_formula(first_night):
    found = list((first_night / "home").rglob("*.csv"))
    assert found
    for path in found:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                assert not [c for c in row if c.startswith(("=", "+", "@", "\t", "\r"))], path.name
                assert not [c for c in row if c.startswith("-") and not c[1:].replace(".", "").isdigit()]


class Page(HTMLParser):
    """Tags and attributes of a page, as a browser would see them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_no_page_has_a_tag_or_a_handler_that_was_delivered(first_night):
    pages = list((first_night / "home" / "reports").rglob("*.html"))
    assert pages
    for path in pages:
        page = Page(path)
        assert not page.tags & {"script", "img", "iframe", "object", "embed", "form", "base"}, path.name
        assert not [name for name in page.attributes if name.startswith("on")], path.name


def test_what_is_printed_moves_no_cursor(first_night):
    home = first_night / "home"
    ids = [row[0] for row in query(home, "select profile_id from profiles order by profile_id")]
    told = [cdp("profile", one, "--home", home) for one in ids]
    told += [cdp("inspect", first_night / "exports"), cdp("validate", first_night / "exports")]
    for done in told:
        assert done.exit_code in (0, 1)
        unseen = {c for c in done.output if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160}
        assert unseen == set()


@pytest.mark.parametrize("value", KEPT, ids=[what for what in hostile.VALUES if what != "huge"])
def test_arguments_are_only_arguments(first_night, value):
    home = first_night / "home"
    if "\0" in value:
        return
    for given in (["profile", "--", value], ["explain", "--", value, value], ["accept", "--", value]):
        command, *rest = given
        done = cdp(command, "--home", home, *rest)
        assert done.exit_code in (0, 1, 2), done.output
    assert query(home, "select count(*) > 0 from profiles") == [(True,)]


def test_a_link_that_leads_out_of_the_exports_is_not_followed(land, tmp_path):
    (tmp_path / "secret.csv").write_bytes(hostile.deliveries()["2026-06-01/=cmd.csv"])
    (tmp_path / "exports").mkdir()
    os.symlink(tmp_path / "secret.csv", tmp_path / "exports" / "Contact.csv")
    os.symlink(tmp_path, tmp_path / "exports" / "up")
    assert land({}).files == {}
