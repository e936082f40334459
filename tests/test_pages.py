"""What people read: sentences, the waterfall's geometry, pages that stand alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.identity.explaining import (
    Consent,
    Cut,
    Evidence,
    Guard,
    Link,
    Money,
    Pair,
    Part,
    Profile,
    Side,
)
from dagster_project.pages import sentences, waterfall
from dagster_project.pages.page import page
from dagster_project.pages.sentences import Section

EVIDENCE = Evidence(
    (
        Part("prior", "any two records", -12.0),
        Part("first_name", "nickname of each other", 3.2),
        Part("birth_on", "not known of both", 0.0),
        Part("email", "equal", 14.0),
        Part("phone", "nothing alike", -2.5),
    ),
    2.7,
    0.866,
    2.0,
    True,
)
LINK = Link("a", "b", "p", "p", "accepted", "same_email_and_name", None, 1.0)
WEAK = Link("b", "c", "p", "p", "accepted", "splink", 4.21, 0.95)
REFUSED = Link("b", "d", "p", "q", "rejected", "household_alone", 6.3, 0.98)
PAIR = Pair("a", "c", {"a": "p", "c": "p"}, (), EVIDENCE, (LINK, WEAK), (), (), ())
CUT = Cut(
    (WEAK,),
    Side(("a", "b"), (Money("EUR", 2, Decimal("1234.50")),)),
    Side(("c",), ()),
    (Consent("email", "marketing", "denied", "granted", "denied"),),
)
PROFILE = Profile("p", "p", ("a", "b", "c"), (LINK, WEAK), CUT, (REFUSED,), (), ())


def lines_of(sections):
    return [line for section in sections for line in section.lines]


def test_every_part_is_said_with_its_weight_and_then_their_sum():
    assert sentences.tell_evidence(EVIDENCE) == [
        "prior: any two records (-12.0)",
        "first name: nickname of each other (+3.2)",
        "birth date: not known of both (0.0)",
        "e-mail: equal (+14.0)",
        "phone: nothing alike (-2.5)",
        "together +2.7, a probability of 0.87; from +2.0 on a pair may count as one person",
    ]


def test_a_pair_is_told_with_its_path_and_the_weakest_link_of_it():
    said = lines_of(sentences.tell_pair(PAIR))
    assert said[0] == "are one person: both are in profile p"
    assert said[-3:] == [
        "a = b: same e-mail and name",
        "b = c: by score, match weight +4.2",
        "The weakest of these links is b = c.",
    ]


def test_a_profile_is_told_with_what_it_would_be_without_its_weakest_link():
    said = lines_of(sentences.tell_profile(PROFILE))
    assert "Without this link it is two profiles: p with 2 records and 2 orders of 1,234.50 EUR;" in said
    assert "and another with 1 record and no orders: c." in said
    assert (
        "Consent to marketing by email: denied now, then granted for the first and denied for the other."
        in said
    )
    assert (
        "b ≠ d was refused: what agrees is what a household shares, match weight +6.3" in said
    )


def test_a_long_list_says_how_much_more_there_is():
    guards = tuple(Guard(f"r{n}", "phone", "placeholder") for n in range(sentences.LISTED + 3))
    section = sentences.tell_profile(replace(PROFILE, guards=guards))[-1]
    assert (section.title, len(section.lines)) == ("Guards", sentences.LISTED + 1)
    assert section.lines[-1] == "and 3 more"


@pytest.mark.parametrize(
    ("value", "said"), [(0.866, "0.87"), (0.9999, "0.9999"), (1.0, "more than 0.999999")]
)
def test_a_probability_is_never_rounded_to_certainty(value, said):
    assert sentences.probability(value) == said


weights = st.floats(-60, 60, allow_nan=False)


@given(st.lists(weights, min_size=1, max_size=8), weights)
def test_each_bar_begins_where_the_one_before_ended(parts, threshold):
    evidence = Evidence(
        tuple(Part("email", "w", weight) for weight in parts), sum(parts), 0.5, threshold, True
    )
    *bars, total = waterfall.steps(evidence)
    assert [bar.start for bar in bars[1:]] == [bar.end for bar in bars[:-1]]
    assert (bars[0].start, total.start, total.end) == (0, 0, evidence.weight)
    assert bars[-1].end == pytest.approx(total.end)
    picture = ET.fromstring(waterfall.to_svg(evidence))
    width = float(picture.get("width"))
    for bar in picture.iter("{http://www.w3.org/2000/svg}rect"):
        left, right = float(bar.get("x")), float(bar.get("x")) + float(bar.get("width"))
        assert waterfall.LABELS <= left <= right <= width - waterfall.NUMBERS + 0.1
    assert all(len(line) < 80 for line in waterfall.to_text(evidence))


def test_the_picture_is_to_scale_and_says_its_numbers():
    picture = ET.fromstring(waterfall.to_svg(EVIDENCE))
    bars = [float(bar.get("width")) for bar in picture.iter("{http://www.w3.org/2000/svg}rect")]
    sizes = [abs(bar.weight) for bar in waterfall.steps(EVIDENCE)]
    scale = waterfall.BARS / 17.2  # from -12 to +5.2, where the e-mail ends
    assert bars == pytest.approx([size * scale for size in sizes], abs=0.15)
    words = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"first name", "nickname of each other", "+3.2", "+2.7", "one person from +2.0"} <= set(words)


def test_the_text_tells_for_from_against_without_colour():
    said = waterfall.to_text(EVIDENCE)
    assert "░" in said[0] and "█" not in said[0]
    assert "█" in said[1] and "░" not in said[1]
    assert not {"█", "░"} & set(said[2])
    assert said[-1].startswith("together     +2.7")


@pytest.mark.fault(43)
def test_a_page_escapes_whatever_it_is_given():
    said = page([Section("<b>", ("<script>alert(1)</script>", 'a & "b"'))])
    assert "<script" not in said and "<b>" not in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said and "a &amp; &quot;b&quot;" in said
    hostile = replace(EVIDENCE, parts=(Part("email", '"/><script>', 1.0),))
    assert "<script" not in waterfall.to_svg(hostile)


def test_a_page_stands_alone():
    told = sentences.tell_pair(PAIR)
    said = page(told, pictures={sentences.EVIDENCE: waterfall.to_svg(EVIDENCE)})
    assert "<svg" in said and "together +2.7" in said
    assert "default-src 'none'" in said
    assert set(re.findall(r"https?:[^\s\"]*", said)) == {"http://www.w3.org/2000/svg"}  # a name only
    assert not re.search(r"<(script|link|img|iframe|object)|\b(href|src)=|url\(|@import", said)
