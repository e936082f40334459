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
    ("text", "country", "number"),
    [
        ("(415) 555-0132", "US", "+14155550132"),
        ("0012506538403", "US", "+12506538403"),
        ("06 75 45 93 27", "FR", "+33675459327"),
        ("06 75 45 93 27", "US", None),
        ("0000000000", "US", None),
    ],
)
def test_a_number_is_read_as_it_is_dialled_in_its_country(text, country, number):
    assert normalise.phone(text, country) == number


@pytest.mark.parametrize(
    ("name", "latin"),
    [("Сергей", "Sergey"), ("Αλέξανδρος", "Alexandros"), ("Işıl", "Isil"), ("Þór", "Thor")],
)
def test_a_name_in_other_letters_is_written_in_latin_ones(name, latin):
    assert normalise.latin(name) == latin


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/100.0", "headlesschrome"),
        ("AcmeBot/1.0", "acmebot/1"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0", None),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 30) Chrome/120.0 Mobile", None),
    ],
)
def test_a_bot_is_known_by_its_agent(agent, bot):
    assert normalise.bot(agent) == bot
