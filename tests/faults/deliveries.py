"""Small true exports, and bytes made of them, for the tests that deliver what is wrong."""

from __future__ import annotations

import io
import json
import zipfile

HEADER = (
    "Id,IsDeleted,AccountId,LastName,FirstName,MailingStreet,MailingPostalCode,MailingCountry,"
    "Phone,Email,Birthdate,CreatedDate,LastModifiedDate,SystemModstamp"
)
LOG = '203.0.113.7 - - [31/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11)"'
EVENT = {"sg_event_id": "a", "email": "ada@lovelace.net", "timestamp": 1780221903, "event": "open"}
CALL = {
    "messageId": "m", "anonymousId": "v", "type": "page", "name": "Home",
    "timestamp": "2026-05-31T10:05:03Z",
}


def contact(
    number: int,
    *,
    last: str = "Lovelace",
    first: str = "Ada",
    email: str = "ada@lovelace.net",
    created: str = "2026-01-01T00:00:00.000Z",
    deleted: str = "false",
    street: str = "12 St James Sq",
    changed: str = "2026-02-01T00:00:00.000Z",
) -> str:
    """One line; cells are quoted."""
    cells = (
        f"003{number:012}AAA", deleted, "", last, first, street, "10001", "US", "(212) 555-0147",
        email, "1985-12-10", created, changed, changed,
    )
    return ",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in cells)


def contacts(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


THREE = contacts(contact(1), contact(2), contact(3, last="Hopper", first="Grace", email="g@hopper.net"))


def events(*changes: dict, base: dict = EVENT) -> bytes:
    """SendGrid's events, or Segment's calls, one a line."""
    key = "sg_event_id" if base is EVENT else "messageId"
    rows = [base | {key: f"{base[key]}{n}"} | one for n, one in enumerate(changes)]
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


def zipped(**entries: bytes | str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()
