"""What a segment's file may say, in SQL and in YAML, and what is said of one that cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlglot

from dagster_project.catalog import load_catalog
from dagster_project.segments import conditions
from dagster_project.segments.conditions import ConditionsError, compile_conditions
from dagster_project.segments.guards import Guards
from dagster_project.settings import PROJECT, Settings
from dagster_project.sql_models import ModelError, load_model, load_models

HEADER = {"title": "Vips", "owner": "marketing", "description": "The best.", "purpose": "marketing"}
QUERY = "select profile_id from golden.customer_facts"


@pytest.fixture
def folder(tmp_path) -> Path:
    place = tmp_path / "sql" / "segments"
    place.mkdir(parents=True)
    return place


def written(path: Path, query: str = QUERY, **fields: str) -> Path:
    header = [f"-- {name}: {value}" for name, value in (HEADER | fields).items() if value]
    path.write_text("\n".join((*header, query)), encoding="utf-8")
    return path


# Headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        ("", Guards()),
        ("min_size 100", Guards(min_size=100)),
        ("max_change 2.5%", Guards(max_change=0.025)),
        ("min_size 100, max_change 30%", Guards(100, 0.3)),
    ],
)
def test_guards_are_a_size_and_a_share(folder, text, guards):
    assert load_model(written(folder / "vips.sql", guards=text)).guards == guards


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_size 5", "unknown guard 'max_size'; known are min_size, max_change"),
        ("max_change 30", "the guard 'max_change 30' needs a share of its size, as in max_change 30%"),
        ("min_size many", "the guard 'min_size many' needs a number of people"),
        ("min_size 5, min_size 6", "the guard min_size stands there twice"),
        ("min_size", "the guard 'min_size' needs a number of people"),
    ],
)
def test_a_guard_that_cannot_be_read_is_named_with_what_was_expected(folder, text, said):
    with pytest.raises(ModelError) as error:
        load_model(written(folder / "vips.sql", guards=text))
    assert "vips.sql" in str(error.value) and said in str(error.value)


def test_everything_that_is_wrong_with_a_header_is_said_at_once(folder):
    with pytest.raises(ModelError) as error:
        load_model(written(folder / "vips.sql", owner="", purpose="fun", guards="small"))
    for said in ("'owner'", "the purpose 'fun' is none of marketing, service", "unknown guard 'small'"):
        assert said in str(error.value)


def test_two_files_of_one_segment_are_an_error(folder):
    written(folder / "vips.sql")
    (folder / "vips.yaml").write_text(yaml_of("{attribute: order_count, at_least: 2}"))
    with pytest.raises(ModelError, match="vips.sql is the same segment; keep one of the two"):
        load_models(folder.parent)


class Elsewhere(Settings):
    """Settings of a project whose SQL lies below its home."""

    @property
    def sql(self) -> Path:
        return self.home / "sql"


def test_segments_that_read_each_other_in_a_circle_are_an_error(tmp_path):
    shutil.copytree(PROJECT / "sql", tmp_path / "sql")
    for name, other in (("one", "other"), ("other", "one")):
        query = f"select profile_id from segments.{other}"
        written(tmp_path / "sql" / "segments" / f"{name}.sql", query=query)
    with pytest.raises(ModelError, match="in a circle: .*segments.one"):
        load_catalog(Elsewhere(exports=tmp_path / "exports", home=tmp_path))


# Conditions --------------------------------------------------------------------------------------


def yaml_of(who: str) -> str:
    return "".join(f"{name}: {value}\n" for name, value in HEADER.items()) + f"who: {who}\n"


def problems(who: str, segments: str = "") -> tuple[str, ...]:
    with pytest.raises(ConditionsError) as error:
        compile_conditions(yaml_of(who), segments=frozenset(segments.split()))
    return error.value.problems


def test_conditions_are_a_model_like_any_other(folder):
    written(folder / "vips.sql")
    path = folder / "loyal.yaml"
    path.write_text(yaml_of("{all: [{attribute: order_count, at_least: 2}, {segment: vips}]}"))
    model = load_model(path)
    assert (model.table, model.grain, model.fields["owner"]) == (
        "segments.loyal", ("profile_id",), "marketing",
    )
    assert model.reads == {
        "golden.profiles", "golden.customer_facts", "golden.restrictions", "raw.as_of", "segments.vips",
    }


@pytest.mark.parametrize(
    ("who", "sql"),
    [
        ("{attribute: country, one_of: [US, CA]}", "people.country in ('US', 'CA')"),
        ("{attribute: city, is: \"L'Isle\"}", "people.city = 'L''Isle'"),
        ("{attribute: spend, at_most: 10.5}", "facts.spend <= 10.5"),
        ("{attribute: birth_on, at_least: 1990-01-01}", "people.birth_on >= date '1990-01-01'"),
        ("{attribute: gender, is_known: false}", "people.gender is null"),
        ("{attribute: last_order_at, older_than_days: 90}",
         "facts.last_order_at < now.as_of - interval 90 days"),
        ("{not: {attribute: order_count, at_least: 2}}", "(facts.order_count >= 2) is not true"),
        ("{any: [{attribute: spend, is: 1}, {attribute: spend, is: 2}]}",
         "facts.spend = 1 or facts.spend = 2"),
    ],
)
def test_a_condition_is_this_sql(who, sql):
    made = compile_conditions(yaml_of(who), segments=frozenset())
    assert f"where {sql}" in " ".join(made.split())
    sqlglot.parse_one(made, dialect="duckdb")


def test_any_within_all_is_in_brackets():
    made = compile_conditions(
        yaml_of("{all: [{attribute: spend, is: 1}, "
                "{any: [{attribute: spend, is: 2}, {attribute: spend, is: 3}]}]}"),
        segments=frozenset(),
    )
    assert "facts.spend = 1 and ( facts.spend = 2 or facts.spend = 3 )" in " ".join(made.split())


def test_all_that_is_wrong_is_said_with_its_place_and_what_was_meant():
    assert problems(
        "{all: [{attribute: ordercount, at_least: 3}, {attribute: country, at_least: 3}, "
        "{did: cart_ad, within_days: 3}, {score: recency_day, at_most: 3}, {segment: vip}, {foo: 1}]}",
        segments="vips",
    ) == (
        "who.all[1].attribute: unknown 'ordercount'; did you mean order_count?",
        "who.all[2].attribute: country is a text: expected one of is, is_not, one_of, is_known, found "
        "at_least",
        "who.all[3].did: unknown 'cart_ad'; did you mean cart_add?",
        "who.all[4].score: unknown 'recency_day'; did you mean recency_days?",
        "who.all[5].segment: unknown 'vip'; did you mean vips?",
        "who.all[6]: expected one of all, any, not, attribute, did, score, segment",
    )


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("{attribute: country, one_of: [NO]}", "one_of expected a list of texts, found [False]"),
        ("{attribute: order_count, at_least: two}", "at_least expected a number, found 'two'"),
        ("{attribute: birth_on, at_least: 1990}", "expected a day as 2026-06-01, found 1990"),
        ("{attribute: order_count, at_least: 1, at_most: 2}", "found at_least, at_most"),
        ("{attribute: order_count}", "found nothing"),
        ("{did: order}", "expected within_days"),
        ("{did: order, within_days: 3, since: 2}", "found since"),
        ("{all: []}", "expected a list of conditions"),
        ("[]", "expected conditions, found nothing"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_does(who, said):
    [problem] = problems(who)
    assert said in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [", "not valid YAML near line"), ("- 1", "a segment is title"), ("colour: red", "'colour'")],
)
def test_what_is_no_segment_at_all_is_told_so(text, said):
    with pytest.raises(ConditionsError, match=said):
        compile_conditions(text, segments=frozenset())


def test_a_file_s_problems_name_the_file(folder):
    path = folder / "odd.yaml"
    path.write_text(yaml_of("{attribute: nothing, is: 1}"))
    with pytest.raises(ModelError, match="odd.yaml: who.attribute: unknown 'nothing'"):
        load_model(path)


def test_the_parts_of_the_vocabulary_do_not_overlap():
    kinds = (conditions.TEXTS, conditions.NUMBERS, conditions.MOMENTS)
    assert len(conditions.KINDS) == sum(len(kind) for kind in kinds)
    assert set(conditions.OF_PROFILES) <= set(conditions.KINDS)
