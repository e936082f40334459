"""What becomes of a row that breaks a rule: it is set aside, loses a value, or is told."""

from dataclasses import replace

import pytest

import connectors
from connectors.contract import Contract, Rule, column
from connectors.detect import Detection
from connectors.reading import read
from connectors.salesforce import CONTACT

CONTACTS = "Id,LastName,Email,Birthdate,SystemModstamp\n"


def contact(number: int, birthdate: str) -> str:
    return f"003{number:012}AAA,Byron,ada{number}@example.com,{birthdate},2026-02-01T00:00:00.000Z\n"


def rule(action: str) -> Rule:
    return Rule("department", "department = 'x'", "no department", "one", "name it",
                is_of_filled=True, action=action)


def read_under(landing, *rules: Rule):
    """Three contacts, of which the second breaks the rules."""
    rows = "".join(
        f"003{number:012}AAA,Byron,a@example.com,{department},2026-02-01T00:00:00.000Z\n"
        for number, department in ((1, "law"), (2, "x"), (3, ""))
    )
    (member,) = landing.deliver(
        "contacts.csv", "Id,LastName,Email,Department,SystemModstamp\n" + rows).members
    found = landing.detect("Id,LastName,Email,Department,SystemModstamp\n" + rows)
    detection: Detection = replace(found, contract=replace(CONTACT, rules=rules))
    return read(member, detection, part=landing.root.parent / "part.parquet", con=landing.con)


@pytest.mark.parametrize(
    ("action", "accepted", "departments", "quarantined", "noted", "severities"),
    [
        ("set_aside", 2, ["law", "x", None], [2], [], []),
        ("null", 3, ["law", None, None], [], [2], ["warn"]),
        ("flag", 3, ["law", "x", None], [], [], ["info"]),
    ],
)
def test_an_action_decides_what_becomes_of_the_row(
    landing, action, accepted, departments, quarantined, noted, severities
):
    reading = read_under(landing, rule(action))
    assert (reading.rows_read, reading.rows_accepted) == (3, accepted)
    assert reading.rows_read == reading.rows_accepted + reading.rows_quarantined
    assert [row or None for (row,) in landing.rows(reading, "department")] == departments
    assert reading.quarantine["row_number"].to_pylist() == quarantined
    assert reading.noted["row_number"].to_pylist() == noted
    assert [finding.severity for finding in reading.warnings] == severities


def test_a_row_keeps_its_number_and_its_other_values_when_one_is_left_out(landing):
    reading = read_under(landing, rule("null"))
    assert landing.rows(reading, "_row_number, id, email") == [
        (number, f"003{number:012}AAA", "a@example.com") for number in (1, 2, 3)
    ]
    assert reading.noted["raw_text"].to_pylist() == ["x"]
    (told,) = reading.warnings
    assert told.reason == "no department in department: 1 rows without this value"


def test_rules_of_every_action_hold_at_once(landing):
    bare = replace(rule("set_aside"), reason="set aside")
    reading = read_under(landing, rule("flag"), bare)
    assert (reading.rows_accepted, reading.rows_quarantined) == (2, 1)
    assert [finding.severity for finding in reading.warnings] == ["info"]


def test_a_birth_in_the_future_is_left_out_and_its_row_is_used(landing):
    reading = landing.read(CONTACTS + contact(1, "1980-05-01") + contact(2, "2999-01-01"))
    assert landing.rows(reading, "birthdate") == [("1980-05-01",), (None,)]
    assert reading.noted["reason"].to_pylist() == ["birth in the future"]


def test_an_action_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match="no action 'drop'; set_aside, null, flag"):
        rule("drop")


def test_what_names_a_record_or_its_time_cannot_be_left_out():
    with pytest.raises(ValueError, match="id cannot be left out"):
        Contract("a", "b", "c", "d", "e", "csv", (column("Id", "Its id"),), key=("id",),
                 rules=(Rule("id", "true", "wrong", "", "", action="null"),))


@pytest.mark.parametrize("contract", connectors.contracts(), ids=lambda one: one.name)
def test_every_rule_of_a_contract_can_be_named(contract):
    told = [(rule.id, rule.broken) for rule in contract.rules]
    assert len(set(told)) == len(told)
