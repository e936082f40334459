"""The model as shipped: its parameters, its blocking rules and its levels, each with an example."""

from __future__ import annotations

import dataclasses

import pytest

from dagster_project.identity import blocking, model, nodes, population, scoring
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


ANN = {"first_name": "Ann", "last_name": "Abbott"}
HOME = {"street": "12 Oak Street", "postal_code": "45402", "city": "Dayton", "region": "OH"}
BORN = {"birth_on": "1984-07-09"}

# Of each blocking rule two records that it brings together although much else differs.
BLOCKED = {
    "email": (ANN | {"email": "ann@mail.com"}, {"first_name": "Annie", "email": "ann@mail.com"}),
    "phone": ({"phone": "+12125550123"}, {"phone": "+12125550123"}),
    "mailbox_and_name": (
        {"last_name": "Abbott", "email": "anniea@mail.com"},
        {"last_name": "Abott", "email": "anniea@post.com"},
    ),
    "whole_name_and_postcode_area": (
        ANN | {"postal_code": "45402"},
        {"first_name": "Abbott", "last_name": "Ann", "postal_code": "45499"},
    ),
    "whole_name_and_birth_year": (ANN | BORN, ANN | {"birth_on": "1984-11-30"}),
    "birth_date_and_surname_beginning": (ANN | BORN, {"first_name": "X", "last_name": "Abot"} | BORN),
    "birth_date_and_first_name_beginning": (
        ANN | BORN,
        {"first_name": "Anna", "last_name": "Baker"} | BORN,
    ),
    "birth_date_and_house_number": (
        {"street": "12 Oak St"} | BORN,
        {"street": "12 Elm Road", "last_name": "Cox"} | BORN,
    ),
    "house": (
        {"street": "12 Oakland Street", "postal_code": "45402"},
        {"street": "12 Oaklnd St", "postal_code": "45402"},
    ),
    "house_in_city": (
        {"street": "12 Oak Street", "city": "Dayton"},
        {"street": "12 Oak St", "city": "Dayton", "postal_code": "45402"},
    ),
    "street_and_first_name_beginning": (
        {"first_name": "Ann", "street": "12 Oak St", "postal_code": "45402"},
        {"first_name": "Anna", "street": "Oak St", "postal_code": "45402"},
    ),
    "street_and_surname_beginning": (
        {"last_name": "Abbott", "street": "12 Oak St", "postal_code": "45402"},
        {"last_name": "Abot", "street": "Oak St", "postal_code": "45402"},
    ),
    "whole_name_and_city": (ANN | {"city": "Dayton"}, ANN | {"city": "Dayton", "postal_code": "1"}),
    "whole_name_and_region": (ANN | {"region": "OH"}, ANN | {"region": "OH", "city": "Dayton"}),
    "whole_name": (ANN, ANN | {"city": "Dayton"}),
}


@pytest.mark.parametrize("rule", BLOCKING_RULES, ids=lambda rule: rule.name)
def test_a_blocking_rule_brings_together_what_it_says(con, load, rule):
    load(dict(zip("ab", BLOCKED[rule.name], strict=True)) | {"other": {"first_name": "Zoe"}})
    nodes.start(con)
    nodes.collapse(con)
    blocking.block(con, model=dataclasses.replace(model.shipped(), blocking_rules=(rule,)))
    assert len(con.execute("select * from linkage_pairs").fetchall()) == 1


# Of each comparison two values and the level at which they agree; None where one is missing.
AGREEMENT = [
    ("first_name", {"first_name": "Ann"}, {"first_name": "ANN"}, "equal"),
    ("first_name", {"first_name": "Robert"}, {"first_name": "Bob"}, "nickname"),
    ("first_name", ANN, {"first_name": "Abbott", "last_name": "Ann"}, "the wrong way round"),
    ("first_name", {"first_name": "J"}, {"first_name": "Jane"}, "one begins the other"),
    ("first_name", {"first_name": "Gregory"}, {"first_name": "Gregroy"}, "close"),
    ("first_name", {"first_name": "Martha"}, {"first_name": "Marhta"}, "close"),
    ("first_name", {"first_name": "Dwayne"}, {"first_name": "Duane"}, "similar"),
    ("first_name", {"first_name": "Ann"}, {"first_name": "Tom"}, "unlike"),
    ("first_name", {"first_name": "Ann"}, {"last_name": "Baker"}, None),
    ("last_name", {"last_name": "Müller"}, {"last_name": "Mueller"}, "equal"),
    ("last_name", {"last_name": "Smith"}, {"last_name": "Smith-Jones"}, "one begins or ends the other"),
    ("last_name", {"last_name": "Abbott"}, {"last_name": "Abott"}, "close"),
    ("last_name", {"last_name": "Abbott"}, {"last_name": "Cox"}, "unlike"),
    ("birth_on", BORN, BORN, "equal"),
    ("birth_on", BORN, {"birth_on": "1984-07-19"}, "two of year, month, day equal"),
    ("birth_on", BORN, {"birth_on": "1984-09-07"}, "day and month swapped or one keystroke"),
    ("birth_on", BORN, {"birth_on": "1951-12-24"}, "unlike"),
    ("birth_on", BORN, {}, None),
    ("email", {"email": "a.b+x@gmail.com"}, {"email": "ab@googlemail.com"}, "equal"),
    (
        *("email", {"email": "anna123@a.com"}, {"email": "anna123@b.com"}),
        "same numbered mailbox name elsewhere",
    ),
    ("email", {"email": "anna84@a.com"}, {"email": "anna84@b.com"}, None),
    (
        *("email", {"email": "annabel@a.com"}, {"email": "annbel@a.com"}),
        "one keystroke, initial and numbers equal",
    ),
    ("email", {"email": "ann@a.com"}, {"email": "tom@a.com"}, "unlike"),
    ("phone", {"phone": "+12125550123"}, {"phone": "+12125550123"}, "equal"),
    ("phone", {"phone": "+12125550123"}, {"phone": "+12125550132"}, "one keystroke"),
    ("phone", {"phone": "+12125550123"}, {"phone": "+19375550199"}, "unlike"),
    ("address", HOME, HOME | {"street": "12 Oak St., Apt 4"}, "same house"),
    ("address", HOME, HOME | {"street": "12 Oack Street"}, "same house, street spelt otherwise"),
    ("address", HOME, HOME | {"street": "14 Oak Street"}, "same street, number unlike"),
    ("address", HOME, HOME | {"street": "7 Elm Road"}, "same postcode"),
    ("address", HOME, {"street": "7 Elm Road", "city": "Boston", "postal_code": "02101"}, "unlike"),
    ("address", HOME, {"region": "OH"}, None),
    ("region", HOME, {"region": "OH"}, "equal"),
    ("region", HOME, {"region": "ME"}, "unlike"),
    ("region", HOME, HOME, None),
]


def test_two_values_agree_at_the_level_that_says_so(con, load):
    """All examples in one go: what is compared of each, against the level named beside it."""
    for_each = [(f"{n:02}", example) for n, example in enumerate(AGREEMENT)]
    load({key + side: example[1 + (side == "b")] for key, example in for_each for side in "ab"})
    con.execute("""
        create or replace temp table compared as
        select left(record_key, 2)::integer * 2 + (right(record_key, 1) = 'b')::integer as node_id, *
        from identity.comparison_records
    """)
    con.execute(f"""
        create or replace temp table compared_pairs as
        select 2 * n as node_l, 2 * n + 1 as node_r from range({len(AGREEMENT)}) as pairs (n)
    """)
    measured = population.measure(con, model=model.shipped())
    con.execute(f"create or replace table identity.population as {measured}")
    scoring.score(
        con, "compared_pairs", "compared", model=model.shipped(), into="scored", least=-1000
    )
    words = {(c, level): said for c, level, said, _ in model.shipped().levels_in_words()}
    found = []
    for number, (comparison, left, right, _) in enumerate(AGREEMENT):
        [(level,)] = con.execute(
            f"select level_{comparison} from scored where node_l = ?", [2 * number]
        ).fetchall()
        found.append((comparison, left, right, words.get((comparison, level))))
    assert found == AGREEMENT
