"""Mishaps: how a delivery goes wrong between the system that wrote it and the folder where it is read.

Files late, twice, in full, half, cut, with a renamed column or another format of dates; what was spoilt
is delivered rightly later. Of what was lost so the truth tells only once a file with it arrives. What is in
a file is the business of each system's writer, what happens to people that of `turns`.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import polars as pl

from simulator.files import Night
from simulator.scenario import Scenario, Switch

# What the rows of an export are known by; they are all that the truth says by a record's id.
_IDS = {
    "shopify/customers_export": ("customer id",),
    "shopify/orders_export": ("id",),
    "salesforce/OpportunityHistory": ("opportunityid",),
    "salesforce/": ("id",),
    "typeform/responses": ("#",),
}
# What else can be hit: what is in these files nobody tells of by a record's id.
_OTHERS = ("weblogs/www-access", "finance/", "third_party/")
_KEYS = {
    "records": "record_key", "orders": "order_id", "refunds": "order_id", "consents": "record_key",
    "order_duplicates": "order_id", "events": None,
}
_FEWEST = 4
# A file with fewer bad rows is not held; what is usual is not known of fewer rows, nor before so many
# deliveries (docs/quality.md).
_BUDGET, _COMPARED, _KNOWN = 20, 50, 6
_RENAMED = ((b"Email,", b"E-Mail-Adresse,"), (b'"Email"', b'"E-Mail-Adresse"'))
_DATE = re.compile(rb"\b(\d{4})-(\d\d)-(\d\d)(?=[ T]\d\d:)")


@dataclass(frozen=True)
class Due:
    """A file that arrives later: of which night it is, and whether it replaces what that delivered."""

    system: str
    name: str
    content: bytes
    of: str
    fault: int | None = None
    is_over: bool = False

    @property
    def folder(self) -> str:
        return f"{self.of}/{self.system}" if self.is_over else f"{self.system}/{self.of}"

    def place(self, night: Night) -> str:
        """Where it lies once it was delivered."""
        path = f"{self.folder}/{self.name}"
        return path if self.is_over else f"{night.on}/{path}"


@dataclass
class Carrier:
    """What is owed, late or remembered between nights, and what of the truth waits for a file."""

    scenario: Scenario
    owed: Counter = field(default_factory=Counter)
    due: dict[int, list[Due]] = field(default_factory=dict)
    known: dict[str, dict[str, bytes]] = field(default_factory=dict)
    waiting: dict[str, pl.DataFrame] = field(default_factory=dict)
    faults: list[tuple] = field(default_factory=list)
    late_until: int = 0

    def __post_init__(self) -> None:
        for name in _SPOILS:
            switch = self.scenario.switches.get(name)
            told = (*_IDS, *_OTHERS)
            if switch and not any(switch.export.startswith(one) or one.startswith(switch.export)
                                  for one in told):
                raise ValueError(f"{name} cannot happen to {switch.export}: it can to {', '.join(told)}")

    def begin(self, night: Night, truth: dict[str, list[pl.DataFrame]]) -> None:
        """What happens tonight happens to the first file that has rows enough, tomorrow if need be."""
        self.owed.update(name for name in _SPOILS if self.scenario.on(name, night.number))
        self.told = {name: len(truth.get(name, ())) for name in _KEYS}
        self.arrived, self.missed = [], []

    def take(self, night: Night, system: str, name: str, content: bytes) -> bytes | None:
        """What arrives tonight of a file: None is nothing. What is still to come is remembered."""
        export = f"{system}/{name}"
        if "in_full" in self.scenario.switches and self._is_hit("in_full", export):
            self._remember(export, content)
        if self._is_late(night, export):
            after = self.scenario.switches["late"].after
            self.due.setdefault(self.late_until, []).append(
                Due(system, name, content, night.on.isoformat(), 16)
            )
            self._fault(night, f"{night.on}/{export}", 19, "warned" if after > 2 else "served", 0)
            self.missed.append((export, content))
            return None
        kind = next((one for one in _SPOILS if self._befalls(one, export, content)), None)
        if not kind:
            self._arrive(night, f"{night.on}/{export}", export, content)
            return content
        self.owed[kind] -= 1
        switch = self.scenario.switches[kind]
        path = f"{night.on}/{export}"
        spoilt = _SPOILS[kind](self, night, switch, path, Due(system, name, content, str(night.on)))
        self.missed.append((export, content))
        if kind not in _UNREAD:
            self._arrive(night, path, export, spoilt)
        return spoilt

    def end(self, night: Night, truth: dict[str, list[pl.DataFrame]]) -> None:
        """Deliver what was late, and let the truth tell of what has arrived."""
        for one in self.due.pop(night.number, ()):
            night.put(one.folder, one.name, one.content)
            if one.fault:
                must = "warned" if one.is_over else "noted" if one.fault == 13 else "read"
                self._fault(night, one.place(night), one.fault, must, 0)
            if one.fault != 13:
                self._arrive(night, one.place(night), f"{one.system}/{one.name}", one.content)
        if self.missed or any(len(rows) for rows in self.waiting.values()):
            there, missed = _keys(self.arrived), _keys(self.missed)
            for name in _KEYS:
                self._settle(name, truth, there, missed - there)

    def _settle(self, name: str, truth, there: set[str], missed: set[str]) -> None:
        frames = truth.get(name, [])
        mark = self.told[name]
        if not frames:
            return
        tonight = pl.concat(frames[mark:]) if len(frames) > mark else frames[0].clear()
        waited = self.waiting.get(name, tonight.clear())
        has_come, waits = _is_in(name, waited, there), _is_in(name, tonight, missed)
        truth[name] = [*frames[:mark], waited.filter(has_come), tonight.filter(~waits)]
        self.waiting[name] = pl.concat([waited.filter(~has_come), tonight.filter(waits)])

    def _is_hit(self, kind: str, export: str) -> bool:
        return export.startswith(self.scenario.switches[kind].export)

    def _befalls(self, kind: str, export: str, content: bytes) -> bool:
        return (
            kind != "late" and self.owed[kind] > 0 and self._is_hit(kind, export)
            and (kind == "in_full" or len(_split(content)) > _FEWEST)
        )

    def _is_late(self, night: Night, export: str) -> bool:
        """From the night on which it is owed, for as many nights as it is late by."""
        if not (switch := self.scenario.switches.get("late")):
            return False
        if self.owed["late"]:
            self.owed["late"] = 0
            self.late_until = night.number + switch.after
        return self.late_until > night.number and self._is_hit("late", export)

    def _remember(self, export: str, content: bytes) -> None:
        """The latest rows of each record of an export, under its name without the night's."""
        header, *rows = _split(content)
        stem = _export(export)
        known = self.known.setdefault(stem, {"": header})
        for key, row in _by_id(export, header, rows):
            known[key] = row

    def _arrive(self, night: Night, path: str, export: str, content: bytes) -> None:
        """A file that is read; a log's torn lines are in it as the web's servers wrote them."""
        self.arrived.append((export, content))
        if torn := _torn(export, content):
            self._fault(night, path, 34, "rows", torn)

    def _later(self, night: Night, after: int, due: Due) -> None:
        self.due.setdefault(night.number + after, []).append(due)

    def _fault(self, night: Night, path: str, number: int, must: str, rows: int) -> None:
        self.faults.append((night.on, path, number, must, rows))

    # What can happen to a file that should arrive rightly: each gives what arrives tonight.

    def _twice(self, night, switch: Switch, path: str, right: Due) -> bytes:
        of = PurePath(right.name)
        self._later(night, switch.after, replace(right, name=f"{of.stem} (1){of.suffix}", fault=13))
        return right.content

    def _in_full(self, night, switch: Switch, path: str, right: Due) -> bytes:
        self._fault(night, path, 15, "read", 0)
        return b"".join(self.known[_export(f"{right.system}/{right.name}")].values())

    def _half(self, night, switch: Switch, path: str, right: Due) -> bytes:
        """Torn within a row; the whole comes under the same name."""
        self._later(night, switch.after, replace(right, fault=14, is_over=True))
        self._fault(night, path, 21, "rows", 1)
        rows = _split(right.content)
        kept = len(rows) // 2
        return b"".join(rows[:kept]) + rows[kept][: rows[kept].find(b",", 2) + 2]

    def _renamed(self, night, switch: Switch, path: str, right: Due) -> bytes:
        header, *rows = _split(right.content)
        for told, other in _RENAMED:
            header = header.replace(told, other)
        self._later(night, switch.after, right)
        self._fault(night, path, 26, "whole", len(rows))
        return b"".join([header, *rows])

    def _dates(self, night, switch: Switch, path: str, right: Due) -> bytes:
        """Days before months, as a colleague's settings would have them."""
        count = sum(1 for row in _split(right.content) if _DATE.search(row))
        self._later(night, switch.after, right)
        self._fault(night, path, 30, "held" if count >= _BUDGET else "rows", count)
        return _DATE.sub(rb"\3/\2/\1", right.content)

    def _cut(self, night, switch: Switch, path: str, right: Due) -> bytes:
        rows = _split(right.content)
        kept = max(1, round((1 - switch.share) * len(rows)))
        is_seen = len(rows) >= _COMPARED and night.number >= _KNOWN
        self._later(night, switch.after, right)
        self._fault(night, path, 22, "warned" if is_seen else "read", len(rows) - kept)
        return b"".join(rows[:kept])


_SPOILS = {
    "late": None, "twice": Carrier._twice, "in_full": Carrier._in_full, "half": Carrier._half,
    "renamed": Carrier._renamed, "dates": Carrier._dates, "cut": Carrier._cut,
}
# None of their records is known from them.
_UNREAD = {"renamed", "dates"}


def _split(content: bytes) -> list[bytes]:
    """The rows of a file, line ends and all; a quoted line end ends no row."""
    rows, open_row = [], b""
    for line in content.splitlines(keepends=True):
        open_row += line
        if open_row.count(b'"') % 2 == 0:
            rows.append(open_row)
            open_row = b""
    return [*rows, open_row] if open_row else rows


_WHOLE = re.compile(rb'\S+ - \S+ \[[^]]+\] "[^"]*" \d{3} (\d+|-) ?( ?"[^"]*"){0,3} ?')
"""A line that a web server writes: the common format, and what may follow it."""


def _torn(export: str, content: bytes) -> int:
    """How many lines of a web server's log end where none does. One that ends after a field is whole in a
    shorter format."""
    if not export.startswith("weblogs/www-access"):
        return 0
    return sum(1 for line in content.splitlines() if not _WHOLE.fullmatch(line))


def _export(name: str) -> str:
    """An export's name without the night's: shopify/orders_export."""
    return re.sub(r"[-_.]*\d.*", "", name)


def _columns(export: str) -> tuple[str, ...]:
    return next((ids for name, ids in _IDS.items() if export.startswith(name)), ())


def _by_id(export: str, header: bytes, rows: list[bytes]) -> Iterable[tuple[str, bytes]]:
    """Rows by the id of their record; those that have none belong to the record before them."""
    key, held = "", b""
    for row in rows:
        found = _ids(export, header + row)
        if found and held:
            yield key, held
            held = b""
        key = min(found, default=key)
        held += row
    if held:
        yield key, held


def _ids(export: str, content: bytes) -> set[str]:
    """The ids of the records in a file, but for a row that is torn off."""
    wanted = _columns(export)
    if not wanted:
        return set()
    text = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    at = [place for place, name in enumerate(header) if name.lower() in wanted]
    return {row[place].lstrip("'") for row in rows if len(row) == len(header) for place in at} - {""}


def _keys(files: list[tuple[str, bytes]]) -> set[str]:
    return {f"{export.split('/')[0]}:{one}" for export, text in files for one in _ids(export, text)}


def _is_in(name: str, rows: pl.DataFrame, keys: set[str]) -> pl.Series:
    """Whether the rows of a table of the truth are about one of the records."""
    if column := _KEYS[name]:
        parts = pl.col(column).str.split(":")
        key = parts.list.first() + ":" + parts.list.last()
    else:
        key = pl.col("system") + ":" + pl.col("record_id")
    wanted = pl.Series(sorted(keys), dtype=pl.String)
    return rows.select(key.is_in(wanted.implode()).alias("is_in")).to_series()
