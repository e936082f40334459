"""Consent: what was said, which words still hold, and which address may be used for what.

Statements come as deliveries, night by night; what follows from them for profiles is asked with the
records assigned to profiles by hand. Addresses are e-mails unless said otherwise.
"""

import re
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.settings import PROJECT

PAGE = (PROJECT / "docs" / "consents.md").read_text(encoding="utf-8")

READ = (
    *("staging.mailchimp__consents", "staging.salesforce__consents", "staging.shopify__consents"),
    *("staging.shopify__order_consents", "staging.sendgrid__consents"),
    *("staging.preferences__consents", "standard.consent_preferences"),
)
KNOWN = (
    *("workings.consent_addresses", "workings.consent_by_record", "workings.consent_by_address"),
    "golden.consent_ledger",
)
# The zeros are for `here`, which makes of one small world many.
MEMBER, CUSTOMER = "mailchimp:members:m00000", "shopify:customers:700000"
CONTACT = "salesforce:contact:0035g00000AbcdeAAA"
ADA, BOB, PHONE = "ada@00000.example", "bob@00000.example", "+12125550100"


def day(number: int) -> datetime:
    return datetime(2026, 5, 1) + timedelta(days=number)


# Deliveries: each function is one row of one export. ----------------------------------------------


def member(status, said=None, *, night, email=ADA, confirmed=None, euid=MEMBER[18:]):
    times = {"subscribed": "optin_time", "unsubscribed": "unsub_time", "cleaned": "clean_time"}
    row = {"euid": euid, "leid": "1", "email_address": email, "_variant": status}
    return "raw.mailchimp__members", row | {
        times.get(status, "last_changed"): said and str(day(said)),
        "confirm_time": confirmed and str(day(confirmed)), "_delivered_at": day(night),
    }


def contact(changed, *, night, email=ADA, opted_out=False, no_calls=False, bounced=None):
    return "raw.salesforce__contact", {
        "id": CONTACT[19:], "email": email, "has_opted_out_of_email": str(opted_out),
        "do_not_call": str(no_calls), "email_bounced_date": bounced and str(day(bounced)),
        "system_modstamp": changed and str(day(changed)), "_delivered_at": day(night),
    }


def customer(ticked, *, night, email=ADA, sms=None, phone=None):
    return "raw.shopify__customers", {
        "customer_id": CUSTOMER[18:], "email": email, "accepts_email_marketing": ticked,
        "accepts_sms_marketing": sms, "phone": phone, "_delivered_at": day(night),
    }


def order(ticked, ordered, *, night, source="web"):
    return "raw.shopify__orders", {
        "name": "#1", "id": "1", "email": ADA, "accepts_marketing": ticked, "source": source,
        "created_at": str(day(ordered)), "_delivered_at": day(night),
    }


def mail(event, occurred, *, email=ADA, bounce_type=None):
    return "staging.sendgrid__events", {
        "sg_event_id": f"{event}{occurred}", "email_text": email, "sendgrid_event": event,
        "bounce_type": bounce_type, "occurred_at": day(occurred),
    }


def preference(status, said, *, night=9, channel="email", purpose="marketing", **named):
    return "raw.preferences__consents", named | {
        "channel": channel, "purpose": purpose, "status": status, "stated_at": str(day(said)),
        "evidence": "Preference centre", "_file": "f", "_row_number": 1, "_delivered_at": day(night),
    }


SPELT = {
    "standard.phone_numbers": [
        {"phone_text": "212 555 0100", "country": "US", "phone": PHONE},
    ]
}


def tables(deliveries):
    found = dict(SPELT)
    for table, row in deliveries:
        found.setdefault(table, []).append(row)
    return found


@pytest.fixture
def statements(made):
    """What was said in these deliveries."""

    def make(*deliveries, columns="status, evidence, is_standing"):
        return made("standard.consent_statements", tables(deliveries), columns, through=READ)

    return make


@pytest.fixture
def standing(made):
    """The words that still hold: (status, scope), each once."""

    def make(*deliveries):
        found = made(
            "standard.consent_statements", tables(deliveries), "distinct status, scope",
            through=READ, where="is_standing",
        )
        return set(found)

    return make


# What is said -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (member("subscribed", 1, night=9), ("granted", "person", day(1), "opt-in", MEMBER + ":1")),
        (member("subscribed", 1, night=9, confirmed=2),
         ("granted", "person", day(2), "double opt-in", MEMBER + ":1")),
        (member("subscribed", night=9),
         ("granted", "person", None, "imported list", MEMBER + ":1")),
        (member("unsubscribed", 3, night=9),
         ("denied", "person", day(3), "unsubscribe", MEMBER + ":1")),
        (member("cleaned", 3, night=9), ("denied", "identifier", day(3), "cleaned", MEMBER + ":1")),
        (contact(4, night=9, opted_out=True), ("denied", "person", day(4), "CRM opt-out", CONTACT)),
        (contact(4, night=9, no_calls=True),
         ("denied", "person", day(4), "CRM do not call", CONTACT)),
        (contact(4, night=9, bounced=2), ("denied", "identifier", day(2), "bounce", CONTACT)),
        (customer("yes", night=9), ("granted", "person", None, "account box", CUSTOMER)),
        (order("yes", 5, night=9),
         ("granted", "person", day(5), "checkout box", "shopify:orders:1")),
        (order("yes", 5, night=9, source="pos"),
         ("granted", "person", day(5), "store opt-in", "shopify:orders:1")),
        (mail("unsubscribe", 6),
         ("denied", "person", day(6), "unsubscribe", "sendgrid:events:unsubscribe6")),
        (mail("spamreport", 6),
         ("denied", "person", day(6), "complaint", "sendgrid:events:spamreport6")),
        (mail("bounce", 6, bounce_type="bounce"),
         ("denied", "identifier", day(6), "bounce", "sendgrid:events:bounce6")),
        (mail("group_resubscribe", 6),
         ("unknown", "person", day(6), "resubscribe", "sendgrid:events:group_resubscribe6")),
    ],
    ids=lambda one: one[0].split(".")[1] if isinstance(one[0], str) and "." in one[0] else one[3],
)
def test_every_system_says_it_in_its_way(statements, delivery, said):
    found = statements(delivery, columns="status, scope, stated_at, evidence, evidence_record")
    assert found == [said]


@pytest.mark.parametrize(
    "delivery",
    [
        member("nonsubscribed", night=9),
        contact(4, night=9),
        customer("no", night=9),
        order("no", 5, night=9),
        mail("delivered", 6),
        mail("bounce", 6, bounce_type="blocked"),
    ],
    ids=lambda one: one[0],
)
def test_who_said_nothing_is_in_no_row(statements, delivery):
    assert statements(delivery) == []


def test_what_a_system_does_not_date_was_observed_when_first_delivered(statements):
    found = statements(customer("yes", night=3), customer("yes", night=5), columns="observed_at")
    assert found == [(day(3),)]


def test_a_box_for_messages_is_about_the_telephone_beside_it(statements):
    found = statements(customer("no", night=3, sms="yes", phone="212 555 0100"),
                       columns="channel, status, identifier_kind, identifier")
    assert found == [("sms", "granted", "phone", PHONE)]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"email": " Ada@00000.Example"}, {("email:" + ADA, "email", ADA)}),
        ({"phone": "212 555 0100"}, {("phone:" + PHONE, "phone", PHONE)}),
        ({"record": CONTACT}, {(CONTACT, None, None)}),
        ({"record": CONTACT, "email": ADA}, {(CONTACT, "email", ADA), ("email:" + ADA, "email", ADA)}),
        ({"record": CONTACT, "phone": "212 555 0100"},
         {(CONTACT, None, None), ("phone:" + PHONE, "phone", PHONE)}),
    ],
    ids=lambda one: " and ".join(one) if isinstance(one, dict) else None,
)
def test_a_preference_speaks_for_all_that_it_names(statements, named, said):
    found = statements(preference("granted", 1, **named),
                       columns="actor_key, identifier_kind, identifier")
    assert set(found) == said


def test_the_same_words_delivered_again_are_one_statement(statements):
    said = preference("denied", 1, night=3, email=ADA), preference("denied", 1, night=5, email=ADA)
    assert statements(*said) == [("denied", "preference centre", True)]


# Which words hold ---------------------------------------------------------------------------------

GRANTED, DENIED, LIFTED = ("granted", "person"), ("denied", "person"), ("unknown", "person")
BOUNCED = ("denied", "identifier")


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([member("subscribed", 1, night=2), member("unsubscribed", 3, night=4)], {DENIED}),
        ([member("unsubscribed", 3, night=4), member("subscribed", night=6)], {DENIED}),
        ([member("unsubscribed", 3, night=4), member("subscribed", 1, night=6)], {DENIED}),
        ([member("unsubscribed", 3, night=4), member("subscribed", 3, night=6)], {DENIED}),
        ([member("unsubscribed", 3, night=4), member("subscribed", 5, night=6)], {GRANTED}),
        ([member("unsubscribed", 3, night=4), member("subscribed", 1, night=6, confirmed=5)],
         {GRANTED}),
        ([member("cleaned", 3, night=4), member("subscribed", 5, night=6)], {GRANTED}),
        ([member("unsubscribed", 3, night=4, email=ADA), member("subscribed", 5, night=6, email=BOB)],
         {DENIED, GRANTED}),
        ([customer("yes", night=1), customer("no", night=2)], {DENIED}),
        ([customer("no", night=1), customer("yes", night=2)], {GRANTED}),
        ([customer("yes", night=1), customer("no", night=2), customer("yes", night=3)], {DENIED}),
        ([contact(1, night=9, opted_out=True), contact(2, night=9)], {LIFTED}),
        ([contact(2, night=9, opted_out=True), contact(1, night=9)], {DENIED}),
        ([contact(None, night=2, opted_out=True), contact(None, night=3)], {DENIED}),
        ([contact(2, night=9, bounced=1), contact(3, night=9)], {("unknown", "identifier")}),
        ([contact(2, night=9, bounced=1), contact(3, night=9, email=BOB)], {BOUNCED}),
        ([contact(1, night=9, opted_out=True, bounced=1), contact(2, night=9, opted_out=True)],
         {DENIED}),
        ([contact(1, night=9, opted_out=True, bounced=1), contact(2, night=9, bounced=1)],
         {LIFTED, BOUNCED}),
        ([mail("group_unsubscribe", 1), mail("group_resubscribe", 2)], {LIFTED}),
        ([mail("group_resubscribe", 1), mail("group_unsubscribe", 2)], {DENIED}),
        ([mail("unsubscribe", 1), preference("granted", 2, email=ADA)], {GRANTED}),
        ([mail("unsubscribe", 2), preference("granted", 1, email=ADA)], {DENIED}),
        ([contact(1, night=9, opted_out=True), preference("granted", 2, email=ADA)],
         {DENIED, GRANTED}),
        ([contact(1, night=9, opted_out=True), preference("granted", 2, record=CONTACT)], {GRANTED}),
        ([preference("granted", 2, email=ADA), preference("denied", 2, email=ADA)], {DENIED}),
    ],
    ids=[
        "unsubscribed after subscribing", "a list imported again", "an old opt-in imported again",
        "an opt-in of the same moment", "opted in again", "confirmed again", "cleaned, then opted in",
        "another address of the member", "a box withdrawn", "a box ticked at last",
        "a box ticked again proves nothing", "the CRM lifts it", "an older version says no such thing",
        "an undated version lifts nothing", "the bounce is lifted", "another address after the bounce",
        "a lifted bounce lifts no opt-out", "a lifted opt-out lifts no bounce",
        "resubscribed is no grant", "unsubscribed at last", "the same address, later",
        "the same address, earlier", "another speaker", "the same record, later",
        "of one moment the denial",
    ],
)
def test_a_denial_holds_until_the_same_speaker_dates_a_later_word(standing, deliveries, expected):
    assert standing(*deliveries) == expected


def test_a_lifted_bounce_lifts_no_denial_of_the_same_address(statements):
    said = preference("denied", 1, record=CONTACT, email=ADA)
    found = statements(said, contact(2, night=9, bounced=1), contact(3, night=9),
                       columns="actor_key, evidence, is_standing")
    assert (CONTACT, "preference centre", True) in found
    assert (CONTACT, "bounce", False) in found


@pytest.mark.parametrize("other", [{"channel": "sms"}, {"purpose": "profiling"}])
def test_channels_and_purposes_are_apart(standing, other):
    said = preference("denied", 1, email=ADA), preference("granted", 2, email=ADA, **other)
    assert standing(*said) == {DENIED, GRANTED}


# What it means for a profile ----------------------------------------------------------------------


def record(key, profile, *addresses, guard=None):
    """A record of a profile and the addresses that it carries."""
    return key, profile, addresses, guard


def assigned(records):
    """The tables of identity in which these records are."""
    keys = {key: profile for key, profile, *_ in records}
    return {
        "identity.actors": [{"actor_key": k, "profile_id": p} for k, p in keys.items()],
        "identity.profile_records": [{"record_key": k, "profile_id": p} for k, p in keys.items()],
        "identity.record_identifiers": [
            {"record_key": key, "kind": "phone" if one.startswith("+") else "email", "value": one,
             "guard": guard}
            for key, _, addresses, guard in records for one in addresses
        ],
    }


@pytest.fixture
def may(made):
    """may(records, *deliveries) -> {(profile, address): status} of marketing by e-mail."""

    def make(records, *deliveries, channel="email"):
        found = made(
            "golden.contact_consents", tables(deliveries) | assigned(records),
            "profile_id, identifier, status", where=f"channel = '{channel}'",
            through=(*READ, "standard.consent_statements", *KNOWN),
        )
        return {(profile, address): status for profile, address, status in found}

    return make


ANOTHER = "shopify:customers:8"


def test_a_grant_is_the_granting_record_s_own_addresses_and_no_other_s(may):
    records = record(MEMBER, "p", ADA), record(ANOTHER, "p", BOB)
    assert may(records, member("subscribed", 1, night=9)) == {("p", ADA): "granted"}


def test_a_record_that_no_longer_carries_the_address_grants_nothing(may):
    records = record(MEMBER, "p", BOB), record(ANOTHER, "p", ADA)
    assert may(records, member("subscribed", 1, night=9)) == {}


def test_a_person_s_no_is_for_every_address_of_the_profile(may):
    records = record(MEMBER, "p", ADA), record(CONTACT, "p", BOB)
    said = member("subscribed", 1, night=9), contact(2, night=9, email=BOB, opted_out=True)
    assert may(records, *said) == {("p", ADA): "denied", ("p", BOB): "denied"}


def test_a_bounce_is_for_the_address_that_bounced(may):
    records = record(MEMBER, "p", ADA), record(CONTACT, "p", BOB)
    said = member("subscribed", 1, night=9), mail("bounce", 2, email=BOB)
    assert may(records, *said) == {("p", ADA): "granted", ("p", BOB): "denied"}


@pytest.mark.parametrize("guard", [None, "more than 4 surnames"])
def test_a_denial_in_the_name_of_a_shared_mailbox_is_everybody_s(may, guard):
    records = record(MEMBER, "p", ADA, guard=guard), record(ANOTHER, "q", ADA, BOB, guard=guard)
    found = may(records, member("subscribed", 1, night=9), mail("unsubscribe", 2))
    assert found == {("p", ADA): "denied", ("q", ADA): "denied", ("q", BOB): "denied"}


def test_a_record_s_denial_of_an_address_denies_it_wherever_it_is_and_nothing_else_there(may):
    records = record(MEMBER, "p", ADA), record(CUSTOMER, "q", ADA, BOB)
    said = member("unsubscribed", 2, night=9), customer("yes", night=9, email=BOB)
    assert may(records, *said) == {
        ("p", ADA): "denied", ("q", ADA): "denied", ("q", BOB): "granted"}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([record(CONTACT, "p", ADA, BOB)], {("p", ADA): "granted"}),
        ([record(CONTACT, "p", ADA), record(ANOTHER, "p", ADA)], {("p", ADA): "granted"}),
        ([record(CONTACT, "p", ADA), record(ANOTHER, "q", ADA)], {}),
        ([record(CONTACT, "p", ADA, guard="a role's mailbox")], {}),
        ([record(CONTACT, "p", BOB)], {}),
    ],
    ids=["one profile", "two records of it", "two profiles", "guarded", "nobody's"],
)
def test_a_grant_by_an_address_alone_is_its_only_owner_s(may, records, expected):
    assert may(records, preference("granted", 1, email=ADA)) == expected


def test_an_address_of_one_kind_grants_nothing_for_another(may):
    records = [record(CONTACT, "p", ADA, PHONE)]
    assert may(records, preference("granted", 1, email=ADA, channel="sms"), channel="sms") == {}


def test_for_letters_it_is_the_record_that_says_so(may):
    records = [record(CONTACT, "p"), record(ANOTHER, "p")]
    said = preference("granted", 1, record=CONTACT, channel="post")
    assert may(records, said, channel="post") == {("p", CONTACT): "granted"}
    no = preference("denied", 1, record=ANOTHER, channel="post")
    assert set(may(records, said, no, channel="post").values()) == {"denied"}


@pytest.fixture
def consents(made):
    """(channel, status, address) of profile p, whose golden address is the one given."""

    def make(records, *deliveries, email=None, phone=None):
        golden = {"golden.profiles": [{"profile_id": "p", "email": email, "phone": phone}]}
        return made(
            "golden.consents", tables(deliveries) | assigned(records) | golden,
            "channel, status, identifier",
            through=(*READ, "standard.consent_statements", *KNOWN, "golden.contact_consents"),
        )

    return make


@pytest.mark.parametrize(
    ("deliveries", "golden", "status"),
    [
        ([member("subscribed", 1, night=9)], ADA, "granted"),
        ([member("subscribed", 1, night=9)], BOB, "unknown"),
        ([member("subscribed", 1, night=9)], None, "unknown"),
        ([member("subscribed", 1, night=9), mail("bounce", 2, email=ADA)], ADA, "denied"),
        ([member("subscribed", 1, night=9), mail("bounce", 2, email=BOB)], ADA, "granted"),
        ([member("subscribed", 1, night=9), mail("unsubscribe", 2, email=BOB)], ADA, "denied"),
        ([mail("group_unsubscribe", 1), mail("group_resubscribe", 2)], ADA, "unknown"),
        ([contact(2, night=9, opted_out=True)], None, "denied"),
    ],
    ids=["the golden address", "another address", "no address", "bounced", "another bounced",
         "unsubscribed by another address", "taken back", "no address to deny"],
)
def test_a_profile_is_granted_what_its_golden_address_is(consents, deliveries, golden, status):
    records = record(MEMBER, "p", ADA), record(CONTACT, "p", BOB)
    assert consents(records, *deliveries, email=golden) == [("email", status, golden)]


def test_consent_to_one_channel_is_none_to_another(consents):
    found = consents([record(CUSTOMER, "p", ADA, PHONE)], customer("yes", night=1), email=ADA,
                     phone=PHONE)
    assert found == [("email", "granted", ADA)]


@pytest.mark.parametrize("sql", re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL))
def test_the_queries_of_the_page_have_answers(sample_home, sql):
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute(sql).fetchall()


# What always holds --------------------------------------------------------------------------------
# Small worlds of four records, each with its address; many at once, for a database is slow to fill.

OTHER_MEMBER = "mailchimp:members:n00000"
RECORDS = {MEMBER: ADA, OTHER_MEMBER: BOB, CONTACT: ADA, CUSTOMER: BOB}
DAYS = st.integers(1, 4)
GRANT_OR_NOT = st.sampled_from(["granted", "denied"])
SAID = st.one_of(
    st.builds(
        lambda key, status, said, night: member(
            status, said, night=night, euid=key[18:], email=RECORDS[key]
        ),
        st.sampled_from([MEMBER, OTHER_MEMBER]),
        st.sampled_from(["subscribed", "unsubscribed", "cleaned"]), st.none() | DAYS, DAYS,
    ),
    st.builds(contact, DAYS, opted_out=st.booleans(), bounced=st.none() | DAYS, night=DAYS),
    st.builds(customer, st.sampled_from(["yes", "no"]), email=st.just(BOB), night=DAYS),
    st.builds(
        mail, st.sampled_from(["unsubscribe", "bounce", "group_resubscribe"]), DAYS,
        email=st.sampled_from([ADA, BOB]),
    ),
    st.builds(preference, GRANT_OR_NOT, DAYS, email=st.sampled_from([ADA, BOB])),
    st.builds(preference, GRANT_OR_NOT, DAYS, record=st.sampled_from([CONTACT, CUSTOMER])),
)
SAYINGS = st.lists(SAID, min_size=1, max_size=6)
WORLDS = st.lists(
    st.tuples(SAYINGS, st.tuples(*[st.sampled_from("pq")] * 4), SAYINGS), min_size=16, max_size=16
)
OFTEN = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))


def here(world, value):
    """A row, a name or an address as it is in one of many worlds."""
    if isinstance(value, dict):
        return {name: here(world, cell) for name, cell in value.items()}
    return value.replace("00000", f"{world:05}") if isinstance(value, str) else value


def said_in(sayings):
    """What was said in all the worlds, one after the other."""
    return [(table, here(world, row)) for world, said in enumerate(sayings) for table, row in said]


def again(sayings):
    """The same files once more, twenty days on; an event is what it was."""
    return [
        (table, row | ({"_delivered_at": day(20)} if "_delivered_at" in row else {}))
        for table, row in sayings
    ]


def shared_out(parts, only=None):
    """The records of all the worlds, in profile p or q of each, as the parts say."""
    return [
        record(here(world, key), f"{part}{world}", here(world, address))
        for world, part_of in enumerate(parts)
        for (key, address), part in zip(RECORDS.items(), part_of)
        if only in (None, address)
    ]


def with_status(found, status):
    return {key for key, one in found.items() if one == status}


def granting(table, row):
    """The record or address in whose name this row grants e-mail marketing, if it does."""
    match table.split(".")[1]:
        case "mailchimp__members" if row["_variant"] == "subscribed":
            return f"mailchimp:members:{row['euid']}"
        case "shopify__customers" if row["accepts_email_marketing"] == "yes":
            return f"shopify:customers:{row['customer_id']}"
        case "preferences__consents" if row["status"] == "granted":
            return row.get("record", row.get("email"))


@OFTEN
@given(worlds=WORLDS)
def test_nothing_is_granted_that_no_record_with_that_address_granted(may, worlds):
    sayings, parts, _ = zip(*worlds)
    said, records = said_in(sayings), shared_out(parts)
    speakers = {granting(table, row) for table, row in said}
    for profile, address in with_status(may(records, *said), "granted"):
        owners = {key for key, owner, addresses, _ in records
                  if owner == profile and address in addresses}
        assert speakers & {*owners, address}


@OFTEN
@given(worlds=WORLDS)
def test_merging_turns_no_denial_into_a_grant(may, worlds):
    sayings, parts, _ = zip(*worlds)
    apart = may(shared_out(parts), *said_in(sayings))
    merged = may(shared_out(["pppp"] * len(worlds)), *said_in(sayings))
    denied = {address for _, address in with_status(apart, "denied")}
    assert not denied & {address for _, address in with_status(merged, "granted")}


@OFTEN
@given(worlds=WORLDS)
def test_after_a_split_each_side_has_what_it_would_have_had_alone(may, worlds):
    said = said_in(sayings for sayings, *_ in worlds)
    parts = ["pqpq"] * len(worlds)
    alone = may(shared_out(parts, ADA), *said) | may(shared_out(parts, BOB), *said)
    assert may(shared_out(parts), *said) == alone


@OFTEN
@given(worlds=WORLDS)
def test_an_older_file_delivered_again_turns_no_denial_into_a_grant(may, worlds):
    sayings, parts, _ = zip(*worlds)
    said, records = said_in(sayings), shared_out(parts)
    before, after = may(records, *said), may(records, *said, *again(said[::2]))
    assert not with_status(before, "denied") & with_status(after, "granted")


@OFTEN
@given(worlds=WORLDS)
def test_the_ledger_of_a_night_contains_that_of_the_night_before(statements, worlds):
    columns = """statement_id, actor_key, identifier, channel, purpose, status, scope, stated_at,
        observed_at, evidence, evidence_record"""
    sayings, _, more = zip(*worlds)
    before = statements(*said_in(sayings), columns=columns)
    after = statements(*said_in(sayings), *again(said_in(more)), columns=columns)
    assert set(before) <= set(after)
