"""Each switch of a scenario does what it says and nothing else; the truth tells of what has arrived."""

import csv
import hashlib
import io
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import simulator
from simulator.files import Night, lay
from simulator.mishaps import Carrier
from simulator.scenario import USUAL, Scenario, Switch, read
from simulator.turns import JUNK_EMAIL, JUNK_PHONE

SET_ASIDE = (26, 30)


def company(place: Path, scenario, *, people: int = 200, nights: int = 2) -> Path:
    simulator.simulate(place, people=people, nights=nights, scenario=scenario, is_told_nightly=True)
    return place


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }


def told(place: Path, table: str, night: str = "") -> pl.DataFrame:
    return pl.read_parquet(place / "truth" / night / f"{table}.parquet")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="latin-1"), newline="")))


def exported(place: Path, pattern: str) -> list[dict[str, str]]:
    return [row for path in sorted((place / "exports").glob(pattern)) for row in rows_of(path)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return company(tmp_path_factory.mktemp("plain"), None)


@pytest.fixture(scope="module")
def month(tmp_path_factory) -> Path:
    return company(tmp_path_factory.mktemp("month"), "month", people=500, nights=11)


# The file.


def test_a_scenario_says_which_switches_are_on_and_how():
    scenario = read({"bots": {"times": 3, "nights": [4]}, "deaths": False, "junk": True})
    assert set(scenario.switches) == {"bots", "junk"}
    assert scenario.on("bots", 4).times == 3
    assert scenario.on("bots", 5) is None and scenario.on("junk", 5) == USUAL["junk"]


def test_nothing_happens_in_the_first_night_which_is_the_past():
    assert read({"deaths": {"nights": [1, 2]}}).on("deaths", 1) is None


def test_all_that_is_wrong_with_a_scenario_is_told_at_once():
    with pytest.raises(ValueError, match="plague is no switch; bots has no rate; junk is neither"):
        read({"plague": True, "bots": {"rate": 2}, "junk": 3})


def test_a_mishap_needs_files_whose_records_the_truth_can_find(tmp_path):
    with pytest.raises(ValueError, match="cut cannot happen to segment/"):
        company(tmp_path, read({"cut": {"export": "segment/"}}))


def test_the_ready_month_has_every_switch_on():
    assert set(simulator.load("month").switches) == set(USUAL)


# Nothing else.


def test_a_scenario_that_has_not_begun_changes_no_file(plain, tmp_path):
    later = Scenario({name: Switch(nights=(9,), export=one.export) for name, one in USUAL.items()})
    found = digests(company(tmp_path, later) / "exports")
    assert found == digests(plain / "exports")


def test_without_a_scenario_nothing_planted_is_told(plain):
    assert not any(len(told(plain, name)) for name in ("erasures", "deaths", "frauds"))
    assert set(told(plain, "faults")["fault"]) <= {34}


def test_torn_lines_of_a_log_are_told_by_file(tmp_path):
    carrier, on = Carrier(Scenario()), date(2026, 6, 2)
    night = Night(tmp_path, on, on, 2, carrier)
    carrier.begin(night, {})
    request = b'a - - [02/Jun/2026:01:00:00 +0000] "GET /'
    ends = b'" 200 5 "-" "me" "vid=1"', b"", b'" 200 5', b'" 200 5 "https:'
    night.write("weblogs", "www-access-2026-06-01.log", b"".join(request + end + b"\n" for end in ends))
    assert faults(carrier) == [(2, "2026-06-02/weblogs/www-access-2026-06-01.log", 34, "rows", 2)]


def test_a_night_does_not_depend_on_how_many_follow_in_a_scenario_either(month, tmp_path):
    few = digests(company(tmp_path, "month", people=500, nights=4) / "exports")
    assert few.items() <= digests(month / "exports").items()


# Lives.


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A company with one switch only, made once."""
    made: dict[str, Path] = {}

    def one(name: str, nights: int = 2, **how) -> Path:
        if name not in made:
            scenario = Scenario({name: Switch(nights=tuple(range(2, nights + 1)), **how)})
            made[name] = company(tmp_path_factory.mktemp(name), scenario, nights=nights)
        return made[name]

    return one


def changed(before: Path, after: Path, *columns: str) -> pl.DataFrame:
    """People of the first night of whom one of the columns is otherwise in the end."""
    there = told(before, "people", "2026-06-01")
    old, new = (
        told(place, "people").join(there, on="person_id", how="semi").select("person_id", *columns)
        for place in (before, after)
    )
    return new.join(old, on="person_id", how="semi").join(
        old, on=["person_id", *columns], how="anti", nulls_equal=True
    )


def test_a_number_that_was_given_up_becomes_somebody_elses(plain, lived):
    given = changed(plain, lived("recycled_phones", share=0.02), "mobile")
    assert 2 <= len(given) <= 4
    assert given["mobile"].is_unique().all()
    assert not given["mobile"].is_in(told(plain, "people")["mobile"].implode()).any()


def test_who_leaves_a_household_has_another_address_and_no_landline(plain, lived):
    place = lived("households_split", share=0.03)
    left = changed(plain, place, "household_id")
    assert len(left) == 6
    alone = told(place, "people").join(left, on="person_id", how="semi")
    assert alone["landline"].is_null().all() and alone["family_email"].is_null().all()
    assert len(changed(plain, place, "street")) == 6


def test_the_dead_buy_nothing_and_join_nothing_and_the_crm_marks_or_deletes_them(lived):
    place = lived("deaths", nights=3, share=0.1)
    dead = told(place, "deaths")
    assert len(dead) == 40
    done = told(place, "events").join(dead, on="person_id").filter(
        pl.col("occurred_at").dt.date() >= pl.col("died_on"),
        pl.col("event_type").is_in(["order", "app_open", "product_view", "case_opened"]),
    )
    assert len(done) == 0
    contacts = exported(place, "2026-06-0[23]/salesforce/Contact.csv")
    records = told(place, "records").join(dead, on="person_id", how="semi")
    gone = {row["Id"] for row in contacts
            if row["IsDeleted"] == "true" or row["Description"] == "Deceased"}
    assert gone and {f"salesforce:contact:{one}" for one in gone} <= set(records["record_key"])
    first = records.join(dead.filter(pl.col("died_on") == date(2026, 6, 1)), on="person_id", how="semi")
    known = told(place, "records", "2026-06-01")["record_key"].implode()
    assert len(first) and first["record_key"].is_in(known).all()


def test_who_has_a_new_job_has_a_new_work_email_that_the_crm_is_told(plain, lived):
    place = lived("job_changes", share=0.04)
    hired = changed(plain, place, "account", "work_email")
    assert 6 <= len(hired) <= 8
    emails = {row["Email"] for row in exported(place, "2026-06-0[23]/salesforce/Contact.csv")}
    assert emails & set(hired["work_email"])
    own = told(place, "people")["work_email"].drop_nulls()
    assert own.is_unique().all()


def test_a_shared_mailbox_is_two_peoples(plain, lived):
    place = lived("shared_mailboxes", share=0.04)
    shared = changed(plain, place, "email")
    assert len(shared) == 8
    assert shared["email"].is_in(told(plain, "people")["email"].implode()).all()


def test_a_device_that_several_use_is_in_the_logs_and_is_no_single_person_s(lived, tmp_path):
    busy, sharing = Switch(nights=(2,), times=60), Switch(nights=(2,), share=0.9)
    together = company(tmp_path, Scenario({"black_friday": busy, "shared_devices": sharing}))
    for place, is_shared in ((lived("black_friday", times=60), False), (together, True)):
        logs = (place / "exports").glob("*/weblogs/*.log")
        text = "".join(path.read_text() for path in logs)
        cookies = set(re.findall('"vid=([0-9a-f]{16})"\n', text))
        assert bool(cookies - set(told(place, "visitors")["visitor"])) == is_shared


def test_frauds_are_names_at_one_number_and_address_and_each_is_told_apart(lived):
    place = lived("fraud")
    gang = told(place, "people").join(told(place, "frauds"), on="person_id")
    assert gang["email"].n_unique() == len(gang) == 6
    assert gang["mobile"].n_unique() == gang["street"].n_unique() == 1
    records = told(place, "records").join(told(place, "frauds"), on="person_id")
    assert records["record_key"].str.starts_with("shopify:customers").any()


def test_junk_stands_in_the_crm_and_in_the_shop(lived):
    place = lived("junk", share=0.06)
    contacts = exported(place, "2026-06-0[23]/salesforce/Contact.csv")
    assert sum(row["Email"] == JUNK_EMAIL for row in contacts) >= 4
    customers = exported(place, "2026-06-0[23]/shopify/customers*")
    assert sum(row["Phone"] == JUNK_PHONE for row in customers) >= 8
    assert set(told(place, "faults")["fault"]) == {39}


def test_a_clerk_spoils_a_name_and_another_corrects_it(lived):
    place = lived("clerks", nights=3, share=0.06, after=1)
    names: dict[str, list[str]] = {}
    for row in exported(place, "*/salesforce/Contact.csv"):
        names.setdefault(row["Id"], []).append(row["LastName"])
    assert any(len(one) == 3 and one[0] == one[2] != one[1] for one in names.values())


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("black_friday", "square/transactions*"), ("black_friday", "shopify/orders*"),
     ("bots", "weblogs/www-access*"), ("consents", "preferences/*")],
)
def test_there_is_more_of_it_in_the_nights_that_are_named(plain, lived, name, pattern):
    def size(place: Path) -> int:
        return sum(path.stat().st_size for path in (place / "exports").glob(f"2026-06-02/{pattern}"))

    assert size(lived(name, times=60)) > 3 * size(plain)


def test_an_erasure_names_all_that_the_person_is_known_by_and_she_is_sent_again(lived):
    place = lived("erasures", nights=3, share=0.01, after=1)
    asked = told(place, "erasures")
    assert asked.filter(pl.col("asked_on") == date(2026, 6, 2)).height >= 1
    keys = told(place, "records").join(asked, on="person_id")
    assert (keys["record_key"].is_in(keys["identifiers"])).any()
    first = set(asked.filter(pl.col("asked_on") == date(2026, 6, 2))["identifiers"].explode())
    again = {"shopify:customers:" + row["Customer ID"][1:]
             for row in exported(place, "2026-06-03/shopify/customers*")}
    assert again & first
    assert 42 in set(told(place, "faults")["fault"])


# Deliveries: one file, and what becomes of it.

HEADER = "Name,Email,Created at,Id,Note\n"


def content_of(number: int) -> bytes:
    """Six orders of a night: 21 to 26 of the second."""
    rows = (f'#{number}{n},a@x.example,2026-06-0{number} 10:00:00,{number}{n},"a\nb"\n'
            for n in range(1, 7))
    return (HEADER + "".join(rows)).encode()


@pytest.fixture
def delivered(tmp_path):
    """Gives, night by night, the files in the folder where they are read, and the orders told of."""

    def deliver(name: str, nights: int = 4, **how) -> tuple[list[dict[str, bytes]], list, Carrier]:
        switch = Switch(**{"nights": (2,), "export": "shopify/orders_export", **how})
        carrier = Carrier(Scenario({name: switch}))
        truth: dict[str, list[pl.DataFrame]] = {}
        landing, seen, known = tmp_path / "landing", [], []
        for number in range(1, nights + 1):
            on = date(2026, 6, number)
            night = Night(tmp_path / "exports", on, on, number, carrier)
            carrier.begin(night, truth)
            keys = [f"shopify:{one}" for one in of_night(number)]
            truth.setdefault("orders", []).append(pl.DataFrame({"order_id": keys}))
            night.write("shopify", f"orders_export_{on}.csv", content_of(number))
            carrier.end(night, truth)
            (tmp_path / "exports" / on.isoformat()).mkdir(parents=True, exist_ok=True)
            lay(tmp_path / "exports" / on.isoformat(), landing)
            seen.append({path.relative_to(landing).as_posix(): path.read_bytes()
                         for path in sorted(landing.rglob("*.csv"))})
            ids = pl.concat(truth["orders"])["order_id"].str.split(":").list.last()
            known.append(sorted(ids.cast(pl.Int64)))
        return seen, known, carrier

    return deliver


def of_night(*numbers: int) -> list[int]:
    return [number * 10 + n for number in numbers for n in range(1, 7)]


def faults(carrier: Carrier) -> list[tuple]:
    return [(night.day, path, number, must, rows) for night, path, number, must, rows in carrier.faults]


TWO = "2026-06-02/shopify/orders_export_2026-06-02.csv"


def test_a_late_export_comes_with_those_of_the_nights_after(delivered):
    seen, known, carrier = delivered("late", after=2)
    assert [len(files) for files in seen] == [1, 1, 1, 4]
    assert known == [of_night(1)] * 3 + [of_night(1, 2, 3, 4)]
    assert [fault[2] for fault in faults(carrier)] == [19, 19, 16, 16]


def test_a_file_comes_again_under_another_name(delivered):
    seen, known, carrier = delivered("twice")
    again = "2026-06-03/shopify/2026-06-02/orders_export_2026-06-02 (1).csv"
    assert seen[2][again] == seen[1][TWO]
    assert known[1] == of_night(1, 2)
    assert faults(carrier) == [(3, again, 13, "noted", 0)]


def test_a_full_export_has_all_that_ever_was_in_it(delivered):
    seen, known, carrier = delivered("in_full", nights=3)
    full = seen[1][TWO]
    assert full.count(b"\n") > seen[0]["2026-06-01/shopify/orders_export_2026-06-01.csv"].count(b"\n")
    assert full.startswith(HEADER.encode()) and full.count(b"#1") == full.count(b"#2") == 6
    assert faults(carrier) == [(2, TWO, 15, "read", 0)]
    assert known[1] == of_night(1, 2)


def test_half_a_file_ends_within_a_row_and_the_whole_replaces_it(delivered):
    seen, known, carrier = delivered("half")
    assert seen[2][TWO].startswith(seen[1][TWO][:-2]) and len(seen[1][TWO]) < len(seen[2][TWO])
    assert known[1] == [*of_night(1), 21, 22]
    assert known[2] == of_night(1, 2, 3)
    assert faults(carrier) == [(2, TWO, 21, "rows", 1), (3, TWO, 14, "warned", 0)]


@pytest.mark.parametrize(
    ("name", "fault", "must", "rows"), [("renamed", 26, "whole", 6), ("dates", 30, "rows", 6)]
)
def test_nothing_is_told_of_what_cannot_be_read_until_it_comes_rightly(
    delivered, name, fault, must, rows
):
    seen, known, carrier = delivered(name)
    right = seen[2]["2026-06-03/shopify/2026-06-02/orders_export_2026-06-02.csv"]
    assert seen[1][TWO] != right
    assert known[1] == of_night(1)
    assert known[2] == of_night(1, 2, 3)
    assert faults(carrier) == [(2, TWO, fault, must, rows)]
    assert (b"02/06/2026" in seen[1][TWO]) == (name == "dates")
    assert (b"Adresse" in seen[1][TWO]) == (name == "renamed")


def test_rows_that_were_cut_are_told_of_when_they_come(delivered):
    seen, known, carrier = delivered("cut", share=0.5)
    assert seen[1][TWO].endswith(b'"\n')
    assert known[1] == [*of_night(1), 21, 22, 23]
    assert known[2] == of_night(1, 2, 3)
    assert faults(carrier) == [(2, TWO, 22, "read", 3)]  # too few rows to be compared


# All together.


def test_as_of_each_night_the_truth_knows_what_was_delivered_and_not_set_aside(month, tmp_path):
    lost = {path.split("/", 1)[1] for path, fault in
            told(month, "faults").select("path", "fault").iter_rows() if fault in SET_ASIDE}
    kinds = {"shopify/**/customers*": ("Customer ID", "shopify:customers:"),
             "salesforce/**/Contact.csv": ("Id", "salesforce:contact:")}
    assert lost
    for folder in sorted((month / "exports").iterdir()):
        lay(folder, tmp_path)
        orders, records = set(), set()
        for night in tmp_path.iterdir():
            for pattern, (column, prefix) in kinds.items():
                for path in night.glob(pattern):
                    if path.relative_to(night).as_posix() not in lost:
                        records |= {prefix + row[column].lstrip("'") for row in rows_of(path)}
            for path in night.glob("shopify/**/orders*"):
                if path.relative_to(night).as_posix() not in lost:
                    orders |= {f"shopify:{row['Id']}" for row in rows_of(path)
                               if row["Id"] and not row["Name"].startswith("#T")}
        known = told(month, "records", folder.name)["record_key"]
        assert records == {key for key in known if key.rsplit(":", 1)[0] + ":" in
                           {prefix for _, prefix in kinds.values()}}
        ids = told(month, "orders", folder.name)["order_id"]
        assert orders == {one for one in ids if one.startswith("shopify:")}


def test_in_ten_nights_of_the_month_most_faults_were_seen(month):
    assert set(told(month, "faults")["fault"]) >= {13, 14, 15, 16, 19, 21, 22, 26, 30, 37, 39, 42}
