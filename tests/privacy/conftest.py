"""The sample company with a mailbox that two people share, which chance has not given it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import duckdb
import pytest
from support import SAMPLE, made_once, nightly


@pytest.fixture(scope="session")
def shared_mailbox(sample_home, tmp_path_factory) -> Path:
    """`exports` and `home`, with its keys, of the sample after the wife or husband of one of its people
    came into the CRM with the other's address. Tests only read it."""

    def make(place: Path) -> None:
        shutil.copytree(sample_home.parent, place, symlinks=True, dirs_exist_ok=True)
        exports = shutil.copytree(SAMPLE / "exports", place / "exports")
        deliver_contact(place / "home", exports / "2026-06-02" / "salesforce" / "Contact.csv")
        nightly(exports, place / "home")

    return made_once(tmp_path_factory, "shared mailbox", make)


def deliver_contact(home: Path, file: Path) -> None:
    """Write the export in which one of the home's people has a husband or wife with the same address."""
    with duckdb.connect(str(home / "warehouse/current/customers.duckdb"), read_only=True) as con:
        [found] = con.execute(
            """select last_name, email, street, city, postal_code, country from profiles
            where last_name || email || street || city || postal_code is not null
                and email in (select email from identity.email_owners)
            order by source_record_count desc, profile_id limit 1"""
        ).fetchall()
    with file.open("w", newline="") as handle:
        write = csv.writer(handle)
        write.writerow(("Id", "LastName", "Email", "MailingStreet", "MailingCity", "MailingPostalCode",
                        "MailingCountry", "FirstName", "CreatedDate", "SystemModstamp"))
        at = "2026-06-01T08:00:00.000Z"
        write.writerow(("003000000000001AAA", *found, "Zbigniew", at, at))
