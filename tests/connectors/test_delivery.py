import bz2
import gzip
import io
import zipfile
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from connectors.delivery import Limits, delivered_at

TEXT = "Id,Name\n1,Ana\n"


def zipped(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def zstandard(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def reason(delivery):
    findings = [*delivery.findings, *(one for m in delivery.members for one in m.findings)]
    return findings[0].reason


@pytest.mark.parametrize(
    ("compression", "packed"),
    [
        ("none", TEXT.encode()),
        ("gzip", gzip.compress(TEXT.encode(), mtime=0)),
        ("bzip2", bz2.compress(TEXT.encode())),
        ("zstd", zstandard(TEXT.encode())),
        ("zip", zipped(**{"a.csv": TEXT})),
    ],
)
def test_compressed_files_are_read_as_they_are(landing, compression, packed):
    delivery = landing.deliver("export", packed)
    (member,) = delivery.members
    assert delivery.compression == compression
    assert member.content.read_text() == TEXT


def test_a_zip_has_as_many_members_as_entries(landing):
    delivery = landing.deliver("a.zip", zipped(**{"x/a.csv": TEXT, "b.csv": TEXT + "2,Bo\n"}))
    assert [one.path for one in delivery.members] == ["a.zip!x/a.csv", "a.zip!b.csv"]
    assert len({one.sha256 for one in delivery.members}) == 2


@pytest.mark.fault(43)
def test_entries_that_point_outside_stay_inside(landing):
    delivery = landing.deliver("a.zip", zipped(**{"../../evil.csv": TEXT, "/etc/evil.csv": TEXT}))
    assert {one.content.parent for one in delivery.members} == {landing.scratch}
    assert not list(landing.root.parent.rglob("evil.csv"))


@pytest.mark.fault(23)
@pytest.mark.parametrize("cut", [20, -4, -1])
@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TEXT.encode() * 100),
        zipped(**{"a.csv": TEXT * 100}),
        zstandard(TEXT.encode() * 100),
        bz2.compress(TEXT.encode() * 100),
    ],
    ids=["gzip", "zip", "zstd", "bzip2"],
)
def test_a_truncated_archive_is_set_aside_whole(landing, packed, cut):
    delivery = landing.deliver("a", packed[:cut])
    assert not delivery.members
    assert reason(delivery) == "archive is damaged or cut off"


def test_a_damaged_entry_sets_the_whole_archive_aside(landing):
    packed = bytearray(zipped(**{"a.csv": TEXT * 100, "b.csv": TEXT}))
    packed[40] ^= 255
    assert not landing.deliver("a.zip", bytes(packed)).members


@pytest.mark.fault(43)
def test_an_archive_within_an_archive_is_refused(landing):
    delivery = landing.deliver("a.zip", zipped(**{"b.zip": zipped(**{"c.csv": TEXT})}))
    assert reason(delivery) == "archive within an archive"


@pytest.mark.fault(43)
@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped(**{"a.csv": text})])
def test_a_bomb_is_not_unpacked(landing, pack):
    limits = Limits(ratio=10, ratio_from_bytes=1_000)
    delivery = landing.deliver("a", pack(b"0" * 1_000_000), limits=limits)
    assert reason(delivery) == "unpacks to too much"
    assert sum(one.stat().st_size for one in landing.scratch.iterdir()) <= 1_000


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_empty(landing, content):
    assert reason(landing.deliver("a.csv", content)) == "empty file"


@pytest.mark.parametrize(
    "content", ["<!DOCTYPE html><html>", "\n<html><body>502", "<?xml version='1.0'?><Error/>"]
)
def test_an_error_page_is_not_data(landing, content):
    delivery = landing.deliver("Contact.csv", content)
    assert reason(delivery) == "a web page or XML in place of data"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Id,Näme\n1,José\n".encode(), "utf-8"),
        ("\ufeffId,Näme\n1,José\n".encode(), "utf-8"),
        ("Id,Näme\n1,José\n".encode("cp1252"), "cp1252"),
        ("Id,Näme\n1,José\n".encode("utf-16"), "utf-16-le"),
        ("Id,Näme\n1,José\n".encode("utf-16-le"), "utf-16-le"),
        ("Id,Näme\n1,José\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_any_encoding_becomes_utf_8(landing, content, encoding):
    (member,) = landing.deliver("a.csv", content).members
    assert member.encoding == encoding
    assert member.content.read_text("utf-8-sig") == "Id,Näme\n1,José\n"


def test_mixed_encodings_are_reported(landing):
    (member,) = landing.deliver("a.csv", "Id,Näme\n1,José\n".encode() + b"2,Jos\xe9\n").members
    assert member.must_decode == "utf-8"
    assert member.findings[0].reason == "mixed encodings"


@pytest.mark.fault(43)
@pytest.mark.parametrize("name", ["d[1].csv", "consent=true/a.csv", "'; drop table x; --.csv"])
def test_a_hostile_name_is_not_the_name_that_is_read(landing, name):
    (member,) = landing.deliver(name, TEXT).members
    assert member.path == name
    assert member.content.name.isalnum()


def test_the_same_bytes_under_another_name_have_the_same_hash(landing):
    first, second = landing.deliver("a.csv", TEXT), landing.deliver("b.csv", TEXT)
    assert first.members[0].sha256 == second.members[0].sha256


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("mailchimp/2026-03-01/a.csv", datetime(2026, 3, 1, tzinfo=UTC)),
        ("20260301/a.csv", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01/access-20260228.log", datetime(2026, 2, 28, tzinfo=UTC)),
        ("batch-2026-03-01-x/a.csv", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2026-13-01/a.csv", datetime(2020, 1, 1, tzinfo=UTC)),
        ("120260301/a.csv", datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_date_in_the_path_is_the_day_of_delivery(path, day):
    assert delivered_at(path, datetime(2020, 1, 1, tzinfo=UTC)) == day

