"""The data dictionary: every table and column of the contract, its data class, and how tables hang together.

Read from the published database and its comments, so it cannot say what is not there; what refers to what is
read from names and keys. Here belongs how the dictionary is told, as a page and as Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import duckdb

from dagster_project.glossary import CLASSES, FORMS, PARTIES, Column, Glossary
from dagster_project.pages.page import page
from dagster_project.pages.sentences import Section

TITLE = "Data dictionary"

BOX, ROW, GAP, WIDTH = 210, 22, 14, 740
"""Width of a box, height of a box, distance between boxes, width of the picture, in pixels."""


@dataclass(frozen=True)
class Field:
    """One column; `refers_to` is the table of the contract whose rows it names, if any."""

    name: str
    type: str
    meaning: Column
    refers_to: str | None


@dataclass(frozen=True)
class Entity:
    """One table of the contract; `key` is what is unique in it."""

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]


def read_entities(
    con: duckdb.DuckDBPyConnection, keys: dict[str, tuple[str, ...]], glossary: Glossary
) -> list[Entity]:
    """The tables of schema `main`, by name. `keys` are their unique columns."""
    tables = con.execute(
        "select table_name, comment from duckdb_tables() where schema_name = 'main' order by all"
    ).fetchall()
    found = []
    for table, description in tables:
        described = con.execute(f"describe main.{table}").fetchall()
        fields = tuple(
            Field(name, kind.lower(), glossary.of(table, name), _refers_to(table, name, keys))
            for name, kind, *_ in described
            if not name.startswith(("mw_", "level_"))
        )
        found.append(Entity(table, description, keys.get(table, ()), fields))
    return found


def _refers_to(table: str, column: str, keys: dict[str, tuple[str, ...]]) -> str | None:
    """The table that has one row per value of the column: `into_profile_id` names one of `profiles`.

    What a table has one row of itself it takes from the table of that very name alone: `customer_facts` is
    about `profiles`, but cases are not about the records of people because both are keyed by record. What
    is no id (a path, a model) refers within its family alone: `journeys` to `journey_paths`, a file's path
    to nothing.
    """
    found = []
    for other, key in keys.items():
        is_named = len(key) == 1 and (column == key[0] or column.endswith(f"_{key[0]}"))
        if other == table or not is_named or not other.endswith(_plural(key[0])):
            continue
        is_named_so = other == _plural(key[0])
        is_id = key[0].endswith(("_id", "_key")) or is_named_so
        if not is_id and not table.startswith(other.partition("_")[0]):
            continue
        if keys.get(table) == (column,) and not is_named_so:
            continue
        found.append((is_named_so, other))
    return max(found)[1] if found else None


def _plural(key: str) -> str:
    stem = key.removesuffix("_id").removesuffix("_key")
    return stem[:-1] + "ies" if stem.endswith("y") else stem + "s"


def relations(entities: Sequence[Entity]) -> list[tuple[str, str, str]]:
    """(one, many, column) for every reference, in the order of the tables."""
    return [
        (field.refers_to, entity.name, field.name)
        for entity in entities
        for field in entity.fields
        if field.refers_to
    ]


# Markdown -----------------------------------------------------------------------------------------


def to_markdown(entities: Sequence[Entity]) -> str:
    """The dictionary as a Markdown document, with a diagram that the usual viewers draw."""
    lines = [f"# {TITLE}", "", *_wrapped(_INTRODUCTION), ""]
    for title, words in _LEGENDS.items():
        lines += [f"| {title} | what it says |", "| --- | --- |"]
        lines += [f"| `{name}` | {said} |" for name, said in words.items()]
        lines.append("")
    lines += ["## How the tables hang together", "", "```mermaid", "erDiagram"]
    for one, many, column in relations(entities):
        lines.append(f"    {one} ||--o{{ {many} : {column}")
    lines += ["```", ""]
    for entity in entities:
        lines += [f"## {entity.name}", "", entity.description, ""]
        if entity.key:
            lines += [f"Key: {', '.join(f'`{name}`' for name in entity.key)}.", ""]
        lines += [f"| {' | '.join(_HEADER)} |", f"| {' | '.join('---' for _ in _HEADER)} |"]
        for field in entity.fields:
            cells = (cell.replace("|", "\\|") for cell in _cells(field))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


_INTRODUCTION = (
    "Every table and column of the contract, made from the models and sql/columns.csv by `cdp dictionary`. "
    "The comments in the published database say the same. Retention is an ISO 8601 duration; where none is "
    "named, a value is kept as long as the person is known. The last column says how the pseudonymised "
    "database shows it."
)
_LEGENDS = {"data class": CLASSES, "party": PARTIES, "pseudonymised": FORMS}
_HEADER = ("column", "type", "meaning", "class", "party", "retention", "pseudonymised")


def _cells(field: Field) -> tuple[str, ...]:
    meaning = field.meaning
    described = meaning.description + (f" → {field.refers_to}" if field.refers_to else "")
    return (
        field.name,
        field.type,
        described,
        meaning.data_class.replace("_", " "),
        meaning.party,
        meaning.retention,
        meaning.pseudonymised,
    )


def _wrapped(text: str, width: int = 100) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


# Page ---------------------------------------------------------------------------------------------


def to_page(entities: Sequence[Entity]) -> str:
    """The dictionary as one HTML page with the diagram drawn."""
    sections = [Section(TITLE, (_INTRODUCTION,))]
    figures = {}
    for title, words in _LEGENDS.items():
        sections.append(
            Section(title.capitalize(), tuple(f"{name}: {said}" for name, said in words.items()))
        )
    sections.append(Section("How the tables hang together", ()))
    figures["How the tables hang together"] = to_svg(entities)
    for entity in entities:
        sections.append(Section(entity.name, (entity.description, f"Key: {', '.join(entity.key)}")))
        figures[entity.name] = _table(entity)
    return page(sections, pictures=figures)


def _table(entity: Entity) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in _HEADER)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(field)) + "</tr>\n"
        for field in entity.fields
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{rows}</table></div>'


def to_svg(entities: Sequence[Entity]) -> str:
    """A picture of what refers to what: each table that others refer to, between those that do."""
    around: dict[str, set[str]] = {}
    for one, many, _ in relations(entities):
        around.setdefault(one, set()).add(many)
    drawn, top, centre = [], 10, (WIDTH - BOX) / 2
    for hub, names in sorted(around.items(), key=lambda item: (-len(item[1]), item[0])):
        height = -(-len(names) // 2) * (ROW + GAP)
        middle = top + (height - GAP) / 2
        for number, name in enumerate(sorted(names)):
            is_left = number % 2 == 0
            y = top + number // 2 * (ROW + GAP)
            inner, outer = (centre, BOX) if is_left else (centre + BOX, WIDTH - BOX)
            bend = (inner + outer) / 2
            drawn.append(
                f'<path d="M{inner:g} {middle:g} C{bend:g} {middle:g} {bend:g} {y + ROW / 2:g} '
                f'{outer:g} {y + ROW / 2:g}" fill="none" stroke="#8a8a8a"/>'
            )
            drawn.append(_box(0 if is_left else WIDTH - BOX, y, name, "#f3f6fa"))
        drawn.append(_box(centre, middle - ROW / 2, hub, "#d7e6f5", bold=True))
        top += height + 18
    told = "; ".join(f"{hub}: {', '.join(sorted(names))}" for hub, names in sorted(around.items()))
    return (
        f'<svg viewBox="0 0 {WIDTH} {top}" role="img" aria-label="{escape(told)}" '
        f'font-family="sans-serif" font-size="11">{"".join(drawn)}</svg>'
    )


def _box(x: float, y: float, words: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{ROW}" rx="4" fill="{colour}" '
        'stroke="#5a6b7b"/>'
        f'<text x="{x + BOX / 2:g}" y="{y + ROW / 2 + 4:g}" text-anchor="middle"{weight}>'
        f"{escape(words)}</text>"
    )
