"""What holds for whatever is delivered: reading and normalising are functions of the records alone."""

from __future__ import annotations

import duckdb
import pytest
from faults.deliveries import HEADER, contact
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectors.delivery import preflight
from connectors.detect import detect
from connectors.reading import load_functions, read

TEXT = st.text(st.sampled_from("aé Z'\"\n,;=\t0-@.+\u200b"), max_size=8)
RECORDS = st.lists(st.tuples(TEXT, TEXT, st.sampled_from(["2026-01-01", "soon", ""])), max_size=12)
BAD_LINES = st.lists(st.sampled_from(["cut", "a,b", '"open', '003,"x"y,z']), max_size=2)


@pytest.fixture(scope="module")
def engines():
    """One engine by its number of threads."""
    found = {}
    for threads in (1, 3):
        found[threads] = duckdb.connect(config={"threads": threads})
        load_functions(found[threads])
    yield found
    for con in found.values():
        con.close()


def lines_of(records) -> list[str]:
    return [
        contact(number, last=last, street=street, created=created)
        for number, (last, street, created) in enumerate(records, start=1)
    ]


def reading_of(place, con, *files: list[str]) -> tuple[list[tuple], int]:
    """The accepted rows of some files, sorted, and how many rows were read; sums are checked."""
    rows, read_in_all = [], 0
    for number, lines in enumerate(files):
        path = place / "2026-06-01" / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8", newline="")
        (member,) = preflight(path, root=place, scratch=place / "scratch").members
        part = place / f"{number}.parquet"
        reading = read(member, detect(member), part=part, con=con)
        aside = set(reading.quarantine["row_number"].to_pylist())
        assert reading.rows_read == reading.rows_accepted + reading.rows_quarantined
        assert len(aside) == reading.rows_quarantined
        found = con.execute(
            """select * exclude (_file, _delivered_at, _path, _row_number, file_row_number), file_row_number + 1
            from read_parquet(?, file_row_number = true) order by file_row_number""", [str(part)]
        ).fetchall()
        assert len(found) == reading.rows_read
        rows += [row[:-1] for row in found if row[-1] not in aside]
        read_in_all += reading.rows_read
    return sorted(set(rows), key=repr), read_in_all


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(records=RECORDS, bad=BAD_LINES)
def test_reading_again_and_with_other_threads_gives_the_same(tmp_path_factory, engines, records, bad):
    lines = lines_of(records) + bad
    place = tmp_path_factory.mktemp("again")
    first = reading_of(place, engines[1], lines)
    part = (place / "0.parquet").read_bytes()
    assert reading_of(place, engines[1], lines) == first
    assert (place / "0.parquet").read_bytes() == part
    assert reading_of(place, engines[3], lines) == first


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(records=RECORDS, order=st.randoms(use_true_random=False), cut=st.integers(0, 12))
def test_order_duplication_splitting_and_joining_change_no_record(
    tmp_path_factory, engines, records, order, cut
):
    lines, place = lines_of(records), tmp_path_factory.mktemp("ways")
    expected, count = reading_of(place, engines[3], lines)
    shuffled = order.sample(lines, len(lines))
    for files in ([shuffled], [lines, lines], [lines[:cut], lines[cut:]], [lines[cut:] + lines[:cut]]):
        found, read_in_all = reading_of(place, engines[3], *files)
        assert found == expected
        assert read_in_all == count * (2 if files == [lines, lines] else 1)


NORMALISERS = ("as_text", "fold", "as_email", "salesforce_id", "as_unguarded", "mailbox")


@settings(max_examples=25, deadline=None)
@given(cell=st.one_of(
    TEXT, st.text(max_size=12), st.from_regex(r"\A[A-Za-z0-9]{15}([A-Z0-5]{3})?\Z"),
    st.from_regex(r"\A[A-Z.a-z+]{1,8}@[A-Za-z]{1,6}\.(com|net)\Z"),
))
def test_normalisers_are_idempotent(engines, cell):
    if "\0" in cell:
        return
    for name in NORMALISERS:
        once, twice = engines[1].execute(
            f"select {name}($cell), {name}({name}($cell))", {"cell": cell}
        ).fetchall()[0]
        assert once == twice, name
