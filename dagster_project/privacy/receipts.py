"""Receipts: what an erasure found and left behind, in numbers, under a signature.

Here belong their form, where they lie and how one is checked. A receipt holds counts, names of files and
kinds of identifiers; nothing in it names anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from dagster_project.lake import write_atomically
from dagster_project.privacy.keys import Key, Keys, load_keys
from dagster_project.settings import Settings


@dataclass(frozen=True)
class LayerCount:
    """One layer of the home before an erasure and after it."""

    layer: str
    tables: int
    rows_before: int
    rows_after: int
    files_rewritten: int


@dataclass(frozen=True)
class Receipt:
    """What became of one request. `found` counts what was known of the person, by kind; `layers` and
    `exports` are those of the job that erased it, which may have served several requests. `sought` are
    the texts for which every byte was read in the end, `still_there` the files in which one stood: none
    of the home's, or there is no receipt."""

    request_id: str
    erased_at: str
    proven_at: str
    found: dict[str, int]
    layers: tuple[LayerCount, ...]
    exports: tuple[dict, ...]
    sought: int
    still_there: tuple[str, ...]


def write(settings: Settings, receipt: Receipt) -> tuple[Path, str]:
    """Sign a receipt and keep it. Returns its place and the digest that the ledger remembers."""
    said = asdict(receipt)
    signed = said | {"signature": signature(said, load_keys(settings).current)}
    text = json.dumps(signed, indent=1) + "\n"
    path = settings.privacy / "receipts" / f"{receipt.request_id}.json"
    write_atomically(path, text)
    path.chmod(0o600)
    return path, hashlib.sha256(text.encode()).hexdigest()


def is_genuine(path: Path, keys: Keys) -> bool:
    """Whether a receipt says what it said when it was signed, under one of the keys."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        signed = said.pop("signature")
    except (ValueError, KeyError, AttributeError):
        return False
    return any(hmac.compare_digest(signed, signature(said, key)) for key in keys.all)


def signature(said: dict, key: Key) -> str:
    """HMAC-SHA256 of what a receipt says, however it is laid out."""
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(bytes.fromhex(key.secret), text.encode(), hashlib.sha256).hexdigest()
