"""The scoreboard as one page, and as one line: how right every night was, and what it cost.

Here belongs how it is said and drawn. What was measured is in scoreboard/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dagster_project.pages import plots
from dagster_project.pages.page import document, text
from dagster_project.scoreboard.measures import FLOORS, Measure, total
from dagster_project.scoreboard.nights import Night, Scoreboard

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #6b7280; --mark: #2b6cb0;
  --rule: #d9dee5; --good: #1a7f4b; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #16181c; --soft: #9aa3af;
  --mark: #6ea8e0; --rule: #343a42; --good: #4cc38a; --bad: #ff8a7a } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.05rem; margin-top: 2.2rem }
.line { font-size: 1.05rem } .good { color: var(--good) } .bad { color: var(--bad) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.4rem }
figure { margin: 0 } figcaption { color: var(--soft); font-size: .85rem } figcaption b { color: var(--ink) }
svg.plot { width: 100%; height: auto } .axis { stroke: var(--rule) } .mark, .last { fill: var(--mark) }
polyline.line { fill: none; stroke: var(--mark); stroke-width: 2 } .dot { fill: var(--mark); opacity: .6 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--rule) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
"""


def line(board: Scoreboard) -> str:
    """The whole in one line, for a README."""
    last = board.nights[-1]
    wrong = {name: sum(_wrong(night, name) for night in board.nights) for name in
             ("ids kept or changed with cause", "grants of consent", "money to the cent")}
    least = {name: min(_share(night, name) for night in board.nights) for name in
             ("pairwise precision", "pairwise recall")}
    nights = [night.used.cpu_seconds for night in board.nights[1:]] or [last.used.cpu_seconds]
    return (
        f"{board.people:,} people, {len(board.nights)} nights: precision {least['pairwise precision']:.4f} "
        f"and recall {least['pairwise recall']:.4f} at worst, {wrong['ids kept or changed with cause']:.0f} "
        f"ids changed without cause, {wrong['grants of consent']:.0f} false grants of consent, "
        f"{wrong['money to the cent']:.0f} orders not exact to the cent, night by night "
        f"{'equal to' if not board.differing else 'not equal to'} one run over everything; a night costs "
        f"{sum(nights) / len(nights) / board.whole.cpu_seconds:.0%} of that run's CPU"
    )


def night_line(on: date, measures: Sequence[Measure]) -> str:
    """What any system can be asked, of one night."""
    precision, recall = (total(measures, f"pairwise {name}").share for name in ("precision", "recall"))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    moved = total(measures, "ids kept or changed with cause").wrong
    return (f"{on}: pairwise precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}; "
            f"{moved:,.0f} records changed their id without a cause that is told")


def to_page(board: Scoreboard) -> str:
    title = f"Scoreboard: {board.people:,} people, {len(board.nights)} nights"
    missed = board.missed
    verdict = "Every floor holds." if not missed else "Floors that were not reached:"
    parts = [
        f"<h1>{text(title)}</h1><p class='line'>{text(line(board))}.</p>",
        f"<p class='{'bad' if missed else 'good'}'>{verdict}</p>",
        _list(missed),
        "<h2>Floors, night by night</h2>", _grid(_floor_plots(board)),
        "<h2>What a night takes</h2>", _grid(_cost_plots(board)),
        f"<h2>How right the last night is</h2>{_table(board.nights[-1])}",
    ]
    return document(title, "\n".join(parts), style=STYLE)


def _share(night: Night, name: str) -> float:
    return total(night.measures, name).share


def _wrong(night: Night, name: str) -> float:
    return total(night.measures, name).wrong


def _floor_plots(board: Scoreboard) -> list[str]:
    found = []
    for floor in FLOORS:
        if floor.most_wrong is None:
            values = [_share(night, floor.name) for night in board.nights]
            told = [f"{night.on}: {value:.4f}" for night, value in zip(board.nights, values)]
            picture, now = plots.line(values, told, about=floor.name), f"{values[-1]:.4f}"
        else:
            values = [_wrong(night, floor.name) for night in board.nights]
            told = [f"{night.on}: {value:.0f} wrong" for night, value in zip(board.nights, values)]
            picture, now = plots.columns(values, told, about=floor.name), f"{values[-1]:.0f} wrong"
        found.append(_figure(picture, floor.name, f"{now}; floor: {floor.words}"))
    return found


def _cost_plots(board: Scoreboard) -> list[str]:
    shown: tuple[tuple[str, list[float], str], ...] = (
        ("CPU, of one run over everything",
         [100 * n.used.cpu_seconds / board.whole.cpu_seconds for n in board.nights], "{:.0f} %"),
        ("seconds", [n.used.seconds for n in board.nights], "{:.0f} s"),
        ("peak of memory", [n.used.peak_bytes / 1e6 for n in board.nights], "{:.0f} MB"),
        ("delivered", [n.bytes_delivered / 1e6 for n in board.nights], "{:.2f} MB"),
        ("written", [n.bytes_written / 1e6 for n in board.nights], "{:.0f} MB"),
    )
    return [
        _figure(
            plots.columns(values, [f"{night.on}: {form.format(value)}"
                                   for night, value in zip(board.nights, values)], about=name),
            name, f"{form.format(values[-1])} in the last night",
        )
        for name, values, form in shown
    ]


def _figure(picture: str, name: str, told: str) -> str:
    return f"<figure>{picture}<figcaption><b>{text(name)}</b><br>{text(told)}</figcaption></figure>"


def _grid(figures: Sequence[str]) -> str:
    return f'<div class="grid">{"".join(figures)}</div>'


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{text(one)}</li>' for one in lines)}</ul>" if lines else ""


def _table(night: Night) -> str:
    rows = "".join(
        f"<tr><td>{text(one.name)}</td><td>{text(one.detail or '')}</td>"
        f"<td class='n'>{one.right:,.0f}</td><td class='n'>{one.wrong:,.0f}</td>"
        f"<td class='n'>{one.share:.4f}</td></tr>"
        for one in night.measures
    )
    head = "<th>measure</th><th>of</th><th class='n'>right</th><th class='n'>wrong</th>"
    return (f'<div class="wide"><table><thead><tr>{head}<th class="n">share</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")
