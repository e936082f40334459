"""Erasing: from whom a request is about to the proof that nothing of them is left.

Here belongs the order of the steps, and what is remembered between them so that an erasure which was
stopped anywhere is finished by the next run. What names a row's person is tombstones.py's, what is on
the disk besides purging.py's, what was delivered landed.py's.

An erasing run reads no new delivery and is not held: what it changes follows from the rows that are
gone, and a gate that waits for a person must not keep an erased one published. So that nobody's unseen
delivery is published with it, nothing is erased while a run is held. """

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from dagster_project import gate
from dagster_project.catalog import load_catalog
from dagster_project.ending import ending_of
from dagster_project.lake import Lake, connect, exclusive, fingerprint, sync, write_atomically
from dagster_project.nightly import make_all, open_night
from dagster_project.privacy import landed, ledger, receipts, requests, tombstones
from dagster_project.privacy.keys import load_keys, private_place
from dagster_project.privacy.receipts import LayerCount, Receipt
from dagster_project.privacy.subjects import Subject
from dagster_project.privacy.verifying import EXPORTS, Hit, Needles, Sought, kind_of, spellings, verify
from dagster_project.run import Run, Step
from dagster_project.settings import Settings


class NotErased(Exception):
    """Nothing was erased, or not all of it; the message says why and what to do."""


class StillThere(NotErased):
    """After all that was done something that names an erased person is left in the home."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        files = sorted({hit.file for hit in hits})
        rest = f" and {len(files) - 5} more files" if len(files) > 5 else ""
        super().__init__(
            f"somebody who was erased is still named in {', '.join(files[:5])}{rest}, below the home. Remove or "
            "rewrite what the platform did not make, then run again; what it made itself please report"
        )
        self.hits = tuple(hits)


@dataclass(frozen=True)
class Worksheet:
    """What a job must still know of the people it erases until that is proven: the only place where
    their identifiers stand, outside the home, and gone with the receipts. `found` is what was known of
    each, by request; `layers` are those of the home before."""

    erased_at: str
    found: dict[str, dict[str, int]]
    sought: tuple[Sought, ...]
    layers: dict[str, dict]


@dataclass(frozen=True)
class Erased:
    """One request that was erased, its receipt, where that lies and the hash of its file."""

    receipt: Receipt
    path: Path
    digest: str


# Erasing -------------------------------------------------------------------------------------------


def erase(
    settings: Settings,
    subjects: Sequence[tuple[str, Subject]],
    *,
    as_of: date | None = None,
    watch: Callable[[Step], None] | None = None,
) -> list[Erased]:
    """Erase people (request id and whom it is about), all in one job, and prove it.

    Raises NotErased while a run is held or nothing was ever published, StillThere where the proof fails,
    and what the job raises; then the next run goes on with it.
    """
    _refuse_if_held(settings)
    with exclusive(settings.state / "lock", purpose="cdp privacy erase"):
        _order(settings, subjects)
    return settle(settings, as_of=as_of, watch=watch)


def _order(settings: Settings, subjects: Sequence[tuple[str, Subject]]) -> None:
    """Write down what is to be done: the worksheet first, since only it says whether it was."""
    lake, now = Lake(settings.lake), datetime.now(UTC).replace(tzinfo=None)
    requests.open_requests(settings, "erase", [request_id for request_id, _ in subjects])
    people = [subject for _, subject in subjects]
    with connect(threads=settings.threads, memory=settings.memory_limit) as con:
        con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
        for table in {*tombstones.READS, *CARRIED}:
            lake.view(con, table)
        sheet = Worksheet(
            now.isoformat(timespec="seconds"),
            found={request_id: counts_of(subject) for request_id, subject in subjects},
            sought=tuple(sorted(_nobody_elses(con, people, country=settings.default_country))),
            layers=_layers(lake),
        )
        key = load_keys(settings).current
        buried = tombstones.tombstones_of(con, people, key, at=now)
    path = _sheets(settings) / f"{fingerprint(sorted(sheet.found))}.json"
    write_atomically(path, json.dumps(asdict(sheet)) + "\n")
    path.chmod(0o600)
    entries = [
        tombstones.erasure(request_id, graves, at=now)
        for (request_id, _), graves in zip(subjects, buried)
    ]
    ledger.append(settings, *entries)


def settle(
    settings: Settings,
    *,
    as_of: date | None = None,
    watch: Callable[[Step], None] | None = None,
) -> list[Erased]:
    """Finish what the ledger says is to be erased and this home is not yet proven to be rid of: after an
    erasure was ordered or stopped, or an old backup restored. Does nothing where nothing is owed.

    Raises what erase() does.
    """
    if not owed(settings):
        return []
    if not settings.lake.exists():
        _note_proven(settings)  # a home that begins anew reads nothing of theirs
    if not settings.database.exists():
        return []
    _refuse_if_held(settings)
    as_of = as_of or _published_day(settings)
    with open_night(settings, as_of=as_of, watch=watch, is_erasing=True) as run:
        try:
            _do(run)
        except Exception as error:
            failed = [f"{one.what}: {one.reason}" for one in ending_of(run).failures if run.failures]
            if not failed:
                raise
            raise NotErased(f"{' '.join(failed)} The erasure goes on with the next run") from error
    return _prove(settings)


def owed(settings: Settings) -> list[ledger.Entry]:
    """The erasures in the ledger of which this home is not yet proven to be rid."""
    path = _proven(settings)
    proven = set(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()
    return [one for one in _erasures(settings) if one.entry_id not in proven]


def _erasures(settings: Settings) -> list[ledger.Entry]:
    return [one for one in ledger.read_ledger(settings) if one.kind == ledger.ERASE]


def _do(run: Run) -> None:
    """Out of raw, out of what was delivered, then out of all that follows."""
    tombstones.drop_erased(run)
    erased = tombstones.filter_of(run)
    for one in landed.treat(run, erased, how=run.settings.erase_exports):
        _note(_treated(run.settings), asdict(one))
    make_all(run, load_catalog(run.settings))


def _prove(settings: Settings) -> list[Erased]:
    """Read every byte for whom the worksheets name, write the receipts, and forget the worksheets."""
    with exclusive(settings.state / "lock", purpose="cdp privacy erase"):
        sheets = _read_sheets(settings)
        hits = verify(settings, {one for sheet in sheets for one in sheet.sought})
        if left := [hit for hit in hits if hit.area != EXPORTS]:
            raise StillThere(left)
        after = _layers(Lake(settings.lake))
        exports = _read_notes(_treated(settings))
        still_there = tuple(sorted({hit.file for hit in hits}))
        found = [
            _certify(settings, request_id, sheet, after, exports, still_there)
            for sheet in sheets
            for request_id in sheet.found
        ]
        ledger.append(settings, *(_done(one) for one in found))
        requests.complete(settings, "erase", *(one.receipt.request_id for one in found))
        _note_proven(settings)
        shutil.rmtree(_sheets(settings), ignore_errors=True)
        return found


def _certify(
    settings: Settings,
    request_id: str,
    sheet: Worksheet,
    after: dict[str, dict],
    exports: Sequence[dict],
    still_there: tuple[str, ...],
) -> Erased:
    """Write the receipt of one request."""
    receipt = Receipt(
        request_id=request_id,
        erased_at=sheet.erased_at,
        proven_at=_now(),
        found=sheet.found[request_id],
        layers=tuple(_count(layer, sheet.layers, after) for layer in sorted({*sheet.layers, *after})),
        exports=tuple(exports),
        sought=len(sheet.sought),
        still_there=still_there,
    )
    path, digest = receipts.write(settings, receipt)
    return Erased(receipt, path, digest)


def _done(one: Erased) -> ledger.Entry:
    said = one.receipt
    name = ledger.entry_id(ledger.DONE, said.request_id, said.erased_at)
    return ledger.Entry(name, said.proven_at, ledger.DONE, said.request_id, {"receipt": one.digest})


# What it needs to know -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What erasing a person will touch: what is known of them, by kind; the layers and the delivered
    files that name them, with the number of places; whom others share an identifier with, by kind."""

    found: dict[str, int]
    layers: dict[str, int]
    files: dict[str, int]
    exports: dict[str, int]


def plan(settings: Settings, subjects: Sequence[Subject]) -> Plan:
    """Read everything for what names these people. Changes nothing, and locks nobody out."""
    found: Counter = Counter()
    for subject in subjects:
        found.update(counts_of(subject))
    hits = verify(settings, sought_of(subjects, country=settings.default_country))
    layers, files, exports = Counter(), Counter(), Counter()
    for hit in hits:
        if hit.area == EXPORTS:
            exports[hit.file] += hit.count
        else:
            layers[layer_of(hit.file)] += hit.count
            files[hit.file] += hit.count
    return Plan(dict(found), dict(sorted(layers.items())), dict(files), dict(exports))


def layer_of(file: str) -> str:
    """The layer of a file below the home; of what is no table, its folder."""
    parts = Path(file).parts
    return parts[1] if parts[0] == "lake" and len(parts) > 2 else parts[0]


def counts_of(subject: Subject) -> dict[str, int]:
    """How much is known of a person, by kind."""
    return {
        "records": len(subject.records),
        "orders": len(subject.orders),
        "visitors": len(subject.visitors),
        "identifiers": sum(one.is_own for one in subject.identifiers),
        "identifiers of others too, which stay": sum(not one.is_own for one in subject.identifiers),
        "doubtful records, which stay": len(subject.doubtful),
    }


def sought_of(subjects: Iterable[Subject], *, country: str) -> set[Sought]:
    """What must be nowhere once people are erased: what nobody else has."""
    named = []
    for subject in subjects:
        own = [one for one in subject.identifiers if one.is_own]
        named += [(one.kind, text) for one in own for text in (one.value, *one.spellings)]
        named += [("record", record) for record in subject.records]
        named += [("visitor", visitor) for visitor in subject.visitors]
    return spellings(named, country=country)


CARRIED = {
    "standard.person_texts":
        "record_key as record, unnest(list_append(coalesce(phone_texts, []), email_text)) as text",
    "standard.record_links": "record_key as record, linked_record as text",
    "standard.companies": "null as record, phone as text",
    "staging.salesforce__account": "null as record, phone_text as text",
}
"""What rows of others say that may be said of an erased person too, in other words or by mistake: a
number that is another one abroad, a company's telephone, a customer's number on somebody else's record.
By table: the record, null where it is nobody's, and the text."""


def _nobody_elses(
    con: duckdb.DuckDBPyConnection, subjects: Sequence[Subject], *, country: str
) -> set[Sought]:
    """What is sought, without what stands in rows that stay because they are somebody else's."""
    sought = sought_of(subjects, country=country)
    records = sorted({record for subject in subjects for record in subject.records})
    found = set()
    for table, columns in CARRIED.items():
        rows = con.execute(
            f"""select distinct lower(trim(text)) from (select {columns} from {table})
            where text is not null
                and (record is null or record not in (select unnest($1::varchar[])))""",
            [records],
        ).fetchall()
        found |= {text for (text,) in rows}
    stay = Needles(sought).within(found)
    return {one for one in sought if one.text.lower() not in stay}


def graves_of(settings: Settings, text: str) -> set[str]:
    """The hashes in the ledger of what a text names: none where nobody was erased by it."""
    kind = kind_of(text)
    named = [(kind, text.strip().removeprefix("visitor:"))] if kind else []
    spelt = spellings(named, country=settings.default_country)
    buried = {one.hash for one in tombstones.live(ledger.read_ledger(settings))}
    return buried & {key.hash(one.kind, one.text) for key in load_keys(settings).all for one in spelt}


def lift(settings: Settings, text: str, *, begins: date) -> bool:
    """Let whoever was erased by an identifier come back, with what is delivered from a day on. Returns
    whether anybody was."""
    hashes = graves_of(settings, text)
    if hashes:
        now = datetime.now(UTC).replace(tzinfo=None)
        ledger.append(settings, tombstones.lift(None, hashes, begins=begins.isoformat(), at=now))
    return bool(hashes)


def _layers(lake: Lake) -> dict[str, dict]:
    """Rows of every layer, and its files by name: what was rewritten has another."""
    found: dict[str, dict] = {}
    for table in lake.tables():
        layer = found.setdefault(table.partition(".")[0], {"tables": 0, "rows": 0, "files": []})
        manifest = lake.manifest(table)
        layer["tables"] += 1
        layer["rows"] += manifest.notes.get("rows", 0)
        layer["files"] += [f"{table}/{part.file}" for part in manifest.parts]
    return found


def _count(layer: str, before: dict[str, dict], after: dict[str, dict]) -> LayerCount:
    nothing = {"tables": 0, "rows": 0, "files": []}
    was, now = before.get(layer, nothing), after.get(layer, nothing)
    rewritten = len(set(was["files"]) - set(now["files"]))
    return LayerCount(layer, now["tables"], was["rows"], now["rows"], rewritten)


def _refuse_if_held(settings: Settings) -> None:
    if gate.is_held(settings):
        raise NotErased(
            "a run is held for a person, and an erasure would publish it. Accept it (cdp accept), or "
            "put right what is wrong and run again; then erase"
        )


def _published_day(settings: Settings) -> date:
    """The day that the served database speaks for: an erasure changes nothing else."""
    path = settings.database.parent / "published.json"
    return date.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["made_from"]["as_of"])


# What is remembered on the way ---------------------------------------------------------------------


def _sheets(settings: Settings) -> Path:
    return private_place(settings) / "worksheets"


def _treated(settings: Settings) -> Path:
    """What became of delivered files, one a line."""
    return _sheets(settings) / "exports.jsonl"


def _proven(settings: Settings) -> Path:
    return settings.state / "privacy" / "proven.json"


def _note_proven(settings: Settings) -> None:
    known = [one.entry_id for one in _erasures(settings)]
    write_atomically(_proven(settings), json.dumps(known) + "\n")


def _read_sheets(settings: Settings) -> list[Worksheet]:
    """The worksheets of what the ledger says is to be erased; one without an entry there is of a job
    that never began."""
    ordered = {one.request_id for one in _erasures(settings)}
    found = []
    for path in sorted(_sheets(settings).glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        if ordered.issuperset(said["found"]):
            found.append(Worksheet(**said | {"sought": tuple(Sought(**one) for one in said["sought"])}))
    return found


def _note(path: Path, said: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(said) + "\n")
    sync(path)


def _read_notes(path: Path) -> list[dict]:
    """By file, the last that was noted of it."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list({one["path"]: one for one in map(json.loads, lines)}.values())


def _now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
