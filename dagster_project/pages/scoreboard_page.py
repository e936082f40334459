"""The scoreboard as one page, and as one line: how right every night was, and what it cost.

Here belongs how it is said and drawn. What was measured is in scoreboard/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from dagster_project.pages import plots
from dagster_project.pages.page import document, text
from dagster_project.scoreboard.measures import FLOORS, Floor, Measure, total
from dagster_project.scoreboard.nights import Night, Scoreboard

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fbfbfa; --card: #fff; --soft: #6b7280;
  --mark: #2b6cb0; --rule: #e3e6ea; --good: #1a7f4b; --bad: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #16181c; --card: #1e2126;
  --soft: #9aa3af; --mark: #6ea8e0; --rule: #343a42; --good: #4cc38a; --bad: #ff8a7a } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2.5rem auto; padding: 0 1.2rem;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.6rem 0 .8rem }
.lead { font-size: 1.1rem; max-width: 52rem; margin: .4rem 0 1rem } .soft { color: var(--soft) }
.verdict { font-weight: 600 } .good { color: var(--good) } .bad { color: var(--bad) }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .9rem }
figure { margin: 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--rule);
  border-radius: .6rem; border-top: 3px solid var(--mark) }
figure.good { border-top-color: var(--good) } figure.bad { border-top-color: var(--bad) }
figcaption { font-size: .85rem; color: var(--soft) } figcaption b { color: var(--ink); font-size: .95rem }
figcaption .number { display: block; font-size: 1.5rem; line-height: 1.3; color: var(--ink);
  font-variant-numeric: tabular-nums }
svg.plot { width: 100%; height: auto; margin-top: .5rem } svg.strip { max-width: 100%; margin-top: .7rem }
.axis { stroke: var(--rule) } .mark, .last { fill: var(--mark) } .end.good { fill: var(--good) }
.end.bad { fill: var(--bad) } polyline.line { fill: none; stroke: var(--mark); stroke-width: 2 }
.dot { fill: var(--mark); opacity: .6 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .88rem; width: 100% }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--rule) }
th { color: var(--soft); font-weight: 500 } tr.part td { border: 0; padding-top: 0; color: var(--soft) }
tr.part td:first-child { padding-left: 1.8rem }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
"""


def line(board: Scoreboard) -> str:
    """The whole in one line, for a README."""
    def wrong(name: str) -> str:
        return f"{sum(total(night.measures, name).wrong for night in board.nights):,.0f}"

    def least(name: str) -> str:
        return f"{min(total(night.measures, name).share for night in board.nights):.4f}"

    faults = [total(night.measures, "faults handled") for night in board.nights]
    nights = [night.used.cpu_seconds for night in board.nights[1:] or board.nights]
    return (
        f"{board.people:,} people, {len(board.nights)} nights: precision {least('pairwise precision')} "
        f"and recall {least('pairwise recall')} at worst, {wrong('ids kept or changed with cause')} ids "
        f"changed without cause, {wrong('grants of consent')} false grants of consent, "
        f"{wrong('money to the cent')} orders not exact to the cent, "
        f"{sum(one.right for one in faults):,.0f} of {sum(one.right + one.wrong for one in faults):,.0f} "
        f"planted faults handled, night by night "
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
    title = f"{board.people:,} people, {len(board.nights)} nights"
    missed = board.missed
    verdict = f"{len(missed)} floors are not reached" if missed else "Every floor holds, every night"
    parts = [
        f"<h1>{text(title)}</h1><p class='lead'>{text(line(board))}.</p>",
        f"<p class='verdict {'bad' if missed else 'good'}'>{verdict}</p>",
        _list(missed),
        "<h2>Floors</h2>", _grid([*(_floor(board, floor) for floor in FLOORS), _at_once(board)]),
        "<h2>What a night takes</h2>", _grid(_costs(board)),
        f"<h2>Night by night</h2>{_nights(board)}",
        f"<h2>All that is asked, of the last night</h2>{_measures(board.nights[-1])}",
    ]
    return document(f"Scoreboard: {title}", "\n".join(parts), style=STYLE)


def _floor(board: Scoreboard, floor: Floor) -> str:
    found = [total(night.measures, floor.name) for night in board.nights]
    holds = [floor.holds(night.measures) for night in board.nights]
    told = [floor.told(night.measures) for night in board.nights]
    if floor.least is None:
        number = f"{sum(one.wrong for one in found):,.0f}"
        says = f"wrong of {sum(one.right + one.wrong for one in found):,.0f}; floor: {floor.words}"
        picture = _strip(board, holds, told, floor.name)
    else:
        number = f"{min(one.share for one in found):.4f}"
        says = f"at worst; floor: {floor.words}"
        picture = plots.line([one.share for one in found], _by_night(board, told), about=floor.name)
    return _figure(picture, floor.name, number, says, kind="good" if all(holds) else "bad")


def _at_once(board: Scoreboard) -> str:
    rows = sum(board.differing.values())
    picture = _strip(board, [not rows], ["all nights against one run"], "night by night")
    return _figure(picture, "night by night = at once", f"{rows:,}", "rows differ; floor: none",
                   kind="bad" if rows else "good")


def _costs(board: Scoreboard) -> list[str]:
    """Of all nights but the first, which reads the past."""
    nights = board.nights[1:] or board.nights
    shown: tuple[tuple[str, Callable[[Night], float], str], ...] = (
        ("CPU, of one run over everything",
         lambda n: 100 * n.used.cpu_seconds / board.whole.cpu_seconds, "{:.0f} %"),
        ("seconds", lambda n: n.used.seconds, "{:.0f} s"),
        ("peak of memory", lambda n: n.used.peak_bytes / 1e6, "{:,.0f} MB"),
        ("delivered", lambda n: n.bytes_delivered / 1e3, "{:,.0f} kB"),
        ("written", lambda n: n.bytes_written / 1e6, "{:,.0f} MB"),
    )
    found = []
    for name, measure, form in shown:
        values = [measure(night) for night in nights]
        told = [f"{night.on}: {form.format(value)}" for night, value in zip(nights, values)]
        found.append(_figure(plots.columns(values, told, about=name), name,
                             form.format(sorted(values)[len(values) // 2]), "in a usual night"))
    return found


def _nights(board: Scoreboard) -> str:
    rows = []
    for night in board.nights:
        faults = [one for one in night.measures if one.name == "faults handled"]
        kinds = [(one.detail or "").removeprefix("fault ") for one in faults]
        happened = [
            *([f"faults {', '.join(kinds)}"] if faults else []),
            *(["held for a person, accepted"] if night.is_held else []),
            *([f"{night.erased} erased"] if night.erased else []),
        ]
        precision, recall = (total(night.measures, f"pairwise {name}").share
                             for name in ("precision", "recall"))
        rows.append((str(night.on), "; ".join(happened), f"{precision:.4f}", f"{recall:.4f}",
                     f"{night.used.cpu_seconds:.1f}", f"{night.bytes_delivered / 1e3:,.0f}",
                     f"{night.bytes_written / 1e6:,.0f}"))
    head = ("night", "what went wrong", "precision", "recall", "CPU s", "kB delivered", "MB written")
    legend = '<p class="soft">Faults are numbered as in docs/faults.md.</p>'
    return _table(head, (_row(row, texts=2) for row in rows), texts=2) + legend


def _measures(night: Night) -> str:
    """Each measure, and below it its details."""
    rows = []
    for name in dict.fromkeys(one.name for one in night.measures):
        parts = [one for one in night.measures if one.name == name]
        rows.append(_row(_cells(total(parts, name)), texts=1))
        rows += [_row(_cells(one), texts=1, kind="part") for one in parts if one.detail and len(parts) > 1]
    return _table(("measure", "right", "wrong", "share"), rows, texts=1)


def _cells(one: Measure) -> tuple[str, ...]:
    digits = 0 if one.right + one.wrong > 1 or one.right in (0, 1) else 4
    return one.detail or one.name, f"{one.right:,.{digits}f}", f"{one.wrong:,.{digits}f}", f"{one.share:.4f}"


# How it looks ----------------------------------------------------------------------------------


def _by_night(board: Scoreboard, told: Iterable[str]) -> list[str]:
    return [f"{night.on}: {one}" for night, one in zip(board.nights, told)]


def _strip(board: Scoreboard, holds: Sequence[bool], told: Sequence[str], about: str) -> str:
    kinds = ["good" if one else "bad" for one in holds]
    return plots.strip(kinds, _by_night(board, told) if len(told) > 1 else told, about=about)


def _figure(picture: str, name: str, number: str, says: str, *, kind: str = "") -> str:
    return (f'<figure class="{kind}"><figcaption><b>{text(name)}</b>'
            f'<span class="number">{text(number)}</span>{text(says)}</figcaption>{picture}</figure>')


def _grid(figures: Iterable[str]) -> str:
    return f'<div class="grid">{"".join(figures)}</div>'


def _list(lines: Sequence[str]) -> str:
    return f"<ul class='bad'>{''.join(f'<li>{text(one)}</li>' for one in lines)}</ul>" if lines else ""


def _table(head: Sequence[str], rows: Iterable[str], *, texts: int) -> str:
    return (f'<div class="wide"><table><thead>{_row(head, texts=texts, cell="th")}</thead>'
            f'<tbody>{"".join(rows)}</tbody></table></div>')


def _row(cells: Sequence[str], *, texts: int, kind: str = "", cell: str = "td") -> str:
    drawn = "".join(f"<{cell}{' class=n' if number >= texts else ''}>{text(one)}</{cell}>"
                    for number, one in enumerate(cells))
    return f'<tr class="{kind}">{drawn}</tr>'
