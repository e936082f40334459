"""What a spelling means, one spelling at a time."""

import pytest

from dagster_project import normalise


@pytest.mark.parametrize(
    ("area_code", "region"),
    [("+1937", "US-OH"), ("+1212", "US-NY"), ("+1514", "CA-QC"), ("+1800", None), ("+1242", None)],
)
def test_an_area_code_names_a_state_or_province(area_code, region):
    assert normalise.area_region(area_code) == region


@pytest.mark.parametrize(
    ("name", "latin"),
    [("Сергей", "Sergey"), ("Αλέξανδρος", "Alexandros"), ("Işıl", "Isil"), ("Þór", "Thor")],
)
def test_a_name_in_other_letters_is_written_in_latin_ones(name, latin):
    assert normalise.latin(name) == latin
