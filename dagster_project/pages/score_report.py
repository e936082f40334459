"""The night's models on a page: a card for each, with what it was judged by and how calibrated it is.

Here belongs how a model of scores is said and drawn. What it learned and whether it passed is in scores/.
Nothing of a person is on the page: counts, shares and weights only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape

from dagster_project.pages.sentences import Section, label

SIDE, EDGE = 220, 34
OWN, EVEN = "#2b6cb0", "#b8c4d0"

TITLES = {
    "clv": "Lifetime value, expected orders and chance of being alive",
    "propensity": "Purchase propensity and churn",
    "lead_score": "Lead score",
    "rebuy": "Products to buy again",
    "discover": "Products to discover",
}


def tell(models: Sequence[Mapping], lookalikes: Sequence[Mapping], *, as_of: str) -> list[Section]:
    """The page's sections from rows of score_models and lookalike_reports."""
    about = (
        f"As of {as_of}. Each model is judged on the last window by what was known when the window began, "
        "beside a naive rule; what does not beat the rule, or has too little to learn from, scores nobody.",
        "In a picture each point is a tenth of the people by their score: what was predicted of them "
        "(to the right) and what happened (upwards). On the line a prediction is right on average.",
        "AUC is the chance that one who did it scores higher than one who did not: 0.5 is by lot. What a "
        "model learned are weights of features, each in units of its spread, or the parameters of its "
        "formula.",
    )
    cards = [Section(_title(model), tuple(_card(model))) for model in models]
    alike = [
        Section(f"Lookalikes of {label(report['segment'])}", tuple(_alike(report)))
        for report in lookalikes
    ]
    return [Section("The scores' models", about), *cards, *alike]


def pictures(models: Sequence[Mapping], bins: Sequence[Mapping]) -> dict[str, str]:
    """Title of a model's section -> its calibration as SVG; `bins` are rows of score_calibration."""
    found = {}
    for model in models:
        own = [each for each in bins if each["model"] == model["model"]]
        if own:
            found[_title(model)] = _calibration(_title(model), own)
    return found


def _title(model: Mapping) -> str:
    return TITLES.get(model["score"], label(model["score"]).capitalize())


def _card(model: Mapping):
    verdict = "Published" if model["is_published"] else "Not published"
    yield f"{verdict}: {model['reason']}."
    yield f"Model {label(model['model'])}, judged on {model['row_count']:,} people, of whom " \
        f"{model['positive_count']:,} did it."
    if model["trained_from"]:
        yield f"It learns from {model['trained_from']} until before {model['trained_to']}."
    if model["auc"] is not None:
        yield f"AUC {model['auc']:.3f}, the naive rule {_number(model['naive_auc'])}; the best tenth " \
            f"does it {_number(model['lift_at_10'], 1)} times as often as all."
    if model["hit_rate_at_5"] is not None:
        yield f"Of those who bought, {model['hit_rate_at_5']:.1%} were shown what they bought among at " \
            f"most five products; {model['naive_hit_rate_at_5']:.1%} among as many popular ones."
    weights = json.loads(model["features"])
    if weights:
        yield "It learned: " + _weights(weights)


def _alike(report: Mapping):
    verdict = "Published" if report["is_published"] else "Not published"
    yield f"{verdict}: {report['reason']}."
    yield f"{report['seed_count']:,} seeds, {report['audience_count']:,} others who allowed advertising."
    if report["recall_at_10"] is not None:
        yield f"Of seeds hidden from the model, {report['recall_at_10']:.1%} are in its best tenth; " \
            f"{report['spender_recall_at_10']:.1%} in the best tenth by money spent, " \
            f"{report['random_recall_at_10']:.0%} by lot."
    weights = json.loads(report["features"])
    if weights:
        yield "It learned: " + _weights(weights)


def _weights(weights: Mapping[str, float]) -> str:
    ranked = sorted(weights.items(), key=lambda one: (-abs(one[1]), one[0]))
    return ", ".join(f"{label(name)} {weight:g}" for name, weight in ranked) + "."


def _number(value: float | None, digits: int = 3) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def _calibration(name: str, bins: Sequence[Mapping]) -> str:
    most = max(max(each["predicted"], each["observed"]) for each in bins) or 1.0
    size = SIDE + 2 * EDGE

    def x(value: float) -> float:
        return round(EDGE + value / most * SIDE, 1)

    def y(value: float) -> float:
        return round(size - EDGE - value / most * SIDE, 1)

    points = "\n".join(
        f'<circle cx="{x(each["predicted"])}" cy="{y(each["observed"])}" r="4" fill="{OWN}"/>'
        for each in bins
    )
    words = escape(f"Calibration of {name}: predicted to the right, observed upwards, up to {most:.3g}")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" width="{size}"
 height="{size}" role="img" aria-label="{words}" font-family="sans-serif" font-size="12" fill="#1a1a1a">
<line x1="{x(0)}" y1="{y(0)}" x2="{x(most)}" y2="{y(most)}" stroke="{EVEN}" stroke-width="2"/>
<path d="M{x(0)} {y(most)}V{y(0)}H{x(most)}" fill="none" stroke="#cccccc"/>
<text x="{x(most)}" y="{size - 12}" text-anchor="end">predicted, up to {most:.3g}</text>
<text x="{x(0) + 4}" y="{y(most) - 6}">observed</text>
{points}
</svg>"""
