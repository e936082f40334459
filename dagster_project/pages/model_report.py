"""A trained model on a page: what each agreement weighs, now and before, and what blocking finds.

Here belongs how a model is said and drawn. What it learned is in identity/train.py. Nothing of a record
is on the page: parameters and counts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dagster_project.identity.model import Model
from dagster_project.identity.train import Reach
from dagster_project.pages.sentences import Section, label, signed

LABELS, BARS, NUMBERS, ROW = 300, 260, 150, 34
NEW, OLD = "#2b6cb0", "#b8c4d0"
FURTHEST = 20.0
"""Match weights beyond this are drawn as long as this."""


def tell(
    trained: Model, before: Model, reaches: Sequence[Reach], *, facts: dict, verdict: str
) -> list[Section]:
    """The page's sections: how it was trained, each comparison, each blocking rule."""
    about = (
        verdict,
        f"Trained on {facts['distinct_records']:,} distinct records, without labels, from at most "
        f"{facts['max_pairs']:,} random pairs, seed {facts['seed']}: the same records and seed give the "
        "same model.",
        "A bar to the right speaks for one person, one to the left against: log2 of m, how often one "
        "person's records agree so, over u, how often strangers' do. The pale bar is the model before.",
        "Rare names, places and postcodes weigh more than the bar, common ones less.",
    )
    comparisons = [
        Section(
            label(comparison.name).capitalize(),
            tuple(
                f"{name}: m {now['m']:.3g}, u {now['u']:.3g}, weight {signed(weight)} "
                f"(before m {old['m']:.3g}, u {old['u']:.3g}, weight {signed(was)})"
                for name, now, weight, old, was in zip(
                    _levels(comparison),
                    trained.trained[comparison.name],
                    trained.level_weights(comparison.name),
                    before.trained[comparison.name],
                    before.level_weights(comparison.name),
                    strict=True,
                )
            ),
        )
        for comparison in trained.comparisons
    ]
    blocking = Section(
        "Which pairs are compared at all",
        (
            "Each rule, and its share of the links accepted by score. What it finds alone would not be "
            "compared without it.",
            *map(_tell_reach, reaches),
        ),
    )
    return [Section("The linkage model", about), *comparisons, blocking]


def _tell_reach(reach: Reach) -> str:
    skipped = f"; {reach.skipped_blocks:,} blocks too large" if reach.skipped_blocks else ""
    return (
        f"{label(reach.rule)} ({reach.reason}): {reach.pairs:,} pairs, {reach.pairs_alone:,} of them "
        f"alone; {reach.links:,} links ({reach.share:.1%}), {reach.links_alone:,} of them alone{skipped}"
    )


def pictures(trained: Model, before: Model) -> dict[str, str]:
    """Title of a comparison's section -> its bars as SVG."""
    return {
        label(comparison.name).capitalize(): _bars(
            label(comparison.name),
            _levels(comparison),
            trained.level_weights(comparison.name),
            before.level_weights(comparison.name),
        )
        for comparison in trained.comparisons
    }


def _levels(comparison) -> list[str]:
    return [*(level.name for level in comparison.levels), "all other"]


def _bars(name: str, levels: Sequence[str], now: Sequence[float], before: Sequence[float]) -> str:
    width, height = LABELS + BARS + NUMBERS, ROW * len(levels) + 8

    def x(weight: float) -> float:
        held = max(-FURTHEST, min(weight, FURTHEST))
        return round(LABELS + (held + FURTHEST) / (2 * FURTHEST) * BARS, 1)

    def bar(weight: float, top: int, colour: str) -> str:
        left, right = sorted((x(0), x(weight)))
        return f'<rect x="{left}" y="{top}" width="{right - left:.1f}" height="11" fill="{colour}"/>'

    drawn = [f'<line x1="{x(0)}" y1="0" x2="{x(0)}" y2="{height}" stroke="#cccccc"/>']
    for number, (words, weight, was) in enumerate(zip(levels, now, before, strict=True)):
        top = number * ROW
        drawn += [
            f'<text x="0" y="{top + 19}" font-size="13" fill="#1a1a1a">{escape(words)}</text>',
            bar(weight, top + 5, NEW),
            bar(was, top + 17, OLD),
            f'<text x="{width}" y="{top + 19}" font-size="13" text-anchor="end" fill="#1a1a1a">'
            f"{signed(weight)} (was {signed(was)})</text>",
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="{escape(f"Match weights of {name}")}"'
        ' font-family="sans-serif">\n' + "\n".join(drawn) + "\n</svg>"
    )
