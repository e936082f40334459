"""What lies in the exports folder becomes raw tables: one per contract, one part per delivered file.

Which export a file is, and how it is read, is said by the connectors; here every delivery is
remembered, read once, and accounted for to the row.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import connectors
from connectors.contract import Contract, Finding
from connectors.delivery import Member, preflight
from connectors.detect import Detection, detect
from connectors.reading import ERASED, Reading, part_columns, read
from dagster_project.lake import DamagedError, connect, fingerprint, quoted, sha256_of, write_atomically
from dagster_project.making import Made, Table, described, make_table
from dagster_project.privacy.tombstones import drop_erased, filter_of
from dagster_project.run import Run
from dagster_project.settings import BUDGET, PROJECT, Settings

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")
"""Names of files that a transfer is still writing. Others show by what changes while they are looked at."""

COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "rows_erased")

ASIDE = pa.schema(
    [("row_number", pa.int64())]
    + [(name, pa.string()) for name in ("column_name", "reason", "expected", "found", "remedy")]
)


@dataclass(frozen=True)
class Landed:
    """One file, or one entry of an archive, as first delivered. Holds no personal data.

    `status` is accepted (it fulfils a contract), quarantined (the whole of it), or duplicate (its
    bytes were seen before, under the name in `detail`). `contracts` is the fingerprint of the
    contracts it was held against: what was set aside is looked at again when they change. `sha256` says
    which delivery it is, for good; once rows of erased people were taken out of the file, `rewritten` is
    the hash of what lies there now.
    """

    path: str
    size: int
    modified_ns: int
    delivery: str
    sha256: str
    delivered_at: str
    compression: str
    encoding: str
    status: str
    contracts: str = ""
    contract: str | None = None
    variant: str | None = None
    detail: str = ""
    findings: tuple[dict, ...] = field(default_factory=tuple)
    rewritten: str = ""


def tables() -> list[Table]:
    """The raw layer: parameters, a table per contract, and the account of files and rows."""
    found = [
        Table(
            "raw.as_of",
            "One row: the moment that the run speaks for.",
            ("as_of",),
            (),
            _make_as_of,
        ),
        Table(
            "raw.location_currencies",
            "One row per shop whose exports write amounts in another currency than the default.",
            ("location",),
            (),
            _make_location_currencies,
        ),
        Table(
            "raw.settings",
            "One row: the settings that models depend on.",
            ("default_country",),
            (),
            _make_settings,
        ),
    ]
    found.append(
        Table(
            "raw.budgets",
            "One row per export: the shares of its rows that may be set aside, and how late it may be.",
            ("system", "export"),
            (),
            _make_budgets,
        )
    )
    names = []
    for contract in connectors.contracts():
        names.append(f"raw.{contract.name}")
        found.append(
            Table(names[-1], contract.description, ("_file",), (), _reader(contract))
        )
    found += [
        Table(
            "raw.source_files",
            "One row per delivered file: what it is and what became of its rows.",
            ("path", "sha256"),
            tuple(names),
            _make_source_files,
        ),
        Table(
            "raw.quarantine",
            "One row per reason for which a row or a whole file was set aside, or a value left out.",
            ("quarantine_id",),
            tuple(names),
            _make_quarantine,
        ),
    ]
    return found


STATE_TABLES = ("raw.source_files",)
"""What the published database was made from, by which a run knows what is new to it."""


# The inventory ---------------------------------------------------------------------------------


def unread_links(exports: Path) -> list[Path]:
    """Links below the folder that are not followed: those to folders, and those that lead out of it."""
    root = exports.resolve()
    return sorted(
        path for path in exports.rglob("*")
        if path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(root))
    )


def landed_files(exports: Path) -> list[Path]:
    """Every finished file below the folder, in the order of the names; no hidden ones, no links out."""
    root = exports.resolve()
    found = []
    for path in sorted(exports.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(exports).parts)
        if hidden or path.suffix in UNFINISHED or not path.is_file():
            continue
        if path.resolve().is_relative_to(root):
            found.append(path)
    return found


def fingerprint_landing(settings: Settings) -> str | None:
    """Changes when a file arrives, grows or goes; None for an empty folder."""
    if not settings.exports.is_dir():
        return None
    files = [(str(path), path.stat().st_size) for path in landed_files(settings.exports)]
    return fingerprint(files) if files else None


def take_inventory(run: Run) -> list[Landed]:
    """What was ever delivered, tonight's new files included; new ones are looked at, not yet read."""
    return run.once("inventory", lambda: _take_inventory(run))


def _take_inventory(run: Run) -> list[Landed]:
    registry = run.settings.state / "deliveries.json"
    if run.is_erasing:
        return load_deliveries(registry)
    contracts = fingerprint([repr(contract) for contract in connectors.contracts()])
    remembered = load_deliveries(registry)
    known = [one for one in remembered if one.status != "quarantined" or one.contracts == contracts]
    unchanged = {(one.path.partition("!")[0], one.size, one.modified_ns) for one in known}
    read = [one for one in known if one.status == "accepted"]
    seen = {sha256: one for one in read for sha256 in (one.sha256, one.rewritten) if sha256}
    found = []
    for path in landed_files(run.settings.exports):
        relative = path.relative_to(run.settings.exports).as_posix()
        size, modified_ns = _size_and_time(path)
        if (relative, size, modified_ns) in unchanged:
            continue
        looked_at = _look_once_still(path, run.settings)
        if looked_at is None:
            run.arriving.append(relative)
            continue
        for one, member, detection in looked_at:
            one = replace(one, modified_ns=modified_ns, contracts=contracts)
            if any(one.path == old.path and one.sha256 in (old.sha256, old.rewritten) for old in known):
                continue
            if one.status == "accepted" and one.sha256 in seen:
                detail = f"the same bytes as {seen[one.sha256].path}"
                one = replace(one, status="duplicate", detail=detail)
            elif one.status == "accepted":
                seen[one.sha256] = one
                run.members[one.sha256] = (member, detection)
                if any(one.path == old.path for old in known):
                    one = replace(one, detail="restated: a file of this name came before")
            found.append(one)
            if one.status != "accepted":
                reasons = [finding["reason"] for finding in one.findings]
                run.tell("file set aside", path=one.path, status=one.status, reasons=reasons)
    # What was set aside under other contracts and is gone from the folder stays on record.
    paths = {one.path for one in found}
    gone = [one for one in remembered if one not in known and one.path not in paths]
    if found:
        save_deliveries(registry, [*known, *gone, *found])
    return [*known, *gone, *found]


def _look_once_still(path: Path, settings: Settings) -> list | None:
    """What a file holds; None if it is still being written, and so is left for the next run."""
    before = _size_and_time(path)
    if time.time_ns() - before[1] < settings.settle_seconds * 1_000_000_000:
        return None
    try:
        found = list(look(path, settings))
    except FileNotFoundError:
        return None
    return found if _size_and_time(path) == before else None


def _size_and_time(path: Path) -> tuple[int, int]:
    """Nothing at all of a file that went, or was renamed, meanwhile."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def look(path: Path, settings: Settings) -> Iterable[tuple[Landed, Member | None, Detection | None]]:
    """Preflight and detection of one delivered file."""
    delivery = preflight(path, root=settings.exports, scratch=settings.scratch / "landed")
    base = Landed(
        path=delivery.path,
        size=delivery.size,
        modified_ns=0,
        delivery=delivery.sha256,
        sha256=delivery.sha256,
        delivered_at=delivery.delivered_at.replace(tzinfo=None).isoformat(),
        compression=delivery.compression,
        encoding="",
        status="quarantined",
    )
    if not delivery.members:
        yield replace(base, findings=_said(delivery.findings)), None, None
    for member in delivery.members:
        detection = detect(member)
        yield (
            replace(
                base,
                path=member.path,
                sha256=member.sha256,
                delivered_at=member.delivered_at.replace(tzinfo=None).isoformat(),
                encoding=member.encoding,
                status="accepted" if detection.is_accepted else "quarantined",
                contract=detection.contract.name if detection.contract else None,
                variant=detection.variant,
                findings=_said((*member.findings, *detection.findings)),
            ),
            member,
            detection,
        )


def load_deliveries(path: Path) -> list[Landed]:
    """What the registry of deliveries remembers; nothing before the first run."""
    if not path.exists():
        return []
    entries = json.loads(path.read_text(encoding="utf-8"))
    return [Landed(**{**one, "findings": tuple(one["findings"])}) for one in entries]


def save_deliveries(path: Path, landed: list[Landed]) -> None:
    write_atomically(path, json.dumps([asdict(one) for one in landed], indent=1) + "\n")


def _said(findings: Iterable[Finding]) -> tuple[dict, ...]:
    return tuple(asdict(finding) for finding in findings)


# Reading ---------------------------------------------------------------------------------------


def _reader(contract: Contract):
    """Make the raw table of one contract: read what was delivered for it and is not in it yet."""
    table = f"raw.{contract.name}"

    def make(run: Run) -> Made:
        run.once("erased", lambda: drop_erased(run))
        files = [
            one
            for one in take_inventory(run)
            if one.status == "accepted" and one.contract == contract.name
        ]
        files.sort(key=lambda one: (one.delivered_at, one.path, one.sha256))
        made_from = {"code": fingerprint(repr(contract), run.functions), "inputs": {}}
        before = run.lake.manifest(table)
        with run.step(table) as report:
            if before is None:
                before = run.lake.commit_empty(table, part_columns(contract), made_from=made_from)
            elif before.made_from != made_from:
                before = _forget(run, table, contract, files, made_from)
            there = {part.info["sha256"] for part in before.parts}
            new = [one for one in files if one.sha256 not in there]
            for one in new:
                _read_one(run, table, contract, one, made_from)
            rows = run.lake.manifest(table).notes.get("rows", 0)
            written = rows - before.notes.get("rows", 0)
            outcome = "part" if new else "unchanged"
            return described(run, table, report, outcome=outcome, rows_written=written)

    return make


def _forget(run: Run, table: str, contract: Contract, files: list[Landed], made_from: dict):
    """After a change of contract, let go of the parts whose files are there to be read again."""
    landed = {one.sha256 for one in files if delivered(run, one).is_file()}
    kept = [part for part in run.lake.manifest(table).parts if part.info["sha256"] not in landed]
    return run.lake.commit_kept(
        table,
        kept,
        made_from=made_from,
        columns=part_columns(contract),
        rows=sum(part.info["rows_accepted"] for part in kept),
    )


def _read_one(run: Run, table: str, contract: Contract, one: Landed, made_from: dict) -> None:
    """Read one file into one part and commit it, so that a killed run goes on after it."""
    member, detection = run.members.get(one.sha256) or _find_again(run, one)
    with run.lake.staging(table) as place:
        part = place / "part.parquet"
        reading = read(member, detection, part=part, con=run.con, erased=filter_of(run))
        if not _is_as_listed(run, one):
            _leave(run, one)
            return
        aside = None
        if reading.quarantine.num_rows:
            aside = place / "aside.parquet"
            pq.write_table(reading.quarantine, aside, compression="zstd")
        noted = None
        if reading.noted.num_rows:
            noted = place / "noted.parquet"
            pq.write_table(reading.noted, noted, compression="zstd")
        before = run.lake.manifest(table)
        rows = before.notes.get("rows", 0) + reading.rows_accepted
        run.lake.commit_added(
            table,
            [(part, aside, noted, _info(run, one, reading))],
            made_from=made_from,
            columns=part_columns(contract),
            notes={"rows": rows},
        )
    counts = {name: getattr(reading, name) for name in COUNTS}
    run.tell("file read", path=one.path, table=table, **counts)
    member.content.unlink(missing_ok=True)


def _is_as_listed(run: Run, one: Landed) -> bool:
    """Whether the bytes that were read are still those that were hashed."""
    path = delivered(run, one)
    if _size_and_time(path) in ((one.size, one.modified_ns), (0, 0)):
        return True
    return sha256_of(path) == one.delivery


def _leave(run: Run, one: Landed) -> None:
    """Forget a file that was written to while it was read: the next run looks at it anew."""
    inventory = take_inventory(run)
    inventory[:] = [other for other in inventory if other.sha256 != one.sha256]
    save_deliveries(run.settings.state / "deliveries.json", inventory)
    run.arriving.append(one.path)


def _info(run: Run, one: Landed, reading: Reading) -> dict:
    counts = {name: getattr(reading, name) for name in COUNTS}
    findings = {"findings": _said(reading.warnings), "tombstones": filter_of(run).versions}
    return {"sha256": one.sha256} | counts | findings


def delivered(run: Run, one: Landed) -> Path:
    """The file in the exports folder; of an entry, its archive."""
    return run.settings.exports / one.path.partition("!")[0]


def _find_again(run: Run, one: Landed) -> tuple[Member, Detection]:
    """The text of a delivery that an earlier, killed run had looked at but not read."""
    path = delivered(run, one)
    for again, member, detection in look(path, run.settings):
        if again.path == one.path and again.sha256 in (one.sha256, one.rewritten):
            return replace(member, sha256=one.sha256), detection
    raise OSError(2, "the file changed or went while it was being read", str(path))


def let_go(run: Run, error: DamagedError) -> bool:
    """Forget the damaged part of a table of exports, if the file that it was read from is still there
    to be read again."""
    manifest = run.lake.manifest(error.table)
    damaged = [p for p in manifest.parts if error.path.name in (p.file, p.excluded)]
    wanted = {part.info["sha256"] for part in damaged if "sha256" in part.info}
    landed = [
        one
        for one in load_deliveries(run.settings.state / "deliveries.json")
        if one.sha256 in wanted and (path := delivered(run, one)).is_file()
        and sha256_of(path) == one.delivery
    ]
    if not damaged or wanted != {one.sha256 for one in landed}:
        return False
    kept = [part for part in manifest.parts if part not in damaged]
    run.lake.commit_kept(
        error.table,
        kept,
        made_from=manifest.made_from,
        columns=manifest.columns,
        rows=sum(part.info["rows_accepted"] for part in kept),
    )
    return True


# The account -----------------------------------------------------------------------------------


def _make_as_of(run: Run) -> Made:
    return make_table(
        run,
        "raw.as_of",
        code="as_of",
        inputs=(),
        grain=("as_of",),
        extra=run.as_of.isoformat(),
        compute=lambda: f"select timestamp {quoted(run.as_of.isoformat())} as as_of",
    )


def _make_location_currencies(run: Run) -> Made:
    rows = [
        f"select {quoted(location)} as location, {quoted(currency)} as currency"
        for location, currency in run.settings.location_currencies
    ]
    return make_table(
        run,
        "raw.location_currencies",
        code="location_currencies",
        inputs=(),
        grain=("location",),
        extra=rows,
        compute=lambda: " union all ".join(rows)
        or "select null::varchar as location, null::varchar as currency where false",
    )


def _make_budgets(run: Run) -> Made:
    chosen = dict(run.settings.budgets)
    usual = tuple(BUDGET.values())
    rows = []
    for contract in connectors.contracts():
        warning, blocking = chosen.get(f"{contract.system} {contract.export}", usual)
        rows.append(
            f"({quoted(contract.system)}, {quoted(contract.export)}, {warning}::double, "
            f"{blocking}::double, {run.settings.overdue_nights})"
        )
    listed = ", ".join(rows)
    columns = "system, export, warning_share, blocking_share, overdue_nights"
    return make_table(
        run,
        "raw.budgets",
        code="budgets",
        inputs=(),
        grain=("system", "export"),
        extra=rows,
        compute=lambda: f"select * from (values {listed}) as budgets ({columns})",
    )


def _make_settings(run: Run) -> Made:
    settings = run.settings
    cookies = ", ".join(quoted(name) for name in settings.visitor_cookies)
    hosts = ", ".join(quoted(name) for name in settings.site_hosts)
    tiers = ", ".join(quoted(name) for name in settings.loyalty_tiers)
    columns = (
        f"{quoted(settings.default_country)} as default_country, "
        f"{quoted(settings.default_currency)} as default_currency, "
        f"{quoted(settings.reporting_currency or settings.default_currency)} as reporting_currency, "
        f"[{cookies}]::varchar[] as visitor_cookies, "
        f"[{hosts}]::varchar[] as site_hosts, "
        f"[{tiers}]::varchar[] as loyalty_tiers, "
        f"{settings.holdout_share}::double as holdout_share"
    )
    return make_table(
        run,
        "raw.settings",
        code="settings",
        inputs=(),
        grain=("default_country",),
        extra=columns,
        compute=lambda: f"select {columns}",
    )


def _read_parts(run: Run) -> dict[str, dict]:
    """What reading said of each file, by its hash."""
    found = {}
    for contract in connectors.contracts():
        manifest = run.lake.manifest(f"raw.{contract.name}")
        for part in manifest.parts if manifest else ():
            files = {"set_aside": part.excluded, "null": part.noted}
            found[part.info["sha256"]] = {**part.info, "table": manifest.table, "files": files}
    return found


def _columns_gone(inventory: Iterable[Landed]) -> dict[str, str]:
    """The files without an optional column that the delivery before them had, by their hash. What comes
    as objects says of each only what there is to say."""
    with_headers = {contract.name for contract in connectors.contracts() if contract.format == "csv"}
    before: dict[tuple, set[str]] = {}
    found = {}
    for one in sorted(inventory, key=lambda one: (one.delivered_at, one.path)):
        if one.status == "accepted" and one.contract in with_headers:
            told = [f["expected"] for f in one.findings if f["reason"] == "optional columns missing"]
            lacking = set(", ".join(told).split(", "))
            gone = lacking - before.get((one.contract, one.variant), lacking)
            if gone:
                found[one.sha256] = f"columns gone: {', '.join(sorted(gone))}"
            before[one.contract, one.variant] = lacking
    return found


def _make_source_files(run: Run) -> Made:
    def compute() -> str:
        parts = _read_parts(run)
        gone = _columns_gone(take_inventory(run))
        # Later in the inventory is later delivered.
        standing = {(one.path, one.delivered_at[:10]): one.sha256 for one in take_inventory(run)}
        rows = []
        for one in take_inventory(run):
            read_here = one.status == "accepted"
            counts = parts[one.sha256] if read_here else {}
            system, _, export = (one.contract or "").partition("__")
            findings = [*one.findings, *counts.get("findings", ())]
            said = [one.detail, *(finding["reason"] for finding in findings), gone.get(one.sha256)]
            rows.append(
                {
                    "path": one.path,
                    "sha256": one.sha256,
                    "system": system or None,
                    "export": export or None,
                    "variant": one.variant,
                    "encoding": one.encoding or None,
                    "compression": one.compression,
                    "size_bytes": one.size,
                    "delivered_at": one.delivered_at,
                    **{name: counts.get(name, 0) for name in COUNTS},
                    "is_restated": standing[one.path, one.delivered_at[:10]] != one.sha256,
                    "status": one.status,
                    "detail": "; ".join(text for text in said if text) or None,
                }
            )
        texts = ("path", "sha256", "system", "export", "variant", "encoding", "compression")
        numbers = COUNTS
        schema = pa.schema(
            [(name, pa.string()) for name in texts]
            + [("size_bytes", pa.int64()), ("delivered_at", pa.string())]
            + [(name, pa.int64()) for name in numbers]
            + [("is_restated", pa.bool_()), ("status", pa.string()), ("detail", pa.string())]
        )
        _register(run, "landed_files", pa.Table.from_pylist(rows, schema))
        return "select * replace (delivered_at::timestamp as delivered_at) from landed_files"

    return _account(run, "raw.source_files", ("path", "sha256"), compute)


def _make_quarantine(run: Run) -> Made:
    def compute() -> str:
        parts = _read_parts(run)
        rows, selects = [], []
        for one in take_inventory(run):
            if one.status == "quarantined":
                for finding in one.findings:
                    if finding["severity"] == "error":
                        said = {key: finding[key] for key in ASIDE.names if key in finding}
                        rows.append(
                            {
                                "path": one.path,
                                "sha256": one.sha256,
                                "action": "set_aside",
                                "row_number": None,
                                "column_name": finding["column"],
                                **said,
                            }
                        )
            for action, file in parts.get(one.sha256, {}).get("files", {}).items():
                if one.status == "accepted" and file:
                    path = run.lake.directory(parts[one.sha256]["table"]) / file
                    names = ", ".join(ASIDE.names)
                    selects.append(
                        f"select {quoted(one.path)} as path, {quoted(one.sha256)} as sha256, "
                        f"'{action}' as action, {names} from read_parquet({quoted(path)}) "
                        f"where reason <> '{ERASED}'"
                    )
            if one.status == "accepted" and (erased := parts.get(one.sha256, {}).get("rows_erased")):
                # In one line: which rows they were is nobody's business.
                rows.append(
                    {
                        "path": one.path,
                        "sha256": one.sha256,
                        "action": "set_aside",
                        "reason": ERASED,
                        "expected": "",
                        "found": f"rows of people who were erased: {erased}",
                        "remedy": "nothing is to be done",
                    }
                )
        texts = [(name, pa.string()) for name in ("path", "sha256", "action")]
        schema = pa.schema([*texts, *ASIDE])
        _register(run, "files_aside", pa.Table.from_pylist(rows, schema))
        names = ", ".join(schema.names)
        relation = " union all ".join([f"select {names} from files_aside", *selects])
        return f"""select md5(concat_ws('|', sha256, path, row_number, column_name, reason))
            as quarantine_id, path, row_number, action, column_name, reason, expected, found, remedy
            from (select distinct * from ({relation}))"""

    return _account(run, "raw.quarantine", ("quarantine_id",), compute)


def _account(run: Run, table: str, grain: tuple[str, ...], compute) -> Made:
    """What was read tonight may have told of rows read before that were an erased person's, too."""
    drop_erased(run)
    inputs = [f"raw.{contract.name}" for contract in connectors.contracts()]
    files = fingerprint([asdict(one) for one in take_inventory(run)])
    return make_table(
        run, table, code=table, inputs=inputs, grain=grain, extra=files, compute=compute
    )


def _register(run: Run, name: str, table: pa.Table) -> None:
    run.con.register("arriving", table)
    run.con.execute(f"create or replace temp table {name} as from arriving")
    run.con.unregister("arriving")


# Looking without a run ---------------------------------------------------------------------------


def inspect_paths(paths: Iterable[Path]) -> list[dict]:
    """What `cdp inspect` tells of each file: contract, why, encoding, rows, period, what is wrong."""
    import tempfile

    found = []
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        con = connect(spill=scratch / "spill")
        con.execute((PROJECT / "sql" / "functions.sql").read_text(encoding="utf-8"))
        for path in paths:
            root = path.resolve() if path.is_dir() else path.resolve().parent
            files = landed_files(root) if path.is_dir() else [path.resolve()]
            settings = Settings(exports=root, home=scratch)
            for file in files:
                for one, member, detection in look(file, settings):
                    found.append(_inspected(one, member, detection, scratch, con))
        con.close()
    return found


def _inspected(one: Landed, member, detection, scratch: Path, con) -> dict:
    said = {
        "path": one.path,
        "contract": one.contract,
        "reason": detection.reason if detection else one.findings[0]["reason"],
        "variant": one.variant,
        "encoding": one.encoding,
        "compression": one.compression,
        "delivered_at": one.delivered_at,
        "nearest": detection.nearest if detection else None,
        "missing": list(detection.missing) if detection else [],
        "rows_read": 0,
        "rows_accepted": 0,
        "rows_quarantined": 0,
        "period": None,
        "findings": list(one.findings),
        "set_aside": [],
    }
    if one.status == "accepted":
        reading = read(member, detection, part=scratch / "part.parquet", con=con)
        said |= {
            "rows_read": reading.rows_read,
            "rows_accepted": reading.rows_accepted,
            "rows_quarantined": reading.rows_quarantined,
            "period": reading.period,
            "findings": [*one.findings, *_said(reading.warnings)],
            "set_aside": _reasons(reading),
        }
    return said


def _reasons(reading: Reading) -> list[dict]:
    """Why rows were set aside: a row for every reason and column, with the first of the rows."""
    found: dict[tuple, dict] = {}
    for row in reading.quarantine.select(ASIDE.names).to_pylist():
        one = found.setdefault((row["reason"], row["column_name"]), row | {"rows": 0})
        one["rows"] += 1
    return list(found.values())
