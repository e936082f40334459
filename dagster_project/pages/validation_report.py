"""Whether data pass, for people and for CI: one page, and JUnit's XML.

Here belongs how results are laid out. What is asked is in validation.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from xml.etree import ElementTree as xml

from dagster_project.pages.page import page
from dagster_project.pages.sentences import Section
from dagster_project.validation import INFO, Result, passes, tell

FAILED, PASSED = "What does not hold", "What holds"

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_html(results: Sequence[Result], *, of: Path, strict: bool) -> str:
    """The verdict, what does not hold as a table, and all the rest in one line each."""
    failed = [one for one in results if not one.passed]
    verdict = "passes" if passes(results, strict=strict) else "does not pass"
    counts = ", ".join(
        f"{sum(one.severity == severity for one in failed):,} {severity}s"
        for severity in ("error", "warning")
    )
    sections = [
        Section(f"{of.name} {verdict}", (f"{len(results):,} checks: {counts}.",)),
        Section(FAILED, () if failed else ("Nothing.",)),
        Section(PASSED, tuple(tell(one) for one in results if one.passed)),
    ]
    return page(sections, pictures={FAILED: _table(failed)} if failed else None)


def to_junit(results: Sequence[Result], *, of: Path, strict: bool) -> str:
    """A test case for each result, by table or file. A warning fails only where it is strict."""
    suite = xml.Element(
        "testsuite",
        name=_clean(f"cdp validate {of.name}"),
        tests=str(len(results)),
        failures=str(sum(not passes([one], strict=strict) for one in results)),
        errors="0",
    )
    for one in results:
        name = ", ".join(part for part in (one.claim, one.column_name) if part)
        case = xml.SubElement(suite, "testcase", classname=_clean(one.subject), name=_clean(name))
        said = _clean(tell(one))
        if not passes([one], strict=strict):
            xml.SubElement(case, "failure", type=one.severity, message=said).text = said
        elif not one.passed or one.severity == INFO:
            xml.SubElement(case, "system-out").text = said
    root = xml.Element("testsuites")
    root.append(suite)
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _table(failed: Sequence[Result]) -> str:
    heads = ("severity", "table or file", "row", "column", "what", "rows", "expected", "found", "remedy")
    rows = [
        (
            one.severity,
            one.subject,
            one.row_number,
            one.column_name,
            one.claim,
            one.failing_rows,
            one.expected,
            one.found if one.observed is None else f"{one.observed:g}",
            one.remedy,
        )
        for one in sorted(failed, key=lambda one: ("error", "warning", "info").index(one.severity))
    ]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(str(cell or ''))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold, which a file's name may have."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
