"""`cdp segment` on the published sample: what it lists, shows, previews and explains."""

from __future__ import annotations

import json
import re
import shutil

import duckdb
import pytest
from click.testing import CliRunner

from dagster_project.cli import main
from dagster_project.segments.conditions import EVENTS, KINDS, OF_PROFILES, SCORES
from dagster_project.segments.looking import NoSegment, write_new
from dagster_project.settings import PROJECT, load_settings

YAML = """\
title: Loyal
owner: marketing
description: Two orders or more, lately.
purpose: marketing
guards: min_size 1
who:
  all:
    - {attribute: order_count, at_least: 2}
    - {attribute: last_order_at, within_days: 90}
    - not: {segment: vip_customers}
"""


@pytest.fixture(scope="module")
def con(sample_home):
    place = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(place), read_only=True) as con:
        yield con


@pytest.fixture
def segment(sample_home):
    def call(*arguments, fails: bool = False):
        said = CliRunner().invoke(main, ["segment", *map(str, arguments), "--home", str(sample_home)])
        assert said.exit_code == (2 if fails else 0), said.output
        return json.loads(said.output) if "--json" in arguments else said.output

    return call


@pytest.fixture
def loyal(tmp_path):
    path = tmp_path / "loyal.yaml"
    path.write_text(YAML, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["list", "show", "new", "preview", "explain"])
def test_every_command_has_help_with_an_example(command):
    said = CliRunner().invoke(main, ["segment", command, "--help"]).output
    assert f"Example: cdp segment {command}" in said and "--json" in said


def test_the_list_is_what_is_published(segment, con):
    listed = {one["segment"]: one["size"] for one in segment("list", "--json")}
    assert listed == dict(con.execute("select segment, size from segments").fetchall())
    assert all(name in segment("list") for name in listed)


def test_a_segment_is_shown_with_its_query_and_size(segment, con):
    found = segment("show", "vip_customers", "--json")
    [(size,)] = con.execute("select size from segments where segment = 'vip_customers'").fetchall()
    assert (found["published"][0]["size"], found["sizes"][0]["size"]) == (size, size)
    assert "spend_rank >= 0.9" in found["sql"] and "-- title" not in found["sql"]
    assert "spend_rank >= 0.9" in segment("show", "vip_customers")


def test_a_preview_of_what_is_published_moves_nobody(segment, con):
    found = segment("preview", "vip_customers", "--json")
    [(size,)] = con.execute("select size from segments where segment = 'vip_customers'").fetchall()
    assert (found["size"], found["before"], found["entering"], found["leaving"]) == (size, size, 0, 0)
    shared = con.execute(
        """select other_segment, shared_count from segment_overlaps where segment = 'vip_customers'"""
    ).fetchall()
    assert {tuple(one) for one in found["overlaps"]} == set(shared)


def test_a_preview_of_a_file_says_who_would_be_in(segment, con, loyal):
    found = segment("preview", loyal, "--json")
    [(expected,)] = con.execute(
        """select count(*) from customer_facts
        where order_count >= 2
            and last_order_at >= (select max(as_of) from runs)::timestamp - interval 90 days
            and profile_id not in (
                select profile_id from segment_members where segment = 'vip_customers')"""
    ).fetchall()
    assert (found["size"], found["entering"], found["leaving"]) == (expected, expected, 0)
    assert expected > 0 and "vip_customers" not in dict(found["overlaps"])


def test_a_changed_file_says_who_would_enter_and_leave(segment, tmp_path):
    source = PROJECT / "sql/segments/active_customers.sql"
    place = tmp_path / source.name
    place.write_text(source.read_text(encoding="utf-8").replace("90 days", "10 days"), encoding="utf-8")
    found = segment("preview", place, "--json")
    assert found["leaving"] == found["before"] - found["size"] > 0 == found["entering"]


def test_a_sample_tells_no_more_of_a_name_than_its_first_letter(segment, loyal):
    sample = segment("preview", loyal, "--json")["sample"]
    assert sample
    for profile_id, name in sample:
        assert re.fullmatch("p[0-9a-f]{16}", profile_id)
        assert name is None or re.fullmatch(r".\.", name)


def test_a_preview_says_what_a_guard_would_hold(segment, loyal):
    loyal.write_text(YAML.replace("min_size 1", "min_size 5000"))
    assert "fewer than min_size 5,000" in segment("preview", loyal, "--json")["breach"]
    assert "a guard would hold it from its second night on" in segment("preview", loyal)


def test_yaml_is_explained_condition_by_condition(segment, con, loyal, sample_home):
    """What holds of each of twenty people is what the whole condition makes of them."""
    from dagster_project.profile import find_profiles
    from dagster_project.segments.looking import explain, find_model

    settings = load_settings(directory=PROJECT, environment={}, home=sample_home)
    model = find_model(settings, str(loyal))
    people = con.execute(
        "select profile_id, order_count from customer_facts order by profile_id limit 20"
    ).fetchall()
    for profile_id, order_count in people:
        assert find_profiles(con, profile_id) == [profile_id]
        top, orders, latest, none_of, vip = explain(settings, con, model, profile_id)["conditions"]
        assert (top["words"], none_of["words"], vip["depth"]) == ("all", "not", 2)
        assert (orders["value"], orders["holds"]) == (str(order_count), order_count >= 2)
        assert (latest["value"] is None) == (order_count == 0)
        assert vip["holds"] in (True, False)


@pytest.mark.parametrize("table", ["profiles", "customer_facts"])
def test_every_attribute_is_a_column_of_its_kind(con, table):
    """A column that is renamed would leave marketers with a word that means nothing."""
    kinds = {"VARCHAR": "text", "DATE": "moment", "TIMESTAMP": "moment"}
    described = con.execute(f"describe golden.{table}").fetchall()
    there = {name: kinds.get(kind, "number") for name, kind, *_ in described}
    of_table = set(OF_PROFILES) if table == "profiles" else set(KINDS) - set(OF_PROFILES)
    assert {name: there.get(name) for name in of_table} == {name: KINDS[name] for name in of_table}


def test_every_event_and_score_is_one_that_there_can_be(con):
    said = set(EVENTS) - {"order"}
    [(found,)] = con.execute("select list(distinct event_type) from golden.events").fetchall()
    assert len(said & set(found)) > 20
    [(found,)] = con.execute("select list(distinct score) from golden.scores").fetchall()
    assert set(found) <= set(SCORES)


def test_sql_is_explained_by_membership_and_history(segment, con):
    [(profile_id,)] = con.execute(
        "select min(profile_id) from segment_members where segment = 'vip_customers'"
    ).fetchall()
    [found] = segment("explain", "vip_customers", profile_id, "--json")
    assert found["member"][0]["entered_at"] and found["conditions"] == []
    assert [row["change"] for row in found["history"]] == ["entered"]
    assert "is in vip_customers since" in segment("explain", "vip_customers", profile_id)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "vips"), "there is no segment vips; there are"),
        (("preview", "/nowhere/x.sql"), "there is no file"),
    ],
)
def test_what_is_no_segment_is_told_so(segment, arguments, said):
    assert said in segment(*arguments, fails=True)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select profile_id from golden.nothing", "golden.nothing, which is not published"),
        ("select nothing as profile_id from golden.profiles", "cannot be run"),
        ("select profile_id from golden.orders", "each is in a segment once"),
        ("select last_name::int as profile_id from golden.profiles", "use try_cast"),
    ],
)
def test_a_query_that_cannot_be_is_told_so_without_a_value(segment, tmp_path, query, said):
    header = (PROJECT / "sql/segments/vip_customers.sql").read_text(encoding="utf-8")
    path = tmp_path / "odd.sql"
    lines = [line for line in header.splitlines() if line.startswith("--")]
    path.write_text("\n".join((*lines, query)), encoding="utf-8")
    assert said in segment("preview", path, fails=True)


@pytest.mark.parametrize("as_yaml", [False, True])
def test_a_new_file_can_be_previewed_as_it_is(segment, tmp_path, sample_home, as_yaml):
    from dataclasses import dataclass

    from dagster_project.settings import Settings

    @dataclass(frozen=True)
    class Elsewhere(Settings):
        @property
        def sql(self):
            return self.home / "sql"

    shutil.copytree(PROJECT / "sql/segments", tmp_path / "sql/segments")
    settings = Elsewhere(exports=tmp_path, home=tmp_path)
    path = write_new(settings, "spring_buyers", as_yaml=as_yaml)
    assert segment("preview", path, "--json")["segment"] == "spring_buyers"
    with pytest.raises(NoSegment, match="there is a segment spring_buyers already"):
        write_new(settings, "spring_buyers", as_yaml=as_yaml)
    with pytest.raises(NoSegment, match="small letters"):
        write_new(settings, "../x", as_yaml=as_yaml)
