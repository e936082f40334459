"""What the scoreboard asks and says: a true company passes, each measure and the page see what is wrong."""

from __future__ import annotations

import shutil
from datetime import date
from math import exp
from pathlib import Path

import duckdb
import pytest
from support import SAMPLE

from dagster_project.pages.scoreboard_page import line, to_page
from dagster_project.scoreboard.measures import FLOORS, MEASURES, Measure, take, take_links, total
from dagster_project.scoreboard.nights import Night, Scoreboard
from dagster_project.scoreboard.processes import Used

NIGHT = date(2026, 6, 1)


@pytest.fixture(scope="module")
def database(sample_home) -> Path:
    return (sample_home / "warehouse" / "current" / "customers.duckdb").resolve()


def test_a_true_company_reaches_every_floor(database, tmp_path):
    found = take(database, SAMPLE / "truth", tmp_path / "memory", on=NIGHT, is_held=False)
    assert [floor.name for floor in FLOORS if not floor.holds(found)] == []
    assert total(found, "money to the cent").right > 100 and total(found, "timeline").share == 1


@pytest.mark.parametrize(
    ("name", "table", "told"),
    [
        ("pairwise precision", "records", "select record_key, record_key as person_id from told"),
        ("pairwise recall", "records", "select record_key, 'one' as person_id from told"),
        ("b-cubed precision", "records",
         "select record_key, lag(person_id, 1, person_id) over (order by record_key) as person_id from told"),
        ("money to the cent", "orders", "select * replace (total + 0.01 as total) from told"),
        ("orders with their person", "orders", "select * replace ('P1' as person_id) from told"),
        ("timeline", "events", "from told order by all offset 1"),
        ("visitors", "visitors", "select * replace ('P1' as person_id) from told"),
        ("segments", "orders",
         "select * replace (ordered_at - interval 400 days as ordered_at) from told"),
        ("golden attributes", "people", "select * replace ('Atlantis' as city) from told"),
        ("grants of consent", "consents", "select * replace ('denied' as status) from told"),
        ("set aside as planted", "faults",
         "from told union all values (date '2026-06-01', 'lost.csv', 26, 'whole', 9)"),
        ("faults handled", "faults",
         "from told union all values (date '2026-06-01', 'lost.csv', 26, 'whole', 9)"),
        ("erased for good", "erasures",
         "select 'P00000001' as person_id, date '2026-06-01' as asked_on, (select [min(record_key)] "
         "from published.main.profile_records) as identifiers"),
    ],
)
def test_a_measure_sees_what_is_wrong(database, tmp_path, name, table, told):
    truth = Path(shutil.copytree(SAMPLE / "truth", tmp_path / "truth"))
    with duckdb.connect() as con:
        con.execute(f"attach '{database}' as published (read_only)")
        con.execute(f"create table told as from '{SAMPLE / 'truth' / table}.parquet'")
        con.execute(f"copy ({told}) to '{truth / table}.parquet'")
    right, wrong = (
        total(take(database, place, tmp_path / "memory", on=NIGHT, is_held=False), name).wrong
        for place in (SAMPLE / "truth", truth)
    )
    assert wrong > right


def test_another_systems_entities_are_asked_the_same(database, tmp_path):
    """Ours in the file that others deliver; in a second night everybody has another id."""
    with duckdb.connect() as con:
        con.execute(f"attach '{database}' as published (read_only)")
        con.execute(f"""copy (
            select night, record_key, profile_id || if(night = '2026-06-02', 'x', '') as entity_id
            from published.main.profile_records cross join unnest(['2026-06-01', '2026-06-02']) as nights (night)
        ) to '{tmp_path / "links.csv"}'""")
    first, second = (
        take_links(tmp_path / "links.csv", SAMPLE / "truth", tmp_path / "memory", on=on)
        for on in (NIGHT, date(2026, 6, 2))
    )
    ours = take(database, SAMPLE / "truth", tmp_path / "other", on=NIGHT, is_held=False)
    assert [one for one in ours if one.name in {each.name for each in first}] == first
    kept = total(second, "ids kept or changed with cause")
    assert (kept.right, total(second, "pairwise recall")) == (0, total(first, "pairwise recall"))


# A few rows --------------------------------------------------------------------------------------


@pytest.fixture
def ask(database):
    """ask("ids", {table: rows}) is what a measure says of a few rows: columns that are not named are null."""

    def answer(measure: str, tables: dict[str, list[dict]]) -> dict[tuple, tuple]:
        [path] = [one for one in MEASURES if one.stem == measure]
        with duckdb.connect() as con:
            con.execute(f"attach '{database}' as published (read_only)")
            for place in ("before", "truth"):
                con.execute(f"attach ':memory:' as {place}")
            con.execute("create schema identity")
            for name, rows in tables.items():
                like = name.removeprefix("before.")
                con.execute(f"create table {name} ({KNOWN[name]})" if name in KNOWN
                            else f"create table {name} as from published.{like} limit 0")
                for row in rows:
                    values = ", ".join(f"${key}" for key in row)
                    con.execute(f"insert into {name} ({', '.join(row)}) values ({values})", row)
            found = con.execute(path.read_text(encoding="utf-8")).fetchall()
        return {(name, detail): (right or 0, wrong or 0) for name, detail, right, wrong in found}

    return answer


KNOWN = {
    "before.owners": "profile_id varchar, person_id varchar",
    "truth.owners": "profile_id varchar, person_id varchar",
    "truth.erasures": "person_id varchar, asked_on date, identifiers varchar[]",
    "truth.faults": "night date, path varchar, fault int, must varchar, rows int",
    "truth.people": "person_id varchar, orders_per_year double, ends_on date",
    "truth.tonight": "night date, is_held boolean",
}


def changed(kind: str, left: str, right: str) -> dict:
    return {"change_id": f"{kind}{left}", "kind": kind, "profile_id": left, "into_profile_id": right}


def test_ids_merges_and_splits(ask):
    """a takes in b, rightly; d loses e's records to a new id, rightly; c takes in f, who is another."""
    was = {"a": "A", "b": "A", "c": "C", "d": "D", "f": "F"}
    now = {"a": "A", "c": "C", "d": "D", "e": "E"}
    records = {"r1": "aa", "r2": "ba", "r3": "dd", "r4": "de", "r5": "cc", "r6": "fc", "r7": "cg"}
    found = ask("ids", {
        "before.profile_records": [{"record_key": key, "profile_id": ids[0]} for key, ids in records.items()],
        "before.profile_changes": [],
        "before.owners": [{"profile_id": one, "person_id": who} for one, who in was.items()],
        "profile_records": [{"record_key": key, "profile_id": ids[1]} for key, ids in records.items()],
        "profile_changes": [changed("merged", "b", "a"), changed("split", "d", "e"), changed("merged", "f", "c")],
        "profile_redirects": [{"profile_id": "b", "current_profile_id": "a"},
                              {"profile_id": "f", "current_profile_id": "c"}],
        "truth.owners": [{"profile_id": one, "person_id": who} for one, who in now.items()],
        "truth.erasures": [],
    })
    assert found == {
        ("ids kept or changed with cause", None): (6, 1),
        ("old ids that lead to their person", None): (1, 1),
        ("merges and splits", "merged"): (1, 1),
        ("merges and splits", "split"): (1, 0),
    }


def test_scores_are_held_against_what_makes_people_buy(ask):
    """Of three who buy 1, 4 and 12 times a year one told the chances as they are; one the other way round."""
    rates, day = {"a": 1, "b": 4, "c": 12}, date(2026, 6, 2)
    chances = {one: 1 - exp(-rate * 30 / 365) for one, rate in rates.items()}
    backwards = dict(zip(rates, reversed(chances.values())))
    for told, order, error in ((chances, 1, 0), (backwards, -1, 0.366)):
        found = ask("scores", {
            "scores": [{"profile_id": one, "score": "propensity", "value": value, "as_of": day}
                       for one, value in told.items()],
            "truth.owners": [{"profile_id": one, "person_id": one} for one in rates],
            "truth.people": [{"person_id": one, "orders_per_year": rate, "ends_on": date(2030, 1, 1)}
                             for one, rate in rates.items()],
        })
        assert found["scores in order", "propensity"][0] == pytest.approx(order)
        assert found["scores calibrated", "propensity"][1] == pytest.approx(error, abs=0.001)


FILE = {"path": "f", "system": "s", "export": "e", "delivered_at": date(2026, 6, 2), "status": "accepted",
        "rows_read": 9, "rows_quarantined": 0, "rows_erased": 0, "is_restated": False}
DELIVERY = {"system": "s", "export": "e", "delivered_on": date(2026, 6, 2), "budget_verdict": "within"}


@pytest.mark.parametrize(
    ("fault", "must", "file", "besides", "is_handled"),
    [
        (15, "read", FILE, {}, True),
        (15, "read", FILE | {"status": "quarantined"}, {}, False),
        (19, "served", None, {}, True),
        (13, "noted", FILE | {"status": "duplicate"}, {}, True),
        (13, "noted", FILE, {}, False),
        (14, "warned", FILE | {"is_restated": True}, {"failed": "no_file_was_replaced"}, True),
        (14, "warned", FILE | {"is_restated": True}, {}, False),
        (22, "warned", FILE, {"failed": "volume_is_usual"}, True),
        (22, "warned", FILE, {"is_held": True}, False),
        (21, "rows", FILE | {"rows_quarantined": 1}, {}, True),
        (21, "rows", FILE, {}, False),
        (26, "whole", FILE | {"status": "quarantined"}, {}, True),
        (26, "whole", FILE, {}, False),
        (30, "held", FILE, {"is_held": True, "budget": "over"}, True),
        (30, "held", FILE, {"budget": "over"}, False),
        (39, "no evidence", None, {"guard": "placeholder"}, True),
        (39, "no evidence", None, {"guard": None}, False),
        (42, "dropped", FILE | {"rows_erased": 2}, {}, True),
        (42, "dropped", FILE | {"rows_erased": 1}, {}, False),
    ],
)
def test_a_fault_is_handled_as_it_must_be(ask, fault, must, file, besides, is_handled):
    night = date(2026, 6, 2)
    found = ask("faults", {
        "truth.tonight": [{"night": night, "is_held": besides.get("is_held", False)}],
        "truth.faults": [{"night": night, "path": "f" if must != "no evidence" else None, "fault": fault,
                          "must": must, "rows": 2}],
        "source_files": [file] if file else [],
        "deliveries": [DELIVERY | {"budget_verdict": besides.get("budget", "within")}],
        "quality_results": [{"check_name": besides.get("failed", "another"), "passed": False}],
        "identity.record_identifiers": [{"value": "test@test.com", "guard": besides.get("guard")}] * 2,
    })
    assert found == {("faults handled", f"fault {fault}"): (is_handled, not is_handled)}


# What is said of it -------------------------------------------------------------------------------


def board(*nights: dict[str, tuple[float, float]], differing: dict[str, int] | None = None) -> Scoreboard:
    used = Used(0, 10.0, 5.0, 1_000_000)
    return Scoreboard(
        people=100, seed=1, whole=Used(0, 40.0, 20.0, 1_000_000), differing=differing or {},
        nights=tuple(
            Night(date(2026, 6, day), is_held=False, erased=0, used=used, bytes_delivered=1, bytes_written=1,
                  measures=tuple(Measure(name, None, *counts) for name, counts in told.items()))
            for day, told in enumerate(nights, start=1)
        ),
    )


GOOD = {floor.name: (1000.0, 0.0) for floor in FLOORS}


def test_a_board_that_reaches_every_floor_says_so():
    found = board(GOOD, GOOD)
    assert found.missed == []
    assert "2,000 of 2,000 planted faults handled" in line(found) and "25% of that run's CPU" in line(found)
    assert "Every floor holds, every night" in to_page(found) and 'figure class="bad"' not in to_page(found)


def test_what_is_missed_is_told_first():
    found = board(GOOD, GOOD | {"grants of consent": (9.0, 1.0), "pairwise recall": (9.0, 1.0)},
                  differing={"golden.<orders>": 3})
    assert found.missed == [
        "pairwise recall on 2026-06-02: 0.9000; floor: at least 0.95",
        "grants of consent on 2026-06-02: 1 wrong; floor: 0 wrong",
        "golden.<orders>: 3 rows are not those of one run over everything",
    ]
    page = to_page(found)
    assert page.index("golden.&lt;orders&gt;: 3 rows") < page.index("<h2>Floors</h2>")
    assert page.count('figure class="bad"') == 3
    assert "1 false grants of consent" in line(found) and "recall 0.9000 at worst" in line(found)
