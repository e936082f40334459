"""Phones, countries, regions, names and user agents that SQL alone does not get right, by libraries.

Each function is pure and takes one spelling; they are applied to distinct spellings only, and the
results are dictionaries in the lake (spelling -> value) that the SQL models join.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

UNLISTED_COUNTRIES = {
    "usa": "US",
    "us": "US",
    "u s a": "US",
    "u s": "US",
    "america": "US",
    "uk": "GB",
    "u k": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
}
"""Everyday names that no standard lists."""

UNLISTED_BOTS = (
    r"(?i)\b[a-z]*bot/[0-9]",
    r"(?i)[a-z]*(crawl|spider|slurp|headless|lighthouse)",
    r"(?i)feed ?(parser|fetcher)",
    r"^Java/[0-9]",
)
"""What calls itself a robot, or is a program, without being on the list."""

COUNTRY_LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "tr", "cs"),
    *("hu", "ro", "ru", "ja", "zh", "ko", "ar"),
)


def country(text: str) -> str | None:
    """ISO 3166 alpha-2 for a code or a name in any of the common languages, else None.

    Names come from CLDR (Babel) and ISO 3166 (pycountry).
    """
    return _country_names().get(_plain(text))


def phone(text: str, country: str) -> str | None:
    """E.164 for a number written as people in `country` (ISO alpha-2) write it, else None.

    A number that its numbering plan leaves no room for is None; extensions are dropped. Numbers that
    are merely not in use stay: plans grow faster than the library's tables. Two noughts are the plus sign
    of most of the world, and begin no number of North America.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(re.sub(r"^\W*00", "+", text), country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if number.country_code == 1 and (
        number.italian_leading_zero or str(number.national_number)[0] in "01"
    ):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def area_region(area_code: str) -> str | None:
    """'US-OH' for '+1937': the state or province whose numbers begin so, None for a toll-free one."""
    from phonenumbers import geocoder, parse

    # the rest of a number that nobody has
    place = geocoder.description_for_number(parse(area_code + "5550100"), "en")
    name = _plain(place.rpartition(",")[2])
    for country in ("US", "CA"):
        if code := _region_codes(country).get(name):
            return f"{country}-{code}"
    return None


def region(text: str, country: str) -> str | None:
    """The ISO 3166-2 code without its country part ('OH' for 'Ohio'), else the text in title case."""
    plain = _plain(text)
    if not plain:
        return None
    return _region_codes(country).get(plain) or " ".join(text.split())


def person_name(text: str) -> tuple[str | None, str | None, str | None, str | None]:
    """(first, middle, last, suffix) of a full name, particles kept with the surname (nameparser)."""
    from nameparser import HumanName

    name = HumanName(text)
    parts = (name.first, name.middle, name.last, name.suffix)
    return tuple(part or None for part in parts)


def latin(text: str) -> str | None:
    """A name in the letters a to z, sign by sign: 'Sergey' for 'Сергей' (anyascii)."""
    from anyascii import anyascii

    return " ".join(anyascii(text).split()) or None


def bot(agent: str) -> str | None:
    """The bot that a user agent belongs to, None for a person's browser or app.

    By the list of crawlers that site owners keep together (crawler-user-agents), then by what calls
    itself one. A telephone of the brand Cubot is none.
    """
    for pattern in _crawlers():
        if found := pattern.search(agent):
            return found[0].strip(" /;()")[:40].lower() or "bot"
    return None


@cache
def _crawlers() -> list[re.Pattern]:
    import crawleruseragents

    listed = [entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA]
    return [re.compile(pattern) for pattern in (*listed, *UNLISTED_BOTS)]


@cache
def _country_names() -> dict[str, str]:
    import pycountry
    from babel import Locale

    found = {}
    alpha2 = {entry.alpha_2 for entry in pycountry.countries}
    for language in COUNTRY_LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in alpha2:
                found.setdefault(_plain(name), code)
    for entry in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "name", "official_name", "common_name"):
            if hasattr(entry, name):
                found.setdefault(_plain(getattr(entry, name)), entry.alpha_2)
    return found | UNLISTED_COUNTRIES


@cache
def _region_codes(country: str) -> dict[str, str]:
    import pycountry

    found = {}
    for entry in pycountry.subdivisions.get(country_code=country) or ():
        code = entry.code.partition("-")[2]
        found.setdefault(_plain(entry.name), code)
        found.setdefault(_plain(code), code)
    return found


def _plain(text: str) -> str:
    """Lower case without accents, punctuation and doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", text).lower()
    letters = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(letters).split())
