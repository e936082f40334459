"""Names follow life, clerks slip, and nothing of a matcher is used to make either."""

import ast
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import simulator
from simulator import clerks, names
from simulator.chance import stream

PACKAGE = Path(simulator.__file__).parent


def test_the_simulator_imports_nothing_of_the_pipeline():
    allowed = {"simulator", "numpy", "polars", "pyarrow"}
    foreign = {"connectors", "dagster_project", "dagster", "splink", "duckdb", "phonenumbers"}
    imported = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    assert allowed <= imported
    assert not imported & foreign


@pytest.mark.parametrize("package", ["connectors", "dagster_project"])
def test_the_pipeline_imports_nothing_of_the_simulators_names(package):
    for path in (PACKAGE.parent / package).rglob("*.py"):
        assert "simulator.names" not in path.read_text()


def test_surnames_have_a_long_tail():
    rng = stream(1, "test")
    drawn = names.surnames(rng, np.zeros(20_000, dtype=np.int64)).value_counts(sort=True)
    assert drawn["count"][0] > 150
    assert (drawn["count"] == 1).sum() > 100


def test_a_nickname_is_one_that_the_name_has():
    first = pl.Series(["Robert", "Xiuying", "Elizabeth"] * 50)
    short = names.nicknames(stream(1, "test"), first)
    pairs = set(zip(first, short, strict=True))
    assert ("Xiuying", None) in pairs
    short_forms = set(names.NICKNAMES["Robert"].split())
    assert {name for key, name in pairs if key == "Robert"} == short_forms


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Łukasz", "Lukasz"), ("Søren", "Soren"), ("Großmann", "Grossmann"), ("Yıldız", "Yildiz"),
     ("O'Brien", "O'Brien")],
)
def test_accents_drop(text, plain):
    assert names.without_accents(text) == plain


def test_slips_keep_the_first_letter_and_the_domain():
    column = pl.Series(["katharina.weber@gmx.de"] * 500)
    slipped = clerks.typos(stream(1, "test"), column, 1.0)
    assert slipped.str.ends_with("@gmx.de").all()
    assert slipped.str.starts_with("k").all()
    assert (slipped != column).mean() > 0.8


def test_no_slips_without_a_share_and_none_in_nulls():
    column = pl.Series(["Weber", None])
    assert clerks.typos(stream(1, "test"), column, 0.0).equals(column, null_equal=True)
    assert clerks.typos(stream(1, "test"), column, 1.0)[1] is None


@pytest.mark.parametrize(
    ("number", "country", "spellings"),
    [
        ("+14155550123", "US", {"(415) 555-0123", "415-555-0123", "415.555.0123", "4155550123",
                                "1-415-555-0123", "(415)555-0123"}),
        ("+33612345678", "FR", {"06 12 34 56 78", "06.12.34.56.78", "0612345678"}),
        ("+447123456789", "GB", {"07123 456789", "07123456789", "07123 456 789"}),
        ("+491711234567", "DE", {"0171/1234567", "0171 1234567", "01711234567"}),
    ],
)
def test_a_number_is_spelt_as_its_country_does(number, country, spellings):
    spelt = clerks.spell_phone(
        stream(1, "test"), pl.Series([number] * 200), pl.Series([country] * 200), 0.0
    )
    assert set(spelt) == spellings
