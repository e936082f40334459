"""Training by command: what is learned, what is kept, what a home does with its own model."""

from __future__ import annotations

import json
import random
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace

import duckdb
import pytest
from click.testing import CliRunner
from support import SAMPLE, SAMPLE_AS_OF

from dagster_project.catalog import load_catalog
from dagster_project.cli import DATA_FAILED, main
from dagster_project.identity import model, train
from dagster_project.lake import LakeError
from dagster_project.nightly import make_all
from dagster_project.pages import model_report
from dagster_project.pages.page import page
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings

FACTS = {"seed": 1, "max_pairs": 10_000, "distinct_records": 500}


def people(count):
    """Twice so many records, that never show a phone or an address."""
    rng = random.Random(1)
    firsts = ["Ann", "Bea", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal"]
    lasts = ["Abbott", "Baker", "Cox", "Dyer", "Ellis", "Frost"]
    records = {}
    for number in range(count):
        person = {
            "first_name": rng.choice(firsts),
            "last_name": rng.choice(lasts),
            "birth_on": f"19{rng.randrange(40, 99)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}",
            "email": f"p{number}@mail.com",
        }
        records[f"a{number}"] = person
        records[f"b{number}"] = person | {"last_name": rng.choice([person["last_name"], "Abot"])}
    return records


def test_training_gives_the_same_text_again(con, load):
    load(people(250))
    text = train.train(con, seed=3, max_pairs=1e4)
    assert train.train(con, seed=3, max_pairs=1e4) == text
    written = json.loads(text)["comparisons"]["email"][0]
    assert model.from_json(text).trained["email"][0]["m"] == written["m"]


def test_what_the_records_never_show_keeps_the_shipped_parameters(con, load):
    load(people(250))
    text = train.train(con, max_pairs=1e4)
    trained, shipped = model.from_json(text).trained, model.shipped().trained
    assert json.loads(text)["trained_on"] == FACTS | {"distinct_records": 363}
    assert (trained["phone"], trained["address"]) == (shipped["phone"], shipped["address"])
    assert trained["birth_on"] != shipped["birth_on"]


def test_too_few_records_are_refused(con, load):
    load(people(20))
    with pytest.raises(train.TrainError, match="too few records"):
        train.train(con, max_pairs=1e4)


def test_what_a_rule_alone_finds_is_what_would_be_lost_without_it(con, load):
    ada = {"first_name": "Ada", "last_name": "Byron"}
    load({
        "a": ada | {"phone": "+19375550001", "birth_on": "1970-01-02"},
        "b": ada | {"first_name": "A", "phone": "+19375550001"},
        "c": {"first_name": "Grace", "last_name": "Hopper", "email": "grace@example.com"},
        "d": {"first_name": "Gr", "last_name": "Hopper", "email": "grace@example.com"},
    })
    reaches = {one.rule: one for one in train.reach(con, model=model.shipped())}
    phone, mailbox = reaches["phone"], reaches["mailbox_and_name"]
    assert (phone.pairs, phone.pairs_alone, phone.links, phone.links_alone) == (1, 1, 1, 1)
    assert (mailbox.pairs, mailbox.pairs_alone, mailbox.links_alone) == (1, 0, 0)
    assert phone.share == 0.5
    assert reaches["house"].pairs == 0


def test_a_home_without_a_model_of_its_own_uses_the_shipped_one(tmp_path):
    assert model.chosen(tmp_path / "model.json") == model.shipped()


@pytest.mark.parametrize("text", ["", "{}", '{"comparisons": {"shoe_size": []}}'])
def test_a_model_of_another_version_is_refused_with_the_remedy(tmp_path, text):
    own = tmp_path / "model.json"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(LakeError, match="cdp train"):
        model.chosen(own)


def test_the_page_stands_alone_and_says_every_level_now_and_before():
    before = model.shipped()
    after = replace(before, trained=before.trained | {"phone": [{"m": 0.5, "u": 0.001}] * 3})
    found = (3, 2, 1, 1, 0.25, 4)
    reaches = [train.Reach(rule.name, rule.reason, *found) for rule in before.blocking_rules]
    told = model_report.tell(after, before, reaches, facts=FACTS, verdict="The next run links by it.")
    drawn = model_report.pictures(after, before)
    text = page(told, pictures=drawn)
    assert not re.search(r"<script|<link|<img|(src|href)=", text)
    assert set(drawn) <= {section.title for section in told}
    for picture in drawn.values():
        ET.fromstring(picture)
    lines = [line for section in told for line in section.lines]
    levels = sum(len(one.levels) + 1 for one in before.comparisons)
    assert sum("(before m" in line for line in lines) == levels
    assert any("equal: m 0.5, u 0.001, weight +9.0 (before" in line for line in lines)
    said = "1 links (25.0%), 1 of them alone; 4 blocks too large"
    assert sum(said in line for line in lines) == len(reaches)


@pytest.fixture
def home(sample_home, tmp_path):
    return shutil.copytree(sample_home, tmp_path / "home", symlinks=True)


def test_a_command_that_cannot_learn_leaves_the_home_its_model(home):
    found = CliRunner().invoke(main, ["train", "--home", str(home)])
    assert found.exit_code == DATA_FAILED
    assert "too few records" in found.output
    assert not (home / "state" / "model.json").exists()


def test_the_next_run_links_by_the_homes_own_model(home):
    settings = load_settings(directory=PROJECT, environment={}, exports=SAMPLE / "exports", home=home)
    # an e-mail that strangers share as often as anybody is no evidence
    shipped = model.shipped().trained
    worthless = shipped | {"email": [{"m": 0.3, "u": 0.3}] * len(shipped["email"])}
    settings.model.write_text(json.dumps({"comparisons": worthless}), encoding="utf-8")
    with open_run(replace(settings, identity_budget=1.0), as_of=SAMPLE_AS_OF) as run:
        before = run.state.origin["run_id"]
        make_all(run, load_catalog(settings))
        assert run.run_id != before
    with duckdb.connect(str(settings.database.resolve()), read_only=True) as con:
        assert con.execute("select count(distinct model_version) from runs").fetchall() == [(2,)]
        weights = con.execute(
            "select distinct match_weight from identity.comparison_levels where comparison = 'email'"
        ).fetchall()
    assert weights == [(0.0,)]
