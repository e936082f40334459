"""A card per model: what it was judged by, beside the naive rule, and why it is published or not."""

from xml.etree import ElementTree

import pytest

from dagster_project.pages.page import page
from dagster_project.pages.score_report import pictures, tell

MODEL = {
    "model": "purchase_logistic", "score": "propensity", "trained_from": "2026-05-02",
    "trained_to": "2026-06-01", "row_count": 8039, "positive_count": 1478, "auc": 0.7441,
    "naive_auc": 0.7281, "lift_at_10": 2.85, "hit_rate_at_5": None, "naive_hit_rate_at_5": None,
    "is_published": True, "reason": "better than the naive rule on the last window",
    "features": '{"spend": 0.07, "recency_days": -0.2}',
}
REPORT = {
    "segment": "vip_customers", "seed_count": 8, "audience_count": 74, "recall_at_10": None,
    "spender_recall_at_10": None, "random_recall_at_10": 0.1, "is_published": False,
    "reason": "8 seeds who allowed advertising, fewer than 100", "features": "{}",
}
BINS = [
    {"model": "purchase_logistic", "score": "propensity", "decile": n, "predicted": n / 20, "observed": n / 25,
     "row_count": 800}
    for n in range(1, 11)
]


def lines(title, **changes):
    sections = tell([MODEL | changes], [REPORT], as_of="2026-06-01")
    return " ".join(next(section.lines for section in sections if section.title.startswith(title)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Published: better than the naive rule"),
        ({}, "AUC 0.744, the naive rule 0.728"),
        ({}, "recency days -0.2, spend 0.07"),
        ({"is_published": False, "reason": "76 positives"}, "Not published: 76 positives."),
        ({"auc": None, "hit_rate_at_5": 0.29, "naive_hit_rate_at_5": 0.16}, "29.0% were shown"),
        ({"naive_auc": None}, "the naive rule unknown"),
    ],
)
def test_a_card_says_what_the_model_was_judged_by(changes, words):
    assert words in lines("Purchase propensity", **changes)


def test_lookalikes_that_are_not_made_say_why():
    assert "Not published: 8 seeds who allowed advertising, fewer than 100." in lines("Lookalikes")


def test_every_tenth_is_a_point_of_the_picture_and_nothing_is_fetched():
    drawn = pictures([MODEL], BINS)
    (picture,) = drawn.values()
    assert len(ElementTree.fromstring(picture).findall(".//{*}circle")) == 10
    html = page(tell([MODEL], [REPORT], as_of="2026-06-01"), pictures=drawn)
    assert html.count("<svg") == 1 and "http://www.w3.org/2000/svg" in html and "<script" not in html
