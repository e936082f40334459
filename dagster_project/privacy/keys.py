"""Secrets outside the home, and what is hashed under them: pseudonyms, and identifiers of the ledger.

Here belong files of keys and HMAC-SHA256 (RFC 2104) as SQL. What is hashed, and what for, is said by the
modules that ask. A key that is no longer the current one stays: what was hashed under it must be found.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.settings import Settings, SettingsError

HASH_DIGITS = 32
"""Hexadecimal digits of a keyed hash: 128 bits."""


@dataclass(frozen=True)
class Key:
    """A secret as hexadecimal digits. Its id tells keys apart and tells nothing of the secret."""

    secret: str

    @property
    def id(self) -> str:
        return hashlib.sha256(bytes.fromhex(self.secret)).hexdigest()[:8]

    def hash(self, kind: str, value: str) -> str:
        """What keyed_hash(kind, value) is in SQL."""
        text = f"{kind}:{value}".encode()
        return hmac.new(bytes.fromhex(self.secret), text, "sha256").hexdigest()[:HASH_DIGITS]


@dataclass(frozen=True)
class Keys:
    """Newest first."""

    all: tuple[Key, ...]

    @property
    def current(self) -> Key:
        return self.all[0]

    def of(self, key_id: str) -> Key | None:
        return next((key for key in self.all if key.id == key_id), None)


def load_keys(settings: Settings) -> Keys:
    """The keys of the ledger; the first is made where there is none yet.

    They lie outside the home, so that who has a copy of it cannot tell whom the ledger speaks of.
    Raises SettingsError for a file that holds anything but keys.
    """
    losing = "what was hashed under it is not recognised any more"
    return Keys(tuple(Key(one) for one in read_keys(_file(settings), losing=losing)))


def add_key(settings: Settings) -> Keys:
    """Make a new key the current one; the others stay."""
    before = load_keys(settings)
    _write(_file(settings), [secrets.token_hex(32), *(key.secret for key in before.all)])
    return load_keys(settings)


def read_keys(path: Path, *, losing: str) -> tuple[str, ...]:
    """A file's keys, one a line, as hexadecimal digits; `losing` says what becomes of a lost one."""
    if not path.exists():
        _write(path, [secrets.token_hex(32)])
    try:
        found = [bytes.fromhex(line) for line in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        found = []
    if not found or any(len(key) < 16 for key in found):
        raise SettingsError(
            f"{path} is not a key: expected 32 hexadecimal digits or more; restore it from your backup, "
            f"or remove it for a new one ({losing})"
        )
    return tuple(key.hex() for key in found)


def _write(path: Path, keys: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    staged.rename(path)


def _file(settings: Settings) -> Path:
    private_place(settings)
    return settings.privacy / "keys"


def private_place(settings: Settings) -> Path:
    """The directory outside the home that only its owner enters."""
    settings.privacy.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.privacy


def hmac_sql(secret: str, text: str, digits: int) -> str:
    """SQL for the first hexadecimal digits of the HMAC-SHA256 of a text expression."""
    block = bytes.fromhex(secret).ljust(64, b"\0")
    inner = bytes(byte ^ 0x36 for byte in block).hex()
    outer = bytes(byte ^ 0x5C for byte in block).hex()
    return f"""left(sha256(
        unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({text})))
    ), {digits})"""


def define_keyed_hash(con: duckdb.DuckDBPyConnection, key: Key) -> None:
    """keyed_hash(kind, value) under the key, for as long as the connection lives."""
    hashed = hmac_sql(key.secret, "kind || ':' || value::varchar", HASH_DIGITS)
    con.execute(f"create or replace temp macro keyed_hash(kind, value) as {hashed}")
