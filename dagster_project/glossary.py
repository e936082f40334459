"""What the published columns mean and how they are to be treated: sql/columns.csv, read once.

Here belong the meaning, the data class, the party, the retention and the pseudonymised form of a column.
What is made of them is editions.py's (the databases) and dictionary.py's (the pages).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLASSES = {
    "direct_identifier": "names a person, or is a key that leads to one",
    "quasi_identifier": "may single a person out together with others",
    "sensitive": "says something about a person that could harm",
    "behavioural": "what a person did, bought or agreed to",
    "technical": "about records, files and runs, not about a person",
}
PARTIES = {
    "first": "the person gave it to the company, or the company observed it",
    "second": "a partner gave it, who had it from the person",
    "third": "bought from somebody whom the person does not know",
}
FORMS = {
    "keep": "as it is",
    "drop": "left out",
    "key": "a keyed pseudonym, the same wherever the value is",
    "year": "the year alone",
    "area": "the first three signs",
}


@dataclass(frozen=True)
class Column:
    """One line of sql/columns.csv. `retention` is an ISO 8601 duration, '' as long as the person is known."""

    description: str
    data_class: str
    party: str
    retention: str
    pseudonymised: str


class Glossary:
    """Columns by name; 'table.column' wins over 'column' where one name has two meanings."""

    def __init__(self, columns: dict[str, Column]) -> None:
        self.columns = columns

    def of(self, table: str, column: str) -> Column | None:
        """What a column of a table (without its schema) means; None where nobody said so."""
        return (
            self.columns.get(f"{table}.{column}") or self.columns.get(column) or _weight(column)
        )


@cache
def load_glossary(path: Path) -> Glossary:
    with path.open(encoding="utf-8", newline="") as handle:
        return Glossary(
            {
                row["column"]: Column(
                    row["description"],
                    row["class"],
                    row["party"],
                    row["retention"],
                    row["pseudonymised"],
                )
                for row in csv.DictReader(handle)
            }
        )


def _weight(column: str) -> Column | None:
    """Links have two columns per comparison of the model, so their meaning is made, not listed."""
    if column.startswith("mw_"):
        meaning = f"Match weight (log2 Bayes factor) of the comparison {column[3:]}"
    elif column.startswith("level_"):
        meaning = f"Level of the comparison {column[6:]} that agreed (see comparison_levels)"
    else:
        return None
    return Column(meaning, "technical", "first", "", "keep")
