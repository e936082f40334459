"""The model as shipped, and how it is trained."""

from __future__ import annotations

import json
import random

import pytest

from dagster_project.identity import model, train
from dagster_project.identity.model import BLOCKING_RULES, COMPARISONS


def test_the_shipped_parameters_fit_the_comparisons():
    assert set(model.shipped().trained) == {comparison.name for comparison in COMPARISONS}


def test_parameters_of_other_comparisons_are_refused():
    with pytest.raises(ValueError, match="train again"):
        model.from_json('{"comparisons": {"shoe_size": []}}')


@pytest.mark.parametrize("part", [*COMPARISONS, *BLOCKING_RULES], ids=lambda part: part.name)
def test_everything_has_a_reason(part):
    assert len(part.reason) > 20


def test_full_agreement_speaks_for_and_full_disagreement_against_one_person():
    for levels in model.shipped().trained.values():
        assert levels[0]["m"] > 50 * levels[0]["u"]
        assert levels[-1]["m"] < levels[-1]["u"]


def _people(count):
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
    load(_people(150))
    text = train.train(con, seed=3, max_pairs=1e4)
    assert train.train(con, seed=3, max_pairs=1e4) == text
    written = json.loads(text)["comparisons"]["email"][0]
    assert model.from_json(text).trained["email"][0]["m"] == written["m"]
