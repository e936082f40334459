"""What an export of a system looks like: frozen contracts that detection, reading and SQL share.

Here belong the vocabulary (`Contract`, `Column`, `Variant`, `Finding`) and the law of names. A
system's own contracts are in the module named after it; how a file is read is in `reading`, and
what the types accept is in `sql/functions.sql`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

# Type -> the SQL that casts a cell; NULL for a filled cell means that the cell is unusable. Types
# without SQL say what a text is and are never a reason to set a row aside.
CASTS: dict[str, str | None] = {
    "text": None,
    "email": None,
    "phone": None,
    "integer": "as_integer({0})",
    "decimal": "as_decimal({0})",
    "rate": "as_rate({0})",
    "boolean": "as_boolean({0})",
    "timestamp": "as_utc({0})",
    "epoch": "as_epoch_utc({0})",
    "date": "as_date({0})",
    "time": "as_time({0})",
    "time_zone": "iana_zone({0})",
    "salesforce_id": "salesforce_id_or_empty({0})",
    "json": "as_json({0})",
}

EXPECTED: dict[str, str] = {
    "integer": "a whole number",
    "decimal": "an amount",
    "rate": "a positive number such as 1.0825",
    "boolean": "true/false, yes/no or 1/0",
    "timestamp": "a date and time from 1900 on",
    "epoch": "seconds since 1970",
    "date": "a date from 1900 on",
    "time": "a time of day",
    "time_zone": "a time zone's name",
    "salesforce_id": "15 or 18 letters and digits",
    "json": "valid JSON",
}


def snake_case(header: str) -> str:
    """A vendor's header as a column name: MailingPostalCode -> mailing_postal_code."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", header)
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def normalise_header(header: str) -> str:
    """What two spellings of one header have in common: no BOM, case, spaces or punctuation."""
    return "".join(character for character in header.casefold() if character.isalnum())


@dataclass(frozen=True)
class Name:
    """What of a row names a person: the kind of identifier, and SQL over the raw columns for it.

    `is_own`: it is the row's own key, by which other rows refer to it. Whoever the row belongs to, those
    rows belong to as well.
    """

    kind: str
    sql: str
    is_own: bool = False


IDENTIFIERS = ("email", "phone", "record", "member", "reference", "order", "visitor")
"""Kinds of `Name`. A record is system:export:id; a member is a record that stands for an e-mail address
and goes where the address goes; a reference is a record as another system noted it, which somebody
else's may have noted too; an order is what the lines of a sale have in common."""

PERSON_NAMES = ("first_name", "last_name", "full_name")
"""What a person is called: nobody's alone, and told apart by it is who shares an address."""


@dataclass(frozen=True)
class Column:
    """One column of an export, under the name it has in raw and staging.

    `aliases` are the other spellings known of `header`; `containing` names a column by a pattern in
    its lower-case header, for vendors whose users word it; `guarded` says that the vendor writes a
    spreadsheet's apostrophe before numbers. `names` says which of IDENTIFIERS or PERSON_NAMES of the
    person that a row is about the column holds, None if of nobody; `record:salesforce:contact` is a
    reference to a contact.
    """

    name: str
    header: str
    description: str
    type: str = "text"
    aliases: tuple[str, ...] = ()
    containing: str | None = None
    required: bool = False
    guarded: bool = False
    names: str | None = None

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """Normalised spellings, the current one first."""
        return tuple(normalise_header(header) for header in (self.header, *self.aliases))


def column(
    header: str,
    description: str,
    type: str = "text",  # noqa: A002 -- the word the contract uses
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    containing: str | None = None,
    required: bool = False,
    guarded: bool = False,
    names: str | None = "",
) -> Column:
    """A column named by the law: the snake_case of its current header, unless `name` is given. E-mail
    addresses and telephone numbers are the person's, unless `names` is None."""
    if type not in CASTS:
        raise ValueError(f"column {header!r}: no type {type!r}")
    if names == "":
        names = type if type in ("email", "phone") else None
    if names and names.partition(":")[0] not in (*IDENTIFIERS, *PERSON_NAMES):
        raise ValueError(f"column {header!r}: {names!r} names nobody")
    return Column(
        name=name or snake_case(header),
        header=header,
        description=description,
        type=type,
        aliases=aliases,
        containing=containing,
        required=required,
        guarded=guarded,
        names=names,
    )


@dataclass(frozen=True)
class Finding:
    """Something worth telling about a delivery: what was expected, what was found, what to do.

    `severity` is error (set aside), warn or info. `found` names headers, counts and shapes, never
    the value of a cell.
    """

    severity: str
    reason: str
    expected: str = ""
    found: str = ""
    remedy: str = ""
    column: str | None = None


ACTIONS = {"set_aside": "error", "null": "warn", "flag": "info"}
"""What becomes of a row that breaks a rule, and how grave that is if the rule does not say: the row is
set aside; its value is left out; or both are kept and it is told how many there are."""


@dataclass(frozen=True)
class Rule:
    """What a row must not be: `broken` is SQL over its cells that is true where it is.

    `found` is SQL for what stands there instead, as a shape, never the value of a cell.
    `is_of_filled`: an empty cell cannot break it, so an empty column need not be looked at.
    `action` is one of ACTIONS, `severity` error, warn or info. A row whose value is left out, or that
    is flagged, is accepted.
    """

    column: str
    broken: str
    reason: str
    expected: str
    remedy: str
    found: str = "'nothing'"
    is_of_filled: bool = False
    action: str = "set_aside"
    severity: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"rule {self.id}: no action {self.action!r}; {', '.join(ACTIONS)}")
        object.__setattr__(self, "severity", self.severity or ACTIONS[self.action])

    @property
    def id(self) -> str:
        """The column and the reason, by which quarantine names it too."""
        return f"{self.column}.{snake_case(self.reason)}"


def is_one_of(name: str, values: Sequence[str]) -> Rule:
    """A row whose cell holds another word than these is set aside, in whatever case it is written."""
    listed = ", ".join(f"'{value}'" for value in values)
    return Rule(
        name,
        f'lower(as_text("{name}")) not in ({listed})',
        "unknown value",
        " or ".join(values),
        "use one of these words",
        f'shape("{name}")',
    )


def is_readable(name: str, broken: str, expected: str) -> Rule:
    """A row is set aside whose cell is filled and of another form than expected."""
    return Rule(
        name,
        f'as_text("{name}") is not null and {broken}',
        "unreadable value",
        expected,
        "write it as the sources do, or leave the cell empty",
        f'shape("{name}")',
    )


@dataclass(frozen=True)
class Variant:
    """A dialect or generation, known by headers in their exact spelling or by the file's name."""

    name: str
    headers: tuple[str, ...] = ()
    file_name: str | None = None


@dataclass(frozen=True)
class Contract:
    """One export of one system.

    `key`: columns that every row must fill, as far as the file has them; where it has none of
    them, a row must fill one of `key_otherwise`. `anchors`: sets of column names of which one must
    be in the file, to tell exports apart that share columns. `refused`: headers that no such
    export has, with what the file is instead. `time` and `day`: SQL over the raw columns for the
    record's time and, for exports of events, the UTC date `occurred_on`. `keys`: further columns of
    a part and the SQL that makes them, by which records of several deliveries meet: `record_key` is
    system:export:id. `rules`: what else a row must not be, said of required columns; a value that is
    left out is of another column, which neither names the record nor says when it was. `names`: what
    names the person of a row besides the columns that say so themselves; `country`: SQL for the country
    by whose habits telephone numbers are written, where a row says one. `is_numbered`:
    a part has `_path` and `_row_number`, where a row was delivered; not for events, which are many and
    have ids of their own. `is_open`: users name columns of their own, so an unknown header is not a
    renamed one.
    """

    system: str
    export: str
    title: str
    description: str
    grain: str
    format: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    key_otherwise: tuple[str, ...] = ()
    key_prefix: str | None = None
    anchors: tuple[tuple[str, ...], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    variants: tuple[Variant, ...] = ()
    time: str | None = None
    day: str | None = None
    keys: tuple[tuple[str, str], ...] = ()
    rules: tuple[Rule, ...] = ()
    names: tuple[Name, ...] = ()
    country: str | None = None
    is_numbered: bool = True
    custom_suffix: str | None = None
    is_open: bool = False
    may_repeat_headers: bool = False
    repeats_key: bool = False

    def __post_init__(self) -> None:
        for rule in self.rules:
            told_by = (*self.key, *self.key_otherwise, self.time or "", self.day or "")
            if rule.action == "null" and (
                self.format == "access_log"
                or self.column(rule.column).required
                or any(rule.column in text for text in told_by)
            ):
                raise ValueError(f"{self.name}: the value of {rule.column} cannot be left out")

    @property
    def name(self) -> str:
        return f"{self.system}__{self.export}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def identifiers(self) -> tuple[Name, ...]:
        """What names the person of a row, all of it."""
        return (*self.names, *(_name(one) for one in self.columns if _kind(one) in IDENTIFIERS))

    @cached_property
    def person_name(self) -> str | None:
        """SQL for what the person of a row is called; None where no column says it."""
        of = {kind: [f'as_text("{one.name}")' for one in self.columns if one.names == kind]
              for kind in PERSON_NAMES}
        parts = [*of["first_name"], *of["last_name"]]
        whole = [f"nullif(concat_ws(' ', {', '.join(parts)}), '')"] if parts else []
        return f"coalesce({', '.join((*whole, *of['full_name']))})" if any(of.values()) else None

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for candidate in self.columns:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


def _kind(column: Column) -> str:
    return (column.names or "").partition(":")[0]


def _name(column: Column) -> Name:
    kind, _, of = column.names.partition(":")
    cell = f'{"salesforce_id" if column.type == "salesforce_id" else "as_text"}("{column.name}")'
    return Name(kind, f"'{of}:' || {cell}" if of else cell)
