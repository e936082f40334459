"""Which contract a text fulfils, and why: by its header, first records or lines.

The content decides; a folder named after the system settles a tie and nothing else. What fits no
contract is not accepted, and says which contract is nearest and what it lacks. Whether single rows
are usable is for `reading`.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from types import MappingProxyType

import connectors
from connectors.contract import Contract, Finding, normalise_header
from connectors.delivery import Member
from connectors.records import Uncut, json_objects

_HEAD = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
# So alike are a missing column and an unknown one that the vendor has renamed it.
_RENAMED = 0.85

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_ACCESS_LINE = re.compile(
    r"(?:(?P<vhost>[^\s\"\[]+) )?[^\s\"\[]+ [^\s\"]+ [^\s\"]+ \[[^\]\"]+\] "
    rf"{_QUOTED} \S+ \S+(?P<combined> {_QUOTED} {_QUOTED})?(?P<cookie> {_QUOTED})?\s*"
)


@dataclass(frozen=True)
class Detection:
    """What a text was found to be.

    `columns`: the contract's column -> the place of its header in the file. `extra`: headers that
    the contract does not know, with their places. `headers` are in file order; a format without
    headers has none. `skipped_lines`: lines before the records, in W3C logs.
    """

    contract: Contract | None
    reason: str
    findings: tuple[Finding, ...] = ()
    headers: tuple[str, ...] = ()
    columns: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    extra: tuple[tuple[int, str], ...] = ()
    variant: str | None = None
    delimiter: str = ","
    quote: str = '"'
    is_json_lines: bool = False
    skipped_lines: int = 0
    nearest: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.contract is not None


def detect(member: Member, *, contracts: Sequence[Contract] | None = None) -> Detection:
    """The one contract that the member's content fulfils, or why there is none."""
    if member.content is None:
        reason = member.findings[0].reason if member.findings else "nothing to read"
        return Detection(None, reason)
    candidates = tuple(connectors.contracts() if contracts is None else contracts)
    with member.content.open(
        encoding=member.must_decode or "utf-8", errors="replace", newline=""
    ) as file:
        head = file.read(_HEAD)
    head = head.removeprefix("\ufeff")
    start = head.lstrip()
    if start.startswith(("{", "[")):
        return _json(member, start, _of_format(candidates, "json"))
    if re.match(r"#(Version|Software|Fields|Date|Start-Date):", start):
        return _w3c(member, head, _of_format(candidates, "w3c_log"))
    access = _of_format(candidates, "access_log")
    shapes = _access_shapes(head)
    if access and shapes:
        return _access(access[0], shapes)
    return _csv(member, head, _of_format(candidates, "csv"))


def _of_format(contracts: Sequence[Contract], format: str) -> tuple[Contract, ...]:  # noqa: A002
    return tuple(contract for contract in contracts if contract.format == format)


@dataclass(frozen=True)
class _Match:
    """How a list of headers meets one contract."""

    contract: Contract
    headers: tuple[str, ...]
    columns: Mapping[str, int]
    missing: tuple[str, ...]
    obstacle: Finding | None

    @property
    def fits(self) -> bool:
        return not self.missing and self.obstacle is None

    @property
    def extra(self) -> tuple[tuple[int, str], ...]:
        known = set(self.columns.values())
        return tuple((at, one) for at, one in enumerate(self.headers) if at not in known)


def match(contract: Contract, headers: Sequence[str]) -> _Match:
    """Places of the contract's columns among the headers: current spellings first, then aliases."""
    headers = tuple(header.removeprefix("\ufeff").strip() for header in headers)
    places: dict[str, int] = {}
    for at, header in enumerate(headers):
        places.setdefault(normalise_header(header), at)
    columns: dict[str, int] = {}
    taken: set[int] = set()

    def take(name: str, at: int | None) -> None:
        if at is not None and at not in taken and name not in columns:
            columns[name] = at
            taken.add(at)

    for one in contract.columns:
        if one.containing:
            worded = re.compile(one.containing)
            holding = (at for at, word in enumerate(headers) if worded.search(word.casefold()))
            take(one.name, min(holding, default=None))
    for one in contract.columns:
        take(one.name, places.get(one.spellings[0]))
    for one in contract.columns:
        for spelling in one.spellings[1:]:
            take(one.name, places.get(spelling))
    missing = tuple(name for name in contract.required if name not in columns)
    return _Match(
        contract, headers, columns, missing, _obstacle(contract, headers, columns, places)
    )


def _obstacle(
    contract: Contract,
    headers: Sequence[str],
    columns: Mapping[str, int],
    places: Mapping[str, int],
) -> Finding | None:
    for header, meaning in contract.refused:
        if normalise_header(header) in places:
            return Finding(
                "error",
                "not an extract",
                expected=contract.title,
                found=f"{meaning}: it has a column {header}",
                remedy="deliver the export itself",
                column=header,
            )
    if contract.anchors and not any(
        all(name in columns for name in anchor) for anchor in contract.anchors
    ):
        return Finding(
            "error",
            "columns that tell this export are missing",
            expected=" or ".join(" and ".join(anchor) for anchor in contract.anchors),
            found="none of them",
            remedy="export with all columns",
        )
    if not contract.may_repeat_headers:
        counts = Counter(header.casefold() for header in headers if header)
        repeated = [header for header, count in counts.items() if count > 1]
        known = {normalise_header(headers[at]) for at in columns.values()}
        ambiguous = [one for one in repeated if normalise_header(one) in known] or repeated
        if ambiguous:
            return Finding(
                "error",
                "duplicate header",
                expected="every header once",
                found=f"{len(repeated)} headers more than once",
                remedy="export again without editing the header",
                column=ambiguous[0],
            )
    return None


def _csv(member: Member, head: str, contracts: Sequence[Contract]) -> Detection:
    best: list[tuple[_Match, str, str]] = []
    for delimiter in _DELIMITERS:
        headers, quote, rows = _header_and_rows(head, delimiter)
        if len(headers) < 2:
            continue
        for contract in contracts:
            found = match(contract, headers)
            found = _with_prefix_checked(found, rows)
            best.append((found, delimiter, quote))
    fitting = [one for one in best if one[0].fits]
    if not fitting:
        return _nearest(head, [one[0] for one in best])
    most = max(len(one[0].columns) for one in fitting)
    fitting = [one for one in fitting if len(one[0].columns) == most]
    if len(fitting) > 1:
        folders = set(member.path.lower().replace("!", "/").split("/")[:-1])
        settled = [one for one in fitting if one[0].contract.system in folders]
        if len(settled) != 1:
            names = ", ".join(sorted(one[0].contract.name for one in fitting))
            finding = Finding(
                "error",
                "fits several exports",
                expected="one",
                found=names,
                remedy="put it in a folder named after its system",
            )
            return Detection(None, f"fits several exports: {names}", (finding,))
        fitting = settled
    found, delimiter, quote = fitting[0]
    return _accepted(member, found, delimiter=delimiter, quote=quote)


def _header_and_rows(
    head: str, delimiter: str
) -> tuple[tuple[str, ...], str, list[list[str]]]:
    """Header, quote and first whole rows, as this delimiter cuts them."""
    first = head.lstrip("\r\n").split("\n", 1)[0].strip()
    quote = "'" if re.fullmatch(rf"'[^']*'({re.escape(delimiter)}'[^']*')+", first) else '"'
    previous = csv.field_size_limit(_HEAD + 1)
    rows: list[list[str]] = []
    try:
        lines = head.splitlines(keepends=True)
        if len(head) == _HEAD:
            lines = lines[:-1] or lines
        for row in csv.reader(lines, delimiter=delimiter, quotechar=quote):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    finally:
        csv.field_size_limit(previous)
    if not rows:
        return (), quote, []
    return tuple(rows[0]), quote, rows[1:]


def _with_prefix_checked(found: _Match, rows: Sequence[Sequence[str]]) -> _Match:
    prefix = found.contract.key_prefix
    if not prefix or not found.fits:
        return found
    at = found.columns[found.contract.key[0]]
    keys = [row[at].strip() for row in rows if len(row) > at and row[at].strip()]
    # Keys of another kind altogether are bad rows of this export; those of a sibling are not.
    if not keys or any(key.startswith(prefix) for key in keys):
        return found
    if not any(re.fullmatch(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?", key) for key in keys):
        return found
    return replace(
        found,
        obstacle=Finding(
            "error",
            "ids of another object",
            expected=f"ids that begin with {prefix}",
            found="none of the first rows",
            remedy="look which object was exported",
            column=found.contract.key[0],
        ),
    )


def _accepted(
    member: Member,
    found: _Match,
    *,
    delimiter: str = ",",
    quote: str = '"',
    **how: object,
) -> Detection:
    contract = found.contract
    findings = _column_findings(found)
    name = member.path.replace("!", "/").rsplit("/", 1)[-1]
    detection = Detection(
        contract,
        f"{len(found.columns)} of its {len(found.headers)} columns are those of {contract.title}",
        findings,
        headers=found.headers,
        columns=MappingProxyType(dict(found.columns)),
        extra=found.extra,
        variant=_variant(contract, found.headers, name),
        delimiter=delimiter,
        quote=quote,
        **how,
    )
    renamed = [finding for finding in findings if finding.severity == "error"]
    if renamed:
        return replace(
            detection,
            contract=None,
            reason="a column seems to be renamed",
            nearest=contract.name,
            missing=tuple(finding.column for finding in renamed),
        )
    return detection


def _variant(contract: Contract, headers: Sequence[str], file_name: str) -> str | None:
    for variant in contract.variants:
        if variant.headers and all(header in headers for header in variant.headers):
            return variant.name
        if variant.file_name and re.search(variant.file_name, file_name, re.IGNORECASE):
            return variant.name
    return None


def _column_findings(found: _Match) -> tuple[Finding, ...]:
    contract, findings = found.contract, []
    unknown = [header for _, header in found.extra if header]
    lacking = [one for one in contract.columns if one.name not in found.columns]
    suspects = unknown
    if contract.custom_suffix:
        suspects = [one for one in unknown if not one.lower().endswith(contract.custom_suffix)]
    for one in lacking if not contract.is_open else ():
        for header in suspects:
            likeness = SequenceMatcher(None, one.spellings[0], normalise_header(header)).ratio()
            if likeness >= _RENAMED:
                findings.append(
                    Finding(
                        "error",
                        "column renamed",
                        expected=one.header,
                        found=header,
                        remedy=f"if they are the same, add the spelling to {one.name} in"
                        f" connectors/{contract.system}.py",
                        column=one.name,
                    )
                )
    if unknown:
        is_usual = contract.is_open or not suspects
        findings.append(
            Finding(
                "info" if is_usual else "warn",
                "columns that the contract does not know",
                found=", ".join(unknown),
                remedy="kept in _extra; add them to the contract if they are wanted",
            )
        )
    if lacking:
        findings.append(
            Finding(
                "info",
                "optional columns missing",
                expected=", ".join(one.header for one in lacking),
                remedy="they are null; add them to the export if they are wanted",
            )
        )
    return tuple(findings)


def _nearest(head: str, matches: Sequence[_Match]) -> Detection:
    """Not accepted: the contract that shares the most columns, and what keeps it from fitting."""
    first = head.lstrip("\r\n").split("\n", 1)[0]
    near = max(
        matches,
        key=lambda one: (len(one.columns) - 2 * len(one.missing), one.contract.name),
        default=None,
    )
    if near is None or len(near.columns) < max(2, len(near.headers) // 3):
        finding = Finding(
            "error",
            "no known export",
            expected="the header of a known export",
            found=f"a first line of {len(first)} characters",
            remedy="add a contract for it under connectors/, or remove it",
        )
        return Detection(None, "no known export", (finding,))
    contract = near.contract
    findings = []
    if near.missing:
        labels = ", ".join(contract.column(name).header for name in near.missing)
        findings.append(
            Finding(
                "error",
                "required columns missing",
                expected=labels,
                found=f"{len(near.columns)} other columns of {contract.title}",
                remedy="if a column was renamed, add its new spelling to the aliases in"
                f" connectors/{contract.system}.py; else export it too",
                column=near.missing[0],
            )
        )
    if near.obstacle:
        findings.append(near.obstacle)
    return Detection(
        None,
        f"nearest is {contract.name}: {findings[0].reason}",
        tuple(findings),
        headers=near.headers,
        nearest=contract.name,
        missing=near.missing,
    )


def _json(member: Member, start: str, contracts: Sequence[Contract]) -> Detection:
    keys: dict[str, None] = {}
    fitting: Contract | None = None
    for number, one in enumerate(json_objects(member.content, encoding="utf-8")):
        if number == _SAMPLE_ROWS:
            break
        if isinstance(one, Uncut):
            continue
        found = json.loads(one)
        keys.update(dict.fromkeys(found))
        for contract in contracts:
            if fitting is None and match(contract, tuple(found)).fits:
                fitting = contract
    if fitting is None:
        is_error = {"error", "errors", "message", "code", "status"} & set(keys)
        nearest = _nearest(start, [match(contract, tuple(keys)) for contract in contracts])
        if nearest.nearest is None and is_error:
            finding = Finding(
                "error",
                "an error message in place of data",
                expected="an export",
                found="a JSON object with an error's fields",
                remedy="look at what the export's address answers; have it exported again",
            )
            return Detection(None, finding.reason, (finding,))
        return nearest
    first, _, rest = start.partition("\n")
    return _accepted(
        member,
        match(fitting, tuple(keys)),
        is_json_lines=_is_object(first) and rest.lstrip()[:1] in ("", "{"),
    )


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _access_shapes(head: str) -> Counter[str]:
    """How many of the first lines have which of the shapes; empty if it is no such log."""
    lines = [line for line in head.split("\n")[:200] if line.strip()]
    if len(head) == _HEAD:
        lines = lines[:-1]
    shapes: Counter[str] = Counter()
    for line in lines:
        found = _ACCESS_LINE.fullmatch(line)
        if found:
            shapes[
                ("vhost_" if found["vhost"] else "")
                + ("combined" if found["combined"] else "common")
                + ("_cookie" if found["cookie"] else "")
            ] += 1
    return shapes if 2 * shapes.total() >= len(lines) else Counter()


def _access(contract: Contract, shapes: Counter[str]) -> Detection:
    variant, lines = shapes.most_common(1)[0]
    return Detection(
        contract,
        f"{lines} of its first lines have the shape of a log ({variant.replace('_', ' ')})",
        variant=variant,
        delimiter=" ",
    )


def w3c_fields(line: str) -> tuple[str, ...]:
    """The names in a `#Fields:` line."""
    return tuple(line.partition(":")[2].split())


def _w3c(member: Member, head: str, contracts: Sequence[Contract]) -> Detection:
    skipped, fields, first = 0, (), ""
    for line in head.split("\n"):
        if line.startswith("#Fields:"):
            fields = w3c_fields(line)
        elif line.strip() and not line.startswith("#"):
            first = line
            break
        skipped += 1
    matches = [match(contract, fields) for contract in contracts]
    fitting = [one for one in matches if one.fits]
    if not fitting:
        return _nearest(head, matches)
    return _accepted(
        member, fitting[0], delimiter="\t" if "\t" in first else " ", skipped_lines=skipped
    )
