"""The record of processing (GDPR article 30), told from contracts, data classes and settings.

Nothing is written down here that is said elsewhere already, so it cannot say what is not so. Why a
company may process what it does is its own to add.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import connectors
from connectors.contract import Contract
from dagster_project.glossary import CLASSES, FORMS, PARTIES
from dagster_project.pages.dictionary import Entity
from dagster_project.privacy.anonymity import K
from dagster_project.settings import Settings
from dagster_project.sql_models import SqlModel

KEPT = {
    "events": "events of the web, apps and mails, by their day; words about consent stay",
    "visitors": "events of visitors whom nobody recognised",
    "third_party": "bought values, after their last day",
    "quarantine": "rows that were set aside, after their delivery",
    "readings": "notes of who read whose profile",
    "versions": "rows that a later run replaced and that still lie on the disk",
    "publishes": "published databases to roll back to",
    "reports": "reports of runs",
    "logs": "logs of runs",
}

PLACES = (
    ("`lake/`", "delivered rows (raw), and every table that is made of them"),
    ("`state/`", "profile ids, history of segments, what was delivered, the home's copy of the ledger"),
    ("`warehouse/`", "published databases: the full one, and the one without names"),
    ("`reports/`, `logs/`", "counts and record keys of runs; no value of a person"),
    ("`<home>.privacy/`", "keys, the ledger of requests (keyed hashes, days, states), receipts"),
    ("`<home>.key`", "the key of the pseudonyms"),
    ("the exports folder", "the delivered files themselves, which are yours to keep or remove"),
)


def told(settings: Settings, entities: Sequence[Entity], segments: Iterable[SqlModel]) -> str:
    """The record as Markdown."""
    kept = settings.retention
    lines = [
        "# Record of processing",
        "",
        "Made by `cdp privacy records` from contracts, data classes and settings. Controller, contact,",
        "grounds and recipients outside the company are yours to add.",
        "",
        *_table(
            "Where it comes from",
            ("export", "what it holds", "what names a person in it"),
            map(_source, connectors.contracts()),
        ),
        *_table("Where it lies", ("place", "what"), PLACES),
        *_table(
            "Classes of data", ("class", "what it is", "columns", "without names"), _classes(entities)
        ),
        *_table("Parties", ("party", "whose word it is", "columns"), _parties(entities)),
        *_table(
            "Tables about people",
            ("table", "what it holds", "classes", "how long, by its columns"),
            map(_entity, _about_people(entities)),
        ),
        *_table(
            "Purposes",
            ("segment", "purpose", "who is in it"),
            map(_segment, sorted(segments, key=lambda one: one.name)),
        ),
        *_table(
            "How long",
            ("what", "kept"),
            [(words, f"`{getattr(kept, name)}`" if getattr(kept, name) else "as long as the home is")
             for name, words in KEPT.items()],
        ),
        "## Measures",
        "",
        "- Files are the owner's to write and the group's to read; keys and ledger are the owner's alone.",
        "- The database without names holds pseudonyms under a key that is not in the home; groups of",
        f"  fewer than {K} people are counted in its table `anonymity`, and warned of.",
        "- Who read a profile by a command is noted; values of people are in no log, message or report.",
        "- Nothing is sent to another system by the platform.",
        "",
    ]
    return "\n".join(lines)


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [
        f"## {title}",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join('---' for _ in head)} |",
        *(f"| {' | '.join(row)} |" for row in cells),
        "",
    ]


def _source(contract: Contract) -> tuple[str, ...]:
    kinds = dict.fromkeys(name.kind for name in contract.identifiers)
    named = [*kinds, *(["name"] if contract.person_name else [])]
    return f"{contract.system} {contract.export}", contract.description, ", ".join(named) or "nothing"


def _fields(entities: Sequence[Entity]) -> list:
    return [field for entity in entities for field in entity.fields if field.meaning]


def _classes(entities: Sequence[Entity]) -> list[tuple[str, ...]]:
    found = []
    for name, words in CLASSES.items():
        mine = [one.meaning for one in _fields(entities) if one.meaning.data_class == name]
        forms = [f"{FORMS[form]}: {sum(one.pseudonymised == form for one in mine)}" for form in FORMS]
        shown = [text for text in forms if not text.endswith(": 0")]
        found.append((f"`{name}`", words, str(len(mine)), "; ".join(shown)))
    return found


def _parties(entities: Sequence[Entity]) -> list[tuple[str, ...]]:
    fields = _fields(entities)
    return [
        (f"`{name}`", words, str(sum(one.meaning.party == name for one in fields)))
        for name, words in PARTIES.items()
    ]


def _about_people(entities: Sequence[Entity]) -> list[Entity]:
    """Tables that name people or single them out; the others hold counts, or words about runs."""
    telling = ("direct_identifier", "quasi_identifier", "sensitive")
    return [
        entity
        for entity in entities
        if any(one.meaning and one.meaning.data_class in telling for one in entity.fields)
    ]


def _entity(entity: Entity) -> tuple[str, ...]:
    meanings = [one.meaning for one in entity.fields if one.meaning]
    classes = [name for name in CLASSES if any(one.data_class == name for one in meanings)]
    kept = sorted({one.retention for one in meanings if one.retention})
    listed = ", ".join(f"`{one}`" for one in kept)
    return (
        f"`{entity.name}`",
        entity.description,
        ", ".join(classes),
        f"as long as the person is known{f'; parts {listed}' if listed else ''}",
    )


def _segment(model: SqlModel) -> tuple[str, ...]:
    return f"`{model.name}`", model.fields["purpose"], model.description
