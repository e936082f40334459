"""A match weight as a waterfall: from the prior through each comparison to the sum.

Here belongs the geometry, and the same picture as text and as SVG. Colours tell for from against to
every kind of sight, and the numbers say it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from dagster_project.identity.explaining import Evidence
from dagster_project.pages.sentences import label, signed

FOR, AGAINST, SUM = "#0072b2", "#d55e00", "#444444"
"""Blue and vermilion of Okabe and Ito's palette."""

LABELS, BARS, NUMBERS = 300, 360, 60
ROW, BAR, HEAD = 38, 16, 34
"""Widths of the three columns, heights of a row, of its bar and of the line above, in pixels."""


@dataclass(frozen=True)
class Step:
    """One bar, from the sum before it to the sum after it."""

    name: str
    words: str
    weight: float
    start: float
    end: float


def steps(evidence: Evidence) -> list[Step]:
    """A bar for every part, each beginning where the one before ended; the last is the sum."""
    found, at = [], 0.0
    for part in evidence.parts:
        found.append(Step(label(part.name), part.words, part.weight, at, at + part.weight))
        at += part.weight
    return [*found, Step("together", "match weight", evidence.weight, 0.0, evidence.weight)]


def to_text(evidence: Evidence, *, width: int = 44) -> list[str]:
    """A line for every bar: █ for, ░ against, │ the threshold."""
    bars = steps(evidence)
    low, high = _range(bars, evidence.threshold)
    margin = max(len(bar.name) for bar in bars)

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    lines = []
    for bar in bars:
        cells = [" "] * width
        cells[place(evidence.threshold)] = "│"
        first, last = sorted((place(bar.start), place(bar.end)))
        if bar.weight:
            cells[first : last + 1] = ("█" if bar.weight > 0 else "░") * (last - first + 1)
        lines.append(f"{bar.name:<{margin}} {signed(bar.weight):>6}  {''.join(cells)}".rstrip())
    return lines


def to_svg(evidence: Evidence) -> str:
    """The picture as an SVG element that stands alone or in a page."""
    bars = steps(evidence)
    low, high = _range(bars, evidence.threshold)
    width, height = LABELS + BARS + NUMBERS, HEAD + ROW * len(bars) + 8

    def x(value: float) -> float:
        return round(LABELS + (value - low) / (high - low) * BARS, 1)

    def vertical(value: float, top: int, foot: int, style: str) -> str:
        at = x(value)
        return f'<line x1="{at}" y1="{top}" x2="{at}" y2="{foot}" {style}/>'

    drawn = [vertical(0, HEAD, height, 'stroke="#cccccc"')]
    for number, bar in enumerate(bars):
        top = HEAD + number * ROW
        is_sum = number == len(bars) - 1
        left, right = sorted((x(bar.start), x(bar.end)))
        colour = SUM if is_sum else FOR if bar.weight > 0 else AGAINST
        drawn += [
            _text(0, top + 14, "start", 14, bar.name, bold=True),
            _text(0, top + 30, "start", 12, bar.words),
            f'<rect x="{left}" y="{top + 4}" width="{right - left:.1f}" height="{BAR}"'
            f' fill="{colour}"/>',
            _text(width, top + 17, "end", 14, signed(bar.weight), bold=is_sum),
        ]
        if not is_sum:
            drawn.append(vertical(bar.end, top + 4, top + ROW + 4, 'stroke="#999999"'))
    mark = min(x(evidence.threshold), LABELS + BARS - 20)
    drawn += [
        vertical(evidence.threshold, HEAD - 6, height, f'stroke="{SUM}" stroke-dasharray="4 3"'),
        _text(mark, HEAD - 14, "middle", 12, f"one person from {signed(evidence.threshold)}"),
    ]
    said = escape(f"Match weight {signed(evidence.weight)}: the sum of its parts")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="{said}" font-family="sans-serif"'
        ' style="background: #ffffff">\n'
        + "\n".join(drawn)
        + "\n</svg>"
    )


def _range(bars: list[Step], threshold: float) -> tuple[float, float]:
    ends = [0.0, threshold, *(bar.start for bar in bars), *(bar.end for bar in bars)]
    return min(ends), max(*ends, min(ends) + 1)


def _text(x: float, y: float, anchor: str, size: int, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="#1a1a1a"{weight}>'
        f"{escape(words)}</text>"
    )
