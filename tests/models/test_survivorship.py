"""Survivorship: which value wins and why, by which rule, and whether it can be traced to its row."""

import csv
import re
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import SAMPLE

from dagster_project.lake import Lake, connect
from dagster_project.settings import PROJECT

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 5, 1)


def record(key, **fields):
    """A person's source record; its key says its system and export."""
    system, export, record_id = key.split(":")
    return {
        "profile_id": "p",
        "record_key": key,
        "system": system,
        "export": export,
        "record_id": record_id,
        "observed_at": OLD,
        "is_deleted": False,
    } | fields


CONTACT, CUSTOMER, MEMBER = "salesforce:contact:1", "shopify:customers:1", "mailchimp:members:1"


@pytest.fixture
def winner(made):
    """The winning values of some attributes, in their order, from these records."""

    def make(records, *attributes, **given):
        rows = made(
            "golden.profile_attributes",
            {"workings.person_records": records} | given.get("tables", {}),
            "attribute, value",
            where="is_winner",
            through=("golden.source_trust", "golden.survivorship_rules"),
        )
        found = dict(rows)
        return tuple(found.get(attribute) for attribute in attributes)

    return make


def person(key, first_name, last_name, **fields):
    return record(key, first_name=first_name, last_name=last_name, **fields)


def test_a_name_is_the_most_trusted_system_s(winner):
    records = [
        person(CONTACT, "Ada", "Byron"),
        person(MEMBER, "Addie", "B.", observed_at=NEW),
    ]
    assert winner(records, "first_name", "last_name") == ("Ada", "Byron")


def test_of_equally_trusted_names_the_latest_wins(winner):
    records = [
        person("salesforce:contact:1", "Ada", "Byron"),
        person("salesforce:contact:2", "Ada", "Lovelace", observed_at=NEW),
    ]
    assert winner(records, "last_name") == ("Lovelace",)


@pytest.mark.parametrize("poor", ["A.", "A", None], ids=["initial", "letter", "nothing"])
def test_a_whole_name_wins_over_a_more_trusted_part_of_one(winner, poor):
    records = [person(CONTACT, poor, "Byron"), person(MEMBER, "Ada", "Byron")]
    assert winner(records, "first_name") == ("Ada",)


def test_first_and_last_name_come_from_one_record(winner):
    records = [person(CONTACT, "Ada", None), person(MEMBER, "Augusta", "Byron")]
    assert winner(records, "first_name", "last_name") == ("Augusta", "Byron")


JUNK = {
    "tables": {
        "identity.guard_rules": [
            {"action": "junk", "kind": kind, "value": value, "reason": "placeholder"}
            for kind, value in (("name", "test"), ("name", "na"), ("birth_on", "19000101"))
        ]
    }
}


@pytest.mark.parametrize("junk", ["Test", "TEST", "n/a", "N.A."])
def test_a_placeholder_is_no_name(winner, junk):
    assert winner([person(CONTACT, junk, "Byron")], "first_name", "last_name", **JUNK) == (
        None,
        "Byron",
    )


def test_a_placeholder_does_not_keep_another_record_s_name_away(winner):
    records = [person(CONTACT, "n/a", "Byron"), person(MEMBER, "Ada", "Byron")]
    assert winner(records, "first_name", **JUNK) == ("Ada",)


def test_na_is_a_surname(winner):
    assert winner([person(CONTACT, "Hong-jin", "Na")], "last_name", **JUNK) == ("Na",)


def test_a_placeholder_is_no_birth_date(winner):
    records = [record(CONTACT, birth_on=date(1900, 1, 1))]
    assert winner(records, "birth_on", **JUNK) == (None,)


@pytest.mark.parametrize("attribute", ["email", "phone"])
def test_the_most_recent_address_of_a_person_wins(winner, attribute):
    records = [
        record(CONTACT, **{attribute: "old"}),
        record(MEMBER, **{attribute: "new"}, observed_at=NEW),
    ]
    assert winner(records, attribute) == ("new",)


@pytest.mark.parametrize("attribute", ["email", "phone"])
def test_a_guarded_value_never_wins(winner, attribute):
    records = [
        record(CONTACT, **{attribute: "own"}),
        record(MEMBER, **{attribute: "shared"}, **{f"{attribute}_guard": "role"}, observed_at=NEW),
    ]
    assert winner(records, attribute) == ("own",)


def test_a_guarded_value_does_not_win_for_want_of_another(winner):
    assert winner([record(CONTACT, email="info@x.example", email_guard="role")], "email") == (None,)


def test_a_deleted_record_comes_last(winner):
    records = [
        record(CONTACT, email="gone@x.example", is_deleted=True, observed_at=NEW),
        record(MEMBER, email="here@x.example"),
    ]
    assert winner(records, "email") == ("here@x.example",)


def test_a_deleted_record_wins_where_nobody_else_says_anything(winner):
    records = [record(CONTACT, email="gone@x.example", is_deleted=True), record(MEMBER)]
    assert winner(records, "email") == ("gone@x.example",)


def test_a_birth_date_is_the_most_frequent(winner):
    right, wrong = date(1980, 1, 2), date(1980, 2, 1)
    records = [
        record(CONTACT, birth_on=wrong, observed_at=NEW),
        record(CUSTOMER, birth_on=right),
        record(MEMBER, birth_on=right),
    ]
    assert winner(records, "birth_on") == ("1980-01-02",)


def test_an_address_comes_from_one_record(winner):
    records = [
        record(CONTACT, street="1 Elm St", city="Salem", postal_code="97301", region="OR"),
        record(CUSTOMER, street="9 Oak Rd", postal_code="10001", observed_at=NEW),
    ]
    assert winner(records, "street", "postal_code", "city", "region") == (
        *("9 Oak Rd", "10001"),
        *(None, None),
    )


def test_an_address_without_a_street_is_less_than_one_with(winner):
    records = [
        record(CONTACT, street="1 Elm St", city="Salem", postal_code="97301"),
        record(MEMBER, city="Boston", postal_code="02101", observed_at=NEW),
    ]
    assert winner(records, "city", "postal_code") == ("Salem", "97301")


def test_a_tie_is_broken_by_the_record_s_key(winner):
    records = [
        record("salesforce:contact:2", email="b@x.example"),
        record("salesforce:contact:1", email="a@x.example"),
    ]
    assert winner(records, "email") == ("a@x.example",)


def test_losing_values_stay_with_the_record_that_gives_them(made):
    records = [
        record(CONTACT, email="a@x.example"),
        record(MEMBER, email="b@x.example", observed_at=NEW),
    ]
    found = made(
        "golden.profile_attributes",
        {"workings.person_records": records},
        "record_key, value, is_winner",
        through=("golden.source_trust", "golden.survivorship_rules"),
    )
    assert found == [(MEMBER, "b@x.example", True), (CONTACT, "a@x.example", False)]

# Rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "wins"),
    [
        ("most_trusted", "of the CRM"),
        ("most_recent", "of the shop"),
        ("most_frequent", "of two"),
        ("longest", "the longest of them all"),
    ],
)
def test_a_rule_is_changed_in_the_table_of_rules_alone(made, rule, wins):
    records = [
        record(CONTACT, company="of the CRM"),
        record(CUSTOMER, company="of the shop", observed_at=NEW),
        record("mailchimp:members:1", company="of two"),
        record("mailchimp:members:2", company="of two"),
        record("shopify:orders:1", company="the longest of them all"),
    ]
    rules = {"attribute": "company", "attribute_group": "company", "rules": [rule]}
    found = made(
        "golden.profile_attributes",
        {"workings.person_records": records, "golden.survivorship_rules": [rules]},
        "value",
        where="is_winner",
        through=("golden.source_trust",),
    )
    assert found == [(wins,)]


def contact(value, **fields):
    fields = {"actor_key": f"email:{value}", "is_verified": True} | fields
    return {"tables": {"workings.contact_points": [{"profile_id": "p"} | fields]}}


def test_a_verified_address_wins_over_a_later_one(winner):
    records = [
        record(CONTACT, email="a@x.example"), record(MEMBER, email="b@x.example", observed_at=NEW)
    ]
    assert winner(records, "email", **contact("a@x.example")) == ("a@x.example",)
    assert winner(records, "email", **contact("a@x.example", is_verified=False)) == ("b@x.example",)
    assert winner(records, "email", **contact("a@x.example", profile_id="q")) == ("b@x.example",)


def test_every_rule_that_the_table_names_is_known(made):
    known = {"verified_first", "most_recent", "most_trusted", "most_frequent", "longest"}
    named = made("golden.survivorship_rules", {}, "rules")
    assert {rule for (rules,) in named for rule in rules} <= known


def test_every_attribute_has_its_rules_and_is_won_with_its_group(made):
    """The groups stand in the table of rules and in the columns of a record: they are the same."""
    given = record(CONTACT, birth_on=date(1980, 1, 2))
    named = made("golden.survivorship_rules", {}, "attribute, attribute_group, rules")
    given |= {attribute: attribute for attribute, *_ in named if attribute != "birth_on"}
    found = made(
        "golden.profile_attributes",
        {"workings.person_records": [given]},
        "attribute, rule",
        through=("golden.source_trust", "golden.survivorship_rules"),
    )
    assert found == sorted((attribute, ", ".join(rules)) for attribute, _, rules in named)


# Reasons -----------------------------------------------------------------------------------------


@pytest.fixture
def reasons(made):
    """value -> why it won or lost, of one attribute of these records."""

    def make(attribute, *records, **tables):
        given = {"workings.person_records": records} | tables
        found = made(
            "golden.profile_attributes",
            given,
            "record_key, reason",
            where=f"attribute = '{attribute}'",
            through=("golden.source_trust", "golden.survivorship_rules"),
        )
        return [dict(found).get(one["record_key"]) for one in records]

    return make


@pytest.mark.parametrize(
    ("attribute", "winning", "losing", "won", "lost"),
    [
        ("phone", {"observed_at": NEW}, {}, "most recent", "older than the winner"),
        ("phone", {}, {"phone_guard": "too many"}, "only usable value", "guarded: too many"),
        ("phone", {}, {"phone_guard": "placeholder"}, "only usable value", "placeholder"),
        ("phone", {}, {"is_deleted": True}, "not deleted", "deleted in its system"),
        ("phone", {}, {}, "most trusted", "from a less trusted source"),
        ("company", {}, {}, "most trusted", "from a less trusted source"),
        ("middle_name", {"middle_name": "Augusta"}, {}, "longest", "shorter"),
    ],
)
def test_the_first_criterion_that_parts_two_values_gives_the_words(
    reasons, attribute, winning, losing, won, lost
):
    found = reasons(
        attribute,
        record(CONTACT, **{attribute: "one"} | winning),
        record(MEMBER, **{attribute: "two"} | losing),
    )
    assert found == [f"won: {won}", lost]


def test_a_part_of_a_name_is_incomplete(reasons):
    found = reasons("last_name", person(MEMBER, "Ada", "Byron"), person(CONTACT, "A.", "Lovelace"))
    assert found == ["won: complete", "incomplete"]


def test_a_value_that_fewer_give_is_seen_less_often(reasons):
    found = reasons(
        "gender",
        record(CONTACT, gender="male"),
        record(CUSTOMER, gender="female"),
        record(MEMBER, gender="female"),
    )
    assert found == ["seen less often", "won: most frequent", "same value as the winner"]


def test_an_address_that_nobody_confirmed_is_not_verified(reasons):
    found = reasons(
        "email",
        record(CONTACT, email="a@x.example"),
        record(MEMBER, email="b@x.example", observed_at=NEW),
        **contact("a@x.example")["tables"],
    )
    assert found == ["won: verified", "not verified"]


def test_the_key_decides_last(reasons):
    found = reasons(
        "phone", record("salesforce:contact:2", phone="2"), record("salesforce:contact:1", phone="1")
    )
    assert found == ["tie: later record key", "won: tie, first record key"]


def test_a_value_without_rivals_is_the_only_one(reasons):
    assert reasons("phone", record(CONTACT, phone="1"), record(MEMBER)) == ["won: only value", None]


def test_one_line_of_an_address_may_be_the_same_where_the_address_is_not(made):
    records = [
        record(CONTACT, street="1 Elm St", city="Salem", postal_code="97301"),
        record(MEMBER, street="2 Elm St", city="Salem", postal_code="97302", observed_at=NEW),
    ]
    found = made(
        "golden.profile_attributes",
        {"workings.person_records": records},
        "attribute, reason, times_seen",
        where=f"record_key = '{CONTACT}'",
        through=("golden.source_trust", "golden.survivorship_rules"),
    )
    assert found == [
        ("city", "same value as the winner", 2),
        ("postal_code", "older than the winner", 1),
        ("street", "older than the winner", 1),
    ]


def test_what_people_corrected_says_so(made):
    correction = {
        "record_key": CONTACT, "attribute": "phone", "value": "3", "decided_on": date(2026, 5, 2)
    }
    given = {
        "workings.person_records": [record(CONTACT, phone="1"), record(MEMBER, phone="2")],
        "standard.attribute_corrections": [correction],
    }
    found = made(
        "golden.profile_attributes",
        given,
        "value, reason, is_winner",
        through=("golden.source_trust", "golden.survivorship_rules"),
    )
    assert found == [
        ("1", "corrected by people", False),
        ("2", "corrected by people", False),
        ("3", "won: correction", True),
    ]


# Any records -------------------------------------------------------------------------------------

SAID = ("first_name", "last_name", "email", "street", "city", "company")
FEW = st.one_of(st.none(), st.sampled_from(["a", "bb", "ccc"]))
ANYBODY = st.lists(
    st.fixed_dictionaries(
        {
            "export": st.sampled_from(["contact", "lead"]),
            "observed_at": st.one_of(st.none(), st.sampled_from([OLD, NEW])),
            "is_deleted": st.booleans(),
            "email_guard": st.one_of(st.none(), st.just("role mailbox")),
            **dict.fromkeys(SAID, FEW),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(people=ANYBODY, order=st.randoms(use_true_random=False))
def test_whatever_records_say_one_usable_value_wins_with_its_group_and_all_say_why(
    made, people, order
):
    records = [
        record(f"salesforce:{one['export']}:{at}", **one) for at, one in enumerate(people)
    ]

    def attributes(rows):
        columns = "attribute, record_key, value, is_winner, reason, times_seen"
        return made(
            "golden.profile_attributes",
            {"workings.person_records": rows},
            columns,
            through=("golden.source_trust", "golden.survivorship_rules"),
        )

    found = attributes(records)
    assert found == attributes(order.sample(records, len(records)))
    said = {(name, one["record_key"]) for one in records for name in SAID if one[name] is not None}
    assert {row[:2] for row in found} == said
    won = {attribute: key for attribute, key, _, is_winner, *_ in found if is_winner}
    usable = {
        name for one in records for name in SAID
        if one[name] is not None and not (name == "email" and one["email_guard"])
    }
    # An address may win that lacks a line which another has; what stands alone wins where it can.
    assert {"email", "company"} & usable == {"email", "company"} & set(won)
    assert len({won[name] for name in ("first_name", "last_name") if name in won}) <= 1
    assert len({won[name] for name in ("street", "city") if name in won}) <= 1
    assert all(reason and reason.startswith("won: ") == is_winner
               for _, _, _, is_winner, reason, _ in found)


# Provenance --------------------------------------------------------------------------------------

TRACED = """
    select attributes.attribute, attributes.value, records.path, records.row_number
    from profile_attributes as attributes
    inner join profile_records as records using (record_key)
    where attributes.is_winner
"""


def spellings(places):
    """What a cell may say for a region or country, by the value that it means."""
    found = {}
    for text, value in places:
        found.setdefault(value, set()).add(text.casefold())
    return found


def test_every_golden_value_is_in_the_delivered_row_that_one_query_names(sample_home):
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        traced = con.execute(TRACED).fetchall()
        winners = con.execute("select count(*) from profile_attributes where is_winner").fetchall()
    lake, con = Lake(sample_home / "lake"), connect()
    places = spellings(
        row
        for kind, table in (("region", "standard.regions"), ("country", "standard.countries"))
        for row in con.execute(f"select {kind}_text, {kind} from ({lake.scan(table)})").fetchall()
    )
    files = {}
    wrong = []
    for attribute, value, name, row_number in traced:
        if name not in files:
            with (SAMPLE / "exports" / name).open(encoding="utf-8-sig", newline="") as file:
                files[name] = list(csv.reader(file))
        row = files[name][row_number]
        if not is_said(attribute, value, row, places):
            wrong.append((attribute, name, row_number))
    assert [(len(traced),)] == winners
    assert wrong == []


def is_said(attribute, value, row, places):
    """Whether a delivered row has the value in some cell, in that cell's own spelling."""
    text = "\n".join(row).casefold()
    if attribute == "phone":
        return value[-7:] in "".join(character for character in text if character.isdigit())
    if attribute == "birth_on":
        return value in text or f"{date.fromisoformat(value):%m/%d/%Y}" in text
    if attribute == "gender":
        return bool({cell.rstrip(".") for cell in row} & {"Mr", "Mrs", "Ms", "Miss"})
    if attribute == "country" and value == "US":
        return True
    if attribute in ("region", "country"):
        return any(spelling in text for spelling in places[value])
    return value.casefold() in text


def test_the_queries_of_the_page_run(sample_home):
    page = (PROJECT / "docs" / "survivorship.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```sql\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        assert len(queries) == 3 and all(con.execute(query).fetchall() for query in queries)


def test_the_page_has_every_reason(sample_home):
    page = (PROJECT / "docs" / "survivorship.md").read_text(encoding="utf-8")
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        found = con.execute("select distinct reason from profile_attributes").fetchall()
    assert [one for (one,) in found if f"`{one.partition(':')[0]}: <why>`" not in page
            and f"`{one}`" not in page] == []
