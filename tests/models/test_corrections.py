"""Which decision holds of several, which two cannot both hold, and what a correction changes."""

import shutil
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import SAMPLE, nightly

from connectors.corrections import ATTRIBUTES
from connectors.delivery import preflight
from connectors.detect import detect
from connectors.reading import read

A, B, C, D = (f"salesforce:contact:{number}" for number in "abcd")
MONDAY, TUESDAY = "2026-06-01", "2026-06-02"
FILE = {"path": "a.csv", "sha256": "f" * 64, "status": "accepted"}
SPLITS, PAIRS = "raw.corrections__profile_splits", "raw.corrections__pair_decisions"
GUARDS, ATTRIBUTE = "raw.corrections__guard_decisions", "raw.corrections__attribute_decisions"
JUDGED = ("staging.corrections__pair_decisions", "staging.corrections__profile_splits",
          "standard.stated_judgements")


def delivered(*rows, **more):
    """Rows of one file, decided by somebody for some reason."""
    return [
        {"_file": FILE["sha256"][:16], "_delivered_at": datetime(2026, 6, 2), "_row_number": number,
         "decided_by": "ada", "decided_on": MONDAY, "reason": "known"} | row
        for number, row in enumerate(rows, start=1)
    ]


def pair(left, right, decision, day=MONDAY):
    return {"left_record": left, "right_record": right, "decision": decision, "decided_on": day}


def split(record, part, day=MONDAY, profile="p"):
    return {"profile_id": profile, "record": record, "part": part, "decided_on": day}


def guard(action, kind="email", value="desk@x.example", day=MONDAY, **more):
    return {"kind": kind, "value": value, "action": action, "decided_on": day} | more


def corrected(value, attribute="city", record=A, day=MONDAY):
    return {"record": record, "attribute": attribute, "value": value, "decided_on": day}


@pytest.fixture
def judged(made):
    """The judgements that hold, of these decisions about pairs and rows of splits."""

    def make(pairs=(), splits=(), columns="left_record, right_record, judgement"):
        given = {"raw.source_files": [FILE], PAIRS: delivered(*pairs), SPLITS: delivered(*splits)}
        return made("standard.judgements", given, columns, through=JUDGED)

    return make


# Judgements --------------------------------------------------------------------------------------


def test_a_pair_has_no_direction(judged):
    assert judged([pair(B, A, "Same ")]) == [(A, B, "same")]


@pytest.mark.parametrize("decisions", [("same", "different"), ("different", "same")])
def test_a_later_decision_replaces_an_earlier_one(judged, decisions):
    first, second = decisions
    assert judged([pair(A, B, second, TUESDAY), pair(B, A, first, MONDAY)]) == [(A, B, second)]


def test_of_two_decisions_on_one_day_different_holds(judged):
    assert judged([pair(A, B, "same"), pair(A, B, "different")]) == [(A, B, "different")]


def test_what_is_not_decided_yet_says_nothing(judged):
    undecided = pair(A, B, None) | {"decided_on": None, "decided_by": None, "reason": None}
    assert judged([undecided]) == []


def test_unsure_takes_a_decision_back(judged):
    assert judged([pair(A, B, "same"), pair(A, B, "unsure", TUESDAY)]) == []


def test_records_with_different_parts_of_a_split_are_different_people(judged):
    rows = [split(A, "1"), split(B, "1"), split(C, "2"), split(D, "3")]
    assert judged(splits=rows) == [
        (A, C, "different"), (A, D, "different"), (B, C, "different"), (B, D, "different"),
        (C, D, "different"),
    ]


@pytest.mark.parametrize("other", [split(B, "2", TUESDAY), split(B, "2", profile="q")])
def test_a_split_is_one_profile_on_one_day(judged, other):
    assert judged(splits=[split(A, "1"), other]) == []


def test_a_pair_joined_after_a_split_stays_joined(judged):
    assert judged([pair(A, B, "same", TUESDAY)], [split(A, "1"), split(B, "2")]) == [(A, B, "same")]


def test_a_judgement_says_who_when_why_and_where(judged):
    columns = "decided_by, decided_on, reason, path, row_number"
    assert judged([pair(C, D, None), pair(A, B, "same")], columns=columns) == [
        ("ada", date(2026, 6, 1), "known", "a.csv", 2)
    ]


def test_a_decision_delivered_again_is_one(made):
    again = delivered(pair(A, B, "same"), pair(B, A, "same"))
    given = {"raw.source_files": [FILE], PAIRS: again}
    found = made("standard.stated_judgements", given, "row_number", through=JUDGED[:2])
    assert found == [(1,)]


# Guards and values -------------------------------------------------------------------------------


@pytest.fixture
def guarded(made):
    def make(*rows, columns="kind, value, action, limit_count"):
        given = {"raw.source_files": [FILE], GUARDS: delivered(*rows)}
        through = ("staging.corrections__guard_decisions",)
        return made("standard.guard_corrections", given, columns, through=through)

    return make


@pytest.mark.parametrize(
    ("kind", "written", "compared"),
    [
        ("email", " Desk@X.example", "desk@x.example"),
        ("email_local", "Front-Desk", "frontdesk"),
        ("email_domain", "@X.example", "x.example"),
        ("phone", "+1 (212) 555-0100", "5550100"),
        ("name", "N.N. Üblich", "nnublich"),
        ("birth_on", "1980-01-01", "19800101"),
        ("birth_on", "19800101", "19800101"),
        ("loyalty", " 0042 ", "0042"),
    ],
)
def test_a_value_is_kept_in_the_form_that_identity_compares(guarded, kind, written, compared):
    row = guard("junk", kind, written)
    assert guarded(row) == [(kind, compared, "junk", None)]


def test_the_latest_word_about_a_value_holds(guarded):
    rows = [guard("not_junk", day=TUESDAY), guard("junk")]
    assert guarded(*rows, columns="action") == [("not_junk",)]


def test_of_two_words_on_one_day_the_one_holds_that_trusts_less(guarded):
    rows = [guard("not_junk"), guard("junk")]
    limits = [guard("max_surnames", value=None, limit=n) for n in ("4", "2", "3")]
    assert guarded(*rows, *limits, columns="action, limit_count") == [
        ("junk", None), ("max_surnames", 2)
    ]


def test_limits_of_different_names_hold_together(guarded):
    rows = [guard(one, value=None, limit="4") for one in ("max_surnames", "max_per_profile")]
    assert guarded(*rows, columns="value, action") == [("", "max_per_profile"), ("", "max_surnames")]


def record(key, **fields):
    system, export, number = key.split(":")
    return {"profile_id": "p", "record_key": key, "system": system, "export": export,
            "record_id": number, "observed_at": datetime(2026, 5, 1), "is_deleted": False} | fields


@pytest.fixture
def attributes(made):
    """attribute, value, system, rule and is_winner of a profile's candidates."""

    def make(records, *rows, where="is_winner", columns="attribute, value"):
        given = {"workings.person_records": records, "raw.source_files": [FILE],
                 ATTRIBUTE: delivered(*rows)}
        through = ("golden.source_trust", "golden.survivorship_rules",
                   "staging.corrections__attribute_decisions", "standard.attribute_corrections")
        found = made("golden.profile_attributes", given, columns, where=where, through=through)
        return found

    return make


def test_a_corrected_value_outranks_every_source_and_leaves_the_rest_of_its_group(attributes):
    records = [record(A, street="1 Elm St", city="Oldtown"), record(B, city="Elsewhere")]
    assert attributes(records, corrected("Newtown")) == [("city", "Newtown"), ("street", "1 Elm St")]


def test_what_it_outranks_stays_as_a_candidate_with_its_record(attributes):
    found = attributes(
        [record(A, city="Oldtown")], corrected("Newtown"), where="true",
        columns="value, system, export, record_id, rule, is_winner",
    )
    assert found == [
        ("Newtown", "corrections", "attribute_decisions", A, "correction", True),
        ("Oldtown", "salesforce", "contact", "a", "most_recent", False),
    ]


def test_of_two_records_of_a_person_the_latest_correction_wins(attributes):
    rows = [corrected("First", record=A, day=TUESDAY), corrected("Second", record=B)]
    assert attributes([record(A), record(B)], *rows) == [("city", "First")]


def test_a_correction_stays_with_the_record_when_it_changes_its_profile(attributes):
    records = [record(A), record(B, profile_id="q")]
    found = attributes(records, corrected("Newtown", record=B), columns="profile_id, value")
    assert found == [("q", "Newtown")]


@pytest.mark.parametrize(
    ("attribute", "written", "golden"),
    [
        ("email", "Ada@X.example", "ada@x.example"),
        ("phone", "+49 (30) 123-456", "+4930123456"),
        ("country", "de", "DE"),
        ("birth_on", "12/31/1980", "1980-12-31"),
        ("last_name", " Byron", "Byron"),
    ],
)
def test_a_corrected_value_has_the_form_that_profiles_have(attributes, attribute, written, golden):
    assert attributes([record(A)], corrected(written, attribute)) == [(attribute, golden)]


def test_every_attribute_of_a_profile_can_be_corrected(made):
    assert set(ATTRIBUTES) == {name for (name,) in made("golden.survivorship_rules", {}, "attribute")}


# Contradictions ----------------------------------------------------------------------------------


@pytest.fixture
def contradictions(made):
    """What every two say that cannot both hold, and in which rows."""

    columns = "about, decision, row_number, other_decision, other_row_number"

    def make(pairs=(), splits=(), guards=(), values=(), columns=columns):
        given = {"raw.source_files": [FILE], PAIRS: delivered(*pairs), SPLITS: delivered(*splits),
                 GUARDS: delivered(*guards), ATTRIBUTE: delivered(*values)}
        through = (*JUDGED, "standard.judgements", "staging.corrections__guard_decisions",
                   "standard.guard_corrections", "staging.corrections__attribute_decisions",
                   "standard.attribute_corrections")
        return made("identity.contradictions", given, columns, through=through)

    return make


def test_two_decisions_about_a_pair_on_one_day_contradict(contradictions):
    rows = [pair(A, B, "same"), pair(B, A, "different")]
    assert contradictions(rows) == [(f"{A} and {B}", "different", 2, "same", 1)]


def test_a_later_decision_ends_a_contradiction(contradictions):
    rows = [pair(A, B, "same"), pair(A, B, "different"), pair(A, B, "different", TUESDAY)]
    assert contradictions(rows) == []


def test_different_records_that_a_chain_joins_contradict_the_decision_that_closed_it(contradictions):
    rows = [
        pair(A, D, "different"),
        pair(A, B, "same"), pair(B, C, "same", TUESDAY), pair(C, D, "same"),
        pair(D, "salesforce:contact:e", "same", TUESDAY),
    ]
    assert contradictions(rows) == [(f"{A} and {D}", "different", 1, "same", 3)]


def test_a_decision_after_the_chain_was_closed_is_not_the_one_reported(contradictions):
    rows = [pair(A, C, "different"), pair(A, B, "same"), pair(B, C, "same"),
            pair(A, D, "same", TUESDAY), pair(C, D, "same", TUESDAY)]
    assert contradictions(rows) == [(f"{A} and {C}", "different", 1, "same", 3)]


def test_a_split_that_a_chain_joins_contradicts_it(contradictions):
    pairs = [pair(A, B, "same"), pair(B, C, "same")]
    assert contradictions(pairs, [split(A, "1"), split(C, "2")]) == [
        (f"{A} and {C}", "different", 2, "same", 2)
    ]


def test_chains_that_meet_nowhere_contradict_nothing(contradictions):
    assert contradictions([pair(A, B, "same"), pair(C, D, "same"), pair(A, C, "different")]) == []


def test_a_record_in_two_parts_of_a_split_contradicts_itself(contradictions):
    assert contradictions(splits=[split(A, "1"), split(A, "2")]) == [
        (A, "one part", 1, "another part", 2)
    ]


def test_a_value_is_junk_or_not_on_one_day(contradictions):
    rows = [guard("not_junk"), guard("junk"), guard("junk", value="other@x.example")]
    assert contradictions(guards=rows) == [("email", "junk", 2, "not_junk", 1)]


def test_a_limit_has_one_height_on_one_day(contradictions):
    rows = [guard("max_surnames", value=None, limit=n) for n in ("2", "3", "2")]
    assert contradictions(guards=rows) == [("email", "max_surnames 2", 1, "max_surnames 3", 2)]


def test_an_attribute_has_one_value_on_one_day_and_neither_is_repeated(contradictions):
    rows = [corrected("Newtown"), corrected("Oldtown"), corrected("Newtown", "street")]
    assert contradictions(values=rows) == [(A, "city", 1, "city", 2)]


# The review queue --------------------------------------------------------------------------------


def held(key, profile, side=None):
    """A record in a cluster and profile, on a side of the cluster's weakest link."""
    return ({"record_key": key, "cluster": profile, "side": side},
            {"record_key": key, "profile_id": profile})


def bridge(left, right, probability=0.9, **more):
    return {"cluster": "p", "left_record": left, "right_record": right, "reason": "splink",
            "match_weight": 3.0, "match_probability": probability} | more


def refused(left, right, reason="different_birth_dates", weight=5.0, probability=0.97):
    return {"left_record": left, "right_record": right, "decision": "rejected", "reason": reason,
            "match_weight": weight, "match_probability": probability}


def bought(actor, total, currency="EUR"):
    return {"actor_key": actor, "net": total, "currency": currency}


def said(actor, status, channel="email"):
    return {"actor_key": actor, "channel": channel, "purpose": "marketing", "status": status,
            "scope": "person", "is_standing": True}


@pytest.fixture
def queue(made):
    """The review queue of these records, from most to least urgent."""

    def make(records, columns="left_record, right_record", *, pairs=(), **given):
        tables = {"bridges": "identity.bridges", "links": "identity.links",
                  "orders": "golden.orders", "consents": "standard.consent_statements",
                  "identifiers": "standard.identifiers"}
        clusters, profiles = zip(*records, strict=True)
        given = {tables[name]: rows for name, rows in given.items()} | {
            "identity.clusters": clusters, "identity.profile_records": profiles,
            "raw.source_files": [FILE], PAIRS: delivered(*pairs),
        }
        found = made("marts.review_queue", given, f"rank, {columns}", through=JUDGED)
        return [row[1:] for row in found]

    return make


TWO_SIDES = [held(A, "p", 0), held(B, "p", 1), held(C, "p", 1)]
TWO_PROFILES = [held(A, "p"), held(B, "q"), held(C, "q")]


@pytest.mark.parametrize(("probability", "is_asked"), [(0.94, True), (0.95, False)])
def test_a_profile_is_doubtful_by_its_weakest_link(queue, probability, is_asked):
    assert queue(TWO_SIDES, bridges=[bridge(A, B, probability)]) == [(A, B)] * is_asked


@pytest.mark.parametrize(
    ("reason", "probability", "is_asked"),
    [
        ("different_first_names", 0.97, True),
        ("too_many_email", 0.97, True),
        ("fits_several_people", 0.97, True),
        ("weight_below_threshold", 0.6, True),
        ("weight_below_threshold", 0.4, False),
        ("household_alone", 0.97, False),
        ("never_link", 0.97, False),
    ],
)
def test_two_profiles_are_doubtful_where_a_veto_or_a_little_weight_parts_them(
    queue, reason, probability, is_asked
):
    links = [refused(A, B, reason, probability=probability)]
    assert queue(TWO_PROFILES, links=links) == [(A, B)] * is_asked


def test_two_profiles_are_asked_about_once_by_their_most_alike_pair(queue):
    links = [refused(A, C, weight=4.0), refused(A, B, weight=5.0)]
    assert queue(TWO_PROFILES, links=links) == [(A, B)]


def test_a_refused_pair_that_other_records_join_is_no_question(queue):
    assert queue(TWO_SIDES, links=[refused(A, B)]) == []


@pytest.mark.parametrize("decision", ["same", "different", "unsure"])
def test_what_a_person_decided_is_not_asked_again(queue, decision):
    links = [refused(A, B)]
    assert queue(TWO_PROFILES, links=links, pairs=[pair(B, A, decision)]) == []


@pytest.mark.parametrize(
    ("records", "doubt"),
    [(TWO_SIDES, {"bridges": [bridge(A, B)]}), (TWO_PROFILES, {"links": [refused(A, B)]})],
    ids=["may be two", "may be one"],
)
def test_what_moves_is_the_smaller_side_s(queue, records, doubt):
    orders = [bought(A, 10), bought(A, 15), bought(A, 20, "USD"), bought(C, 90)]
    consents = [said(A, "granted"), said(B, "denied"), said(C, "granted"), said(A, "unknown", "sms"),
                said(C, "granted", "phone")]
    found = queue(records, "money_moved, currency, consents_moved", orders=orders,
                  consents=consents, **doubt)
    assert found == [(25, "EUR", 2)]


def test_what_was_said_in_the_name_of_an_e_mail_alone_goes_with_it(queue):
    carried = [{"record_key": A, "kind": "email", "value": "a@x.example"}]
    consents = [said("email:a@x.example", "denied"), said(B, "granted")]
    found = queue(TWO_PROFILES, "consents_moved", links=[refused(A, B)], identifiers=carried,
                  consents=consents)
    assert found == [(1,)]


def test_the_worst_is_first(queue):
    e = "salesforce:contact:e"
    records = [held(A, "p"), held(B, "q"), held(C, "r"), held(D, "s"), held(e, "t")]
    links = [refused(A, B), refused(A, C), refused(A, D, weight=6.0), refused(A, e, weight=7.0)]
    found = queue(records, links=links, orders=[bought(A, 50), bought(B, 10), bought(C, 20)],
                  consents=[said(D, "denied")])
    assert found == [(A, C), (A, B), (A, D), (A, e)]


def test_the_queue_filled_in_comes_back_as_decisions(queue, engine, judged, tmp_path):
    """As CSV, with two rows filled in, in a spreadsheet or an editor."""
    records = [held(A, "p"), held(B, "q"), held(C, "r"), held(D, "s")]
    queue(records, links=[refused(A, B), refused(A, C), refused(A, D)])
    file = tmp_path / "review_queue.csv"
    engine.execute(f"copy (from marts.review_queue order by rank) to '{file}' (header)")
    header, first, second, third = file.read_text(encoding="utf-8").splitlines()
    blank = ",,,,,"
    filled = [
        row.replace(blank, f",{decision},ada,2026-06-01,called them,", 1)
        for row, decision in ((first, "same"), (second, "different"))
    ]
    (tmp_path / "landing").mkdir()
    file = tmp_path / "landing" / "queue_done.csv"
    file.write_text("\n".join([header, *filled, third]) + "\n", encoding="utf-8")
    (member,) = preflight(file, root=file.parent, scratch=tmp_path / "scratch").members
    part = tmp_path / "part.parquet"
    reading = read(member, detect(member), part=part, con=engine)
    assert (reading.rows_accepted, reading.rows_quarantined) == (3, 0)
    columns = ("left_record", "right_record", "decision", "decided_by", "decided_on", "reason")
    rows = engine.execute(f"select {', '.join(columns)} from read_parquet('{part}')").fetchall()
    pairs = [dict(zip(columns, row, strict=True)) for row in rows]
    assert judged(pairs) == [(A, B, "same"), (A, C, "different")]


# Any decisions, and the whole job ----------------------------------------------------------------

RECORDS = st.sampled_from([A, B, C, D])
DECISIONS = st.lists(
    st.tuples(RECORDS, RECORDS, st.sampled_from(["same", "different", "unsure"]),
              st.sampled_from([MONDAY, TUESDAY])).filter(lambda one: one[0] < one[1]),
    max_size=12,
)
MANY = settings(max_examples=15, deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(rows=DECISIONS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(judged, rows, order):
    pairs = [pair(*row) for row in rows]
    shuffled = order.sample(pairs, len(pairs))
    columns = "left_record, right_record, judgement, decided_on"
    assert judged(pairs, columns=columns) == judged(shuffled, columns=columns)


@MANY
@given(rows=DECISIONS)
def test_exactly_the_different_pairs_that_same_pairs_join_are_reported(judged, contradictions, rows):
    pairs = [pair(*row) for row in rows]
    groups = {record: {record} for record in (A, B, C, D)}
    held = judged(pairs)
    for left, right, judgement in held:
        if judgement == "same":
            merged = groups[left] | groups[right]
            groups |= dict.fromkeys(merged, merged)
    joined = {f"{left} and {right}" for left, right, judgement in held
              if judgement == "different" and right in groups[left]}
    found = contradictions(pairs, columns="contradiction, about")
    assert {about for kind, about in found if "chain" in kind} == joined


def test_corrections_last_when_their_file_is_gone_and_contradictions_stop_nothing(
    sample_home, tmp_path
):
    home, exports = tmp_path / "home", tmp_path / "exports"
    shutil.copytree(sample_home, home, symlinks=True)
    shutil.copytree(SAMPLE / "exports", exports)
    database = home / "warehouse" / "current" / "customers.duckdb"

    def published(sql):
        with duckdb.connect(str(database.resolve()), read_only=True) as con:
            return con.execute(sql).fetchall()

    [(profile, key)] = published("select profile_id, record_key from profile_records limit 1")
    file = exports / "corrections.csv"
    file.write_text(
        "record,attribute,value,decided_by,decided_on,reason\n"
        f"{key},city,Newtown,ada,2026-06-01,called\n"
        f"{key},company,Here,ada,2026-06-01,called\n"
        f"{key},company,There,ada,2026-06-01,called\n",
        encoding="utf-8",
    )
    nightly(exports, home)
    said = "select passed, failing_rows from quality_results where check_name = "
    assert published(said + "'corrections_can_all_hold'") == [(False, 1)]
    assert published("select row_number, other_row_number from identity.contradictions") == [(2, 3)]
    file.unlink()
    nightly(exports, home)
    city = f"select city from profiles where profile_id = '{profile}'"
    assert published(city) == [("Newtown",)]
