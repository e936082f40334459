"""Small pictures of numbers as inline SVG: columns and lines over runs, bars in tables, ranges.

Here belongs geometry alone. Colours come from the page's style by class, so that a picture is as dark
or as light as the page; every mark carries its number as a title, so nothing needs a script.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.pages.page import text

WIDTH, HEIGHT = 300, 72
"""Of a picture over runs, in units of its own: the page scales it."""


def columns(values: Sequence[float | None], titles: Sequence[str], *, about: str) -> str:
    """One column a value, from nothing upwards; none where a value is not known."""
    most = max((value for value in values if value), default=0) or 1
    width = min(_slot(len(values)) * 0.8, 16)
    drawn = []
    for number, (value, title) in enumerate(zip(values, titles)):
        if value:
            left, height = _middle(number, len(values)) - width / 2, max(value / most * (HEIGHT - 4), 1)
            drawn.append(
                f'<rect class="mark" x="{_n(left)}" y="{_n(HEIGHT - height)}" width="{_n(width)}" '
                f'height="{_n(height)}"><title>{text(title)}</title></rect>'
            )
    return _picture(drawn, about)


def line(values: Sequence[float | None], titles: Sequence[str], *, about: str) -> str:
    """A line through the values that are known, between the least and the most of them."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)

    def y(value: float) -> float:
        return HEIGHT - 10 - ((value - low) / (high - low) if high > low else 0.5) * (HEIGHT - 18)

    points = [
        (_n(_middle(number, len(values))), _n(y(value)), title)
        for number, (value, title) in enumerate(zip(values, titles))
        if value is not None
    ]
    drawn = [f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y, _ in points)}"/>']
    for number, (x, y_, title) in enumerate(points, start=1):
        kind, radius = ("last", 4) if number == len(points) else ("dot", 2.5)
        drawn.append(
            f'<circle class="{kind}" cx="{x}" cy="{y_}" r="{radius}">'
            f"<title>{text(title)}</title></circle>"
        )
    return _picture(drawn, about)


def bar(value: float, most: float, *, kind: str = "mark") -> str:
    """A bar in a cell of a table, as long as its share of the most; the cell beside it says how much."""
    share = 100 * value / most if most else 0
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{kind}" width="{_n(max(share, 0.6) if value else 0)}" height="8"/></svg>'
    )


def interval(low: float, estimate: float, high: float) -> str:
    """An estimated share between its bounds, on a line from none to all."""
    return (
        '<svg class="range" viewBox="-4 0 108 12" aria-hidden="true">'
        '<line class="axis" x1="0" y1="6" x2="100" y2="6"/>'
        f'<rect class="mark soft" x="{_n(100 * low)}" y="3" width="{_n(100 * (high - low))}" '
        'height="6" rx="3"/>'
        f'<circle class="last" cx="{_n(100 * estimate)}" cy="6" r="3.5"/></svg>'
    )


def strip(kinds: Sequence[str], titles: Sequence[str], *, about: str) -> str:
    """One small square a run, coloured by how it ended."""
    drawn = "".join(
        f'<rect class="end {text(kind)}" x="{number * 14}" y="0" width="11" height="11" rx="2.5">'
        f"<title>{text(title)}</title></rect>"
        for number, (kind, title) in enumerate(zip(kinds, titles))
    )
    width = 14 * len(kinds)
    return (
        f'<svg class="strip" viewBox="0 0 {width} 11" width="{width}" height="11" role="img" '
        f'aria-label="{text(about)}">{drawn}</svg>'
    )


def _slot(count: int) -> float:
    """The room that each of so many runs has: the same in every picture, so nights lie below nights."""
    return WIDTH / max(count, 1)


def _middle(number: int, count: int) -> float:
    return (number + 0.5) * _slot(count)


def _picture(drawn: Sequence[str], about: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(about)}">'
        f'<line class="axis" x1="0" y1="{HEIGHT - 0.5}" x2="{WIDTH}" y2="{HEIGHT - 0.5}"/>'
        f"{''.join(drawn)}</svg>"
    )


def _n(value: float) -> str:
    return f"{value:.1f}"
