"""A person's package on a page, for that person to read: what we hold, what it means, why, how long.

Here belongs how it is said and drawn; what is in a package is privacy/access.py's. Long tables are cut:
the files beside the page hold them whole. The page needs nothing but itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from dagster_project.glossary import CLASSES, PARTIES
from dagster_project.pages.page import document, text
from dagster_project.pages.run_report import STYLE
from dagster_project.pages.sentences import label

if TYPE_CHECKING:
    from dagster_project.privacy.access import Package, Part

SHOWN = 12
"""Of a long table so many rows are on the page, the latest."""

UNSHOWN = (
    "profile_id", "actor_key", "record_key", "statement_id", "event_id", "line_key", "change_id",
    "run_id", "place_key", "root_profile_id",
)  # fmt: skip
"""Keys that say nothing to a reader; the files have them."""

GROUPS = {
    "you": "Who you are to us",
    "allowed": "What you allow",
    "concluded": "What we concluded",
    "did": "What you did",
    "delivered": "What our systems said of you",
    "handling": "How we hold it",
}

GROUP_OF = {
    "details": "you",
    "identifiers": "you",
    "profile_attributes": "you",
    "profile_emails": "you",
    "profile_phones": "you",
    "profile_traits": "you",
    "consents": "allowed",
    "consent_ledger": "allowed",
    "contact_consents": "allowed",
    "restrictions": "allowed",
}
"""Parts that stand elsewhere than their origin says."""

BY_ORIGIN = {
    "given": "did", "seen": "did", "concluded": "concluded", "bought": "you", "kept": "handling",
}  # fmt: skip

OWN_STYLE = """
.cards { display: grid; gap: .2rem 2.4rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) }
.cards div { border-bottom: 1px solid var(--line); padding: .45rem 0; overflow-wrap: anywhere }
.cards dt { font-size: .85rem } .cards dd { text-align: left; font-size: 1.05rem }
.cards div { display: block } td { overflow-wrap: break-word; max-width: 24rem }
td.s { white-space: nowrap }
.row { border-left: 2px solid var(--line); padding-left: 1rem; margin: .5rem 0 1rem }
.row td:first-child { color: var(--soft); width: 14rem } .row td:last-child { color: var(--soft) }
"""

_PERIODS = {"Y": "year", "M": "month", "W": "week", "D": "day"}


def to_html(package: Package) -> str:
    is_access = package.kind == "access"
    title = "Your data" if is_access else "Your data to take along"
    groups = {key: [part for part in package.parts if _group(part) == key] for key in GROUPS}
    sections = [(key, GROUPS[key], found) for key, found in groups.items() if found]
    body = [
        _header(title, package),
        _contents([(key, name) for key, name, _ in sections], is_access=is_access),
        *(_section(key, name, "".join(map(_part, found))) for key, name, found in sections),
    ]
    if is_access:
        title_ = "Where it is from, how long it stays, who gets it"
        body.append(_section("keeping", title_, _keeping(package)))
    return document(title, f"<main>{''.join(body)}</main>", style=STYLE + OWN_STYLE)


def _group(part: Part) -> str:
    if part.name.startswith("source/"):
        return "delivered"
    return GROUP_OF.get(part.name) or BY_ORIGIN[part.origin]


def _header(title: str, package: Package) -> str:
    made = f"made on {package.made_at:%d %B %Y}"
    as_of = f", from what stood in our tables on {package.as_of:%d %B %Y}" if package.as_of else ""
    who = f"<b>{text(package.profile_ids[0])}</b>, " if package.profile_ids else ""
    if package.kind == "access":
        what = "what is surely about you in" if package.doubtful else "everything about you in"
        said = (
            f"This is {what} our customer data platform: what came in, what became of it, and what was "
            "concluded from it."
        )
    else:
        said = (
            "This is what you gave us and what you did with us, in files that other programs read. What "
            "we concluded from it is not part of it."
        )
    notes = [
        f"Each table is a file in csv/, and all of them together are data.json. {_count(package)}",
    ]
    if package.doubtful:
        withheld = (
            f" Neither is what was worked out of all records together: {'; '.join(package.withheld)}."
            if package.withheld
            else ""
        )
        notes.append(
            f"Not in here, until a person has looked at it: {package.doubtful} further "
            f"record{'s' * (package.doubtful != 1)} that may be yours or somebody else's.{withheld}"
        )
    told = "".join(f'<p class="remedy">{text(note)}</p>' for note in notes)
    return (
        f'<header class="even"><p class="meta">{who}{text(made + as_of)}</p><h1>{text(title)}</h1>'
        f'<p class="said">{text(said)}</p></header>{told}{_card(package)}'
    )


def _count(package: Package) -> str:
    rows = sum(len(part.rows) for part in package.parts)
    return f"There are {len(package.parts)} tables with {rows:,} rows."


def _card(package: Package) -> str:
    """The values that stand for the person, each with the system that said it."""
    values = next((part.rows for part in package.parts if part.name == "profile_attributes"), ())
    won = [row for row in values if row["is_winner"]]
    cards = "".join(
        f"<div><dt>{text(label(row['attribute']).capitalize())}</dt><dd>{text(row['value'])} "
        f'<span class="unit">{text(row["system"])}</span></dd></div>'
        for row in won
    )
    return f'<dl class="cards">{cards}</dl>' if cards else ""


def _contents(found: list[tuple[str, str]], *, is_access: bool) -> str:
    named = [*found, *([("keeping", "Where from, how long, who gets it")] if is_access else [])]
    links = "".join(f'<a href="#{key}">{text(name)}</a>' for key, name in named)
    return f"<nav>{links}</nav>"


def _section(key: str, title: str, body: str) -> str:
    return f'<section id="{key}"><h2>{text(title)}</h2>{body}</section>'


def _part(part: Part) -> str:
    columns = [
        name
        for name in (part.rows[0] if part.rows else ())
        if name not in UNSHOWN and any(row[name] not in (None, "") for row in part.rows)
    ]
    rows, shows = _shown(part)
    if part.name.startswith("source/"):
        shown = "".join(_delivered(part, row, columns) for row in rows)
    elif len(part.rows) == 1 and len(columns) > 6:
        shown = _values(part, part.rows[0], columns)
    else:
        shown = _table(part, rows, columns)
    cut = f"{shows} of {len(part.rows):,} rows; all are in " if len(rows) < len(part.rows) else ""
    return (
        f'<h3>{text(part.title)}</h3><p class="said">{text(part.about)} '
        f'<span class="unit">{text(cut)}csv/{text(part.name)}.csv</span></p>{shown}'
    )


def _shown(part: Part) -> tuple[list[dict], str]:
    """The rows that are on the page, and how they were chosen."""
    if part.name == "profile_attributes":
        # each value once, by the record that won with it, if any did
        said: dict[tuple, dict] = {}
        for row in sorted(part.rows, key=lambda one: not one["is_winner"]):
            said.setdefault((row["attribute"], row["value"]), row)
        return sorted(said.values(), key=lambda one: one["attribute"]), "Each value once"
    return list(part.rows[-SHOWN:]), f"The last {SHOWN}"


def _table(part: Part, rows: Iterable[Mapping], columns: list[str]) -> str:
    heads = "".join(
        f'<th title="{text(part.meaning(name))}">{text(label(name))}</th>' for name in columns
    )
    cells = "".join(
        f"<tr>{''.join(_cell(row[name]) for name in columns)}</tr>" for row in rows
    )
    return _framed(f"<thead><tr>{heads}</tr></thead><tbody>{cells}</tbody>")


def _cell(value: object) -> str:
    """What is short stays on one line."""
    said = _value(value)
    return f"<td{' class=s' if len(said) <= 28 else ''}>{said}</td>"


def _framed(rows: str) -> str:
    return f'<div class="wide"><table>{rows}</table></div>'


def _values(part: Part, row: Mapping, columns: Iterable[str]) -> str:
    """One row standing: what, which value, what it means."""
    lines = "".join(
        f"<tr><td>{text(label(name))}</td><td>{_value(row[name])}</td>"
        f"<td>{text(part.meaning(name))}</td></tr>"
        for name in columns
        if row[name] not in (None, "")
    )
    return f'<div class="row wide"><table><tbody>{lines}</tbody></table></div>'


def _delivered(part: Part, row: Mapping, columns: Iterable[str]) -> str:
    where = f"delivered {row['delivered_at']:%Y-%m-%d} in file {row['delivered_file']}"
    where += f", row {row['delivered_row']}" if row["delivered_row"] else ""
    where += ", set aside" if row["is_set_aside"] else ""
    place = ("delivered_at", "delivered_file", "delivered_row", "is_set_aside")
    cells = [name for name in columns if name not in place]
    return f"<details><summary>{text(where)}</summary>{_values(part, row, cells)}</details>"


def _keeping(package: Package) -> str:
    sources = [part for part in package.parts if part.name.startswith("source/")]
    bought = _values_of(package, "profile_traits", "provider")
    systems = "".join(
        f"<tr><td>{text(part.title)}</td><td>{text(part.about)}</td>"
        f'<td class="n">{len(part.rows):,}</td></tr>'
        for part in sources
    )
    classes: dict[tuple[str, str, str], set[str]] = {}
    for part in package.parts:
        for name, column in part.columns.items():
            if column and column.data_class:
                key = (column.data_class, column.party, column.retention)
                classes.setdefault(key, set()).add(label(name))
    order = list(CLASSES)
    kept = "".join(
        f"<tr><td>{text(label(kind))}</td><td>{text(CLASSES[kind])}</td><td>{text(PARTIES[party])}</td>"
        f"<td>{text(how_long(retention))}</td><td>{text(_some(names))}</td></tr>"
        for (kind, party, retention), names in sorted(
            classes.items(), key=lambda one: (order.index(one[0][0]), one[0][1:])
        )
    )
    purposes = _values_of(package, "segments", "purpose")
    lines = [
        "Given to others: nothing. This platform sends no data to another system and writes no file for "
        "one. What a mail or a shop system sent to you itself stands among the events.",
        f"Purposes of the segments you are in: {', '.join(purposes)}." if purposes else "",
        f"Bought from: {', '.join(bought)}." if bought else "Nothing was bought about you.",
        "Segments and scores decide which offers and messages you may get, and nothing else.",
        "You may have wrong values corrected, have your data held and not used, object to its use, take "
        "back any consent, take along what you gave, or have all of it erased; and you may complain to "
        "the authority for data protection where you live.",
    ]
    said = "".join(f"<p>{text(line)}</p>" for line in lines if line)
    return (
        f"{said}<h3>Where it came from</h3>"
        + _framed(f"{_heads('Export', 'What it is', 'Your rows')}<tbody>{systems}</tbody>")
        + "<h3>How long it stays</h3>"
        + _framed(f"{_heads('Class', 'Meaning', 'Whose', 'Kept', 'Such as')}<tbody>{kept}</tbody>")
    )


def _heads(*names: str) -> str:
    return f"<thead><tr>{''.join(f'<th>{text(name)}</th>' for name in names)}</tr></thead>"


def _values_of(package: Package, part: str, column: str) -> list[str]:
    rows = (row for one in package.parts if one.name == part for row in one.rows)
    return sorted({row[column] for row in rows if row[column]})


def how_long(retention: str) -> str:
    """An ISO 8601 duration in words."""
    found = re.fullmatch(r"P(\d+)([YMWD])", retention)
    if not found:
        return retention or "as long as you are known to us"
    number, unit = int(found[1]), _PERIODS[found[2]]
    return f"{number} {unit}{'s' if number != 1 else ''}"


def _some(names: set[str]) -> str:
    shown = sorted(names)[:6]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return text(f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00"))
    if isinstance(value, float):
        return text(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.2f}")
    if isinstance(value, date | int):
        return text(value)
    if isinstance(value, list):
        return text(", ".join(map(str, value)))
    return text(value)
