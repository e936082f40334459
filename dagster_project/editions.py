"""What a published database shows of each table: everything, or nothing that names a person.

An edition turns a table's columns into SQL expressions by their data classes. How a database is written is
publish.py's; what a column is, glossary.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.glossary import Column, Glossary
from dagster_project.privacy.keys import hmac_sql, read_keys

PSEUDONYM_DIGITS = 24
"""Hexadecimal digits of a pseudonym: 96 bits, so that no two of a billion values meet."""


@dataclass(frozen=True)
class Shown:
    """One column of a published table: its name there, the SQL that makes it, what its comment says."""

    name: str
    sql: str
    meaning: Column | None
    is_pseudonym: bool = False


@dataclass(frozen=True)
class Edition:
    """One published database. A pseudonymised one has the contract's tables only, and of them those that
    keep a key."""

    file: str
    is_pseudonymised: bool = False

    def shows(self, target: str) -> bool:
        """Whether it has a table of that name (schema and table)."""
        return not self.is_pseudonymised or target.startswith("main.")

    def columns(
        self, target: str, columns: Sequence[str], grain: Sequence[str], glossary: Glossary
    ) -> list[Shown]:
        """What it shows of a table; nothing where the table's key would be lost."""
        table = target.partition(".")[2]
        found = [(column, glossary.of(table, column)) for column in columns]
        if not self.is_pseudonymised:
            return [Shown(column, f'"{column}"', meaning) for column, meaning in found]
        shown = {column: _pseudonymised(column, meaning) for column, meaning in found}
        if any(shown[column] is None for column in grain):
            return []
        return [one for one in shown.values() if one]


FULL = Edition("customers.duckdb")
PSEUDONYMISED = Edition("customers_pseudonymised.duckdb", is_pseudonymised=True)
EDITIONS = (FULL, PSEUDONYMISED)


def _pseudonymised(column: str, meaning: Column | None) -> Shown | None:
    """A column as a database without names shows it. What nobody classed is not shown."""
    form = meaning.pseudonymised if meaning else "drop"
    if form == "keep":
        return Shown(column, f'"{column}"', meaning)
    if form == "key":
        return Shown(column, f'pseudonym("{column}")', meaning, is_pseudonym=True)
    if form == "year":
        return Shown(column.removesuffix("_on") + "_year", f'year("{column}")', meaning)
    if form == "area":
        return Shown(column.removesuffix("_code") + "_area", f'left("{column}", 3)', meaning)
    return None


def selected(rows: str, shown: Sequence[Shown], *, grain: Sequence[str] = ()) -> str:
    """SQL of what is shown of rows. For many rows name their grain: what is in more than one of them is then
    hashed once and looked up, which takes a twentieth of the time."""
    listed, lookups = [], []
    for number, column in enumerate(shown):
        sql = column.sql
        if column.is_pseudonym and grain and tuple(grain) != (column.name,):
            value, sql = f'"value {number}"', f'"pseudonym {number}"'
            values = f'select distinct "{column.name}" as {value} from ({rows})'
            lookups.append(
                f'left join (select {value}, pseudonym({value}) as {sql} from ({values})) '
                f'on {value} = "{column.name}"'
            )
        listed.append(f'{sql} as "{column.name}"')
    return f"select {', '.join(listed)} from ({rows}) {' '.join(lookups)}"


def load_key(path: Path) -> str:
    """The secret of the pseudonyms, as hexadecimal digits; made where there is none yet.

    It lies outside the home, so that who has a copy of the home cannot tell whose pseudonym is whose.
    Raises SettingsError for a file that holds no key.
    """
    return read_keys(path, losing="all pseudonyms change")[0]


def define_pseudonym(con: duckdb.DuckDBPyConnection, key: str) -> None:
    """pseudonym(value): HMAC-SHA256 (RFC 2104) under the key, for as long as the connection lives."""
    hashed = hmac_sql(key, "value::varchar", PSEUDONYM_DIGITS)
    con.execute(f"create or replace temp macro pseudonym(value) as {hashed}")
