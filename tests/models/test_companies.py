"""Companies: which records are one, under which id, who belongs to them, and what is known of them."""

from __future__ import annotations

from datetime import datetime

import pytest
from support import SAMPLE

from dagster_project.identity.companies import Link, Record, resolve
from dagster_project.lake import Lake, connect, quoted

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 5, 1)
ACME = {"company": "Acme Inc.", "domain": "acme.com", "city": "Salem", "country": "US"}
LEAD = {"company": "Acme", "email": "ada@gmail.com", "country": "US"}


def account(key, **fields):
    record_key = f"salesforce:account:{key}"
    return {"record_key": record_key, "account_id": key, "is_deleted": False} | fields


def person(key, **fields):
    record_key = f"salesforce:lead:{key}"
    return {"record_key": record_key, "system": "salesforce", "export": "lead"} | fields


@pytest.fixture
def linked(made):
    """(rule, what speaks against it) of every link between these accounts and people; the last part of
    a record's key stands for the record."""

    def make(accounts, people=(), account_links=()):
        given = {
            "standard.companies": accounts,
            "standard.person_records": people,
            "standard.account_links": account_links,
        }
        through = ("identity.freemail_domains", "identity.company_records", "identity.company_domains")
        keys = made(
            "identity.company_keys", given, "rank, rule, company_key, record_key", through=through
        )
        given.pop("standard.account_links")
        rows = made(
            "identity.company_records",
            given,
            "record_key, whole_name, short_name, domain, account_id",
            through=through[:1],
        )
        parents = {one["record_key"]: one.get("parent_account_id") for one in accounts}
        records = {key: Record(*values, parents.get(key)) for key, *values in rows}
        links, _ = resolve(records, [key[1:] for key in sorted(keys, key=lambda row: (row[0], row[2]))])
        return {
            (left.rpartition(":")[2], right.rpartition(":")[2], rule): veto
            for left, right, rule, veto in links
        }

    return make


@pytest.mark.parametrize(
    ("company", "short_name"),
    [
        ("Acme", "acme"),
        ("Acme, Inc.", "acme"),
        ("ACME L.L.C.", "acme"),
        ("The Acme Company", "acme"),
        ("Müller & Söhne GmbH & Co. KG", "muller and sohne"),
        ("Café Prévert S.A.R.L.", "cafe prevert"),
        ("Acme Group", "acme group"),
        ("Acme (Salem)", "acme salem"),
        ("Co", "co"),
    ],
)
def test_a_legal_form_is_no_part_of_the_short_name(made, company, short_name):
    given = {"standard.companies": [account("a", company=company)]}
    found = made(
        "identity.company_records", given, "short_name", through=("identity.freemail_domains",)
    )
    assert found == [(short_name,)]


@pytest.mark.parametrize("company", ["n/a", "None", "self-employed", "-", "Private"])
def test_what_says_that_there_is_no_company_names_none(made, company):
    given = {"standard.person_records": [person("l", company=company)]}
    through = ("identity.freemail_domains",)
    assert made("identity.company_records", given, through=through) == []


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"company": "Acme Incorporated", "domain": "acme.com"}, "same_domain"),
        ({"company": "Acme Incorporated", "city": "SALEM", "country": "US"}, "same_name_and_city"),
        ({"company": "Acme LLC", "phone": "+15035550100"}, "same_name_and_phone"),
    ],
    ids=["domain", "city", "phone"],
)
def test_accounts_are_one_company_by_a_named_rule(linked, other, rule):
    found = linked([account("a", **ACME, phone="+15035550100"), account("b", **other)])
    assert found == {("a", "b", rule): None}


@pytest.mark.parametrize(
    "other",
    [
        {"company": "Acme", "city": "Portland", "country": "US"},
        {"company": "Apex", "city": "Salem", "country": "US"},
    ],
    ids=["one name in two cities", "two names in one city"],
)
def test_accounts_that_share_too_little_are_two_companies(linked, other):
    assert linked([account("a", **ACME), account("b", **other)]) == {}


def test_accounts_of_one_name_and_city_with_their_own_domains_and_forms_are_two(linked):
    other = ACME | {"company": "Acme LLC", "domain": "acme-brewing.com"}
    found = linked([account("a", **ACME), account("b", **other)])
    assert found == {("a", "b", "same_name_and_city"): "other_domain_and_name"}


@pytest.mark.parametrize("domain", ["gmail.com", "comcast.net", "facebook.com"])
def test_where_anybody_may_have_an_address_nobody_is_a_company(linked, domain):
    assert linked([account("a", company="Acme", domain=domain), account("b", domain=domain)]) == {}


def test_a_domain_of_many_names_is_a_provider_that_the_list_lacks(linked):
    names = ("Acme", "Apex", "Atlas", "Argo")
    people = [person(name, company=name, email=f"{name}@isp.net".lower()) for name in names]
    assert linked([], people) == {}
    assert set(linked([], people[:2]).values()) == {None}


def test_account_hierarchy_is_not_identity(linked):
    child = {"domain": "acme.com", "parent_account_id": "a"}
    found = linked(
        [
            account("a", **ACME),
            account("b", company="Acme Foods", **child),
            account("c", company="Acme Toys", **child),
        ]
    )
    assert set(found.values()) == {"account_hierarchy"}


def test_an_account_merged_in_the_crm_is_the_one_that_stayed(linked):
    left_out = account("b", company="Acme old", master_account_id="a", is_deleted=True)
    assert linked([account("a", **ACME), left_out]) == {("a", "b", "merged_account"): None}


def test_a_converted_lead_is_the_account_it_became(linked):
    lead = person("l", company="A. C. M. E.", email="ada@gmail.com")
    link = {"record_key": lead["record_key"], "account_id": "a", "evidence": "converted_lead"}
    assert linked([account("a", **ACME)], [lead], [link]) == {("a", "l", "converted_lead"): None}


@pytest.mark.parametrize(
    ("accounts", "rules"),
    [
        ([account("a", company="Acme")], {"only_account_of_that_name"}),
        ([account("a", company="Acme"), account("b", company="Acme")], set()),
        (
            [account("a", company="Acme"), account("b", company="Acme LLC")],
            {"only_account_of_that_name"},
        ),
    ],
    ids=["one account", "two of that name", "another of a like name"],
)
def test_a_name_that_one_account_has_means_that_account(linked, accounts, rules):
    found = linked(accounts, [person("l", **LEAD)])
    assert {rule for *_, rule in found} == rules
    assert all(left == "a" and right == "l" for left, right, _ in found)


def record(name, domain=None, account_id=None, parent=None):
    return Record(name, name, domain, account_id, parent)


def test_a_chain_does_not_make_one_of_two_that_share_nothing():
    records = {"a": record("acme", "acme.com"), "b": record("acme"), "c": record("apex", "apex.com")}
    keys = [("same_domain", "x", "b"), ("same_domain", "x", "c"), ("same_name", "y", "a")]
    links, cluster = resolve(records, [*keys, ("same_name", "y", "b")])
    assert links == [
        Link("b", "c", "same_domain", None),
        Link("a", "b", "same_name", "other_domain_and_name"),
    ]
    assert cluster == {"a": "a", "b": "b", "c": "b"}


def test_golden_values_are_an_account_s_before_what_people_write(made):
    records = [
        {"record_key": "salesforce:account:a", "export": "account", "observed_at": OLD},
        {"record_key": "salesforce:account:b", "export": "account", "observed_at": NEW},
        {"record_key": "salesforce:lead:l", "export": "lead", "observed_at": NEW},
    ]
    companies = ("Acme Inc.", "Acme", "ACME!!")
    given = {
        "identity.company_members": [
            {"company_id": "c", "record_key": one["record_key"]} for one in records
        ],
        "identity.company_records": [
            one | {"system": "salesforce", "company": company, "is_deleted": False}
            for one, company in zip(records, companies)
        ],
        "standard.companies": [
            account("a", street="1 Elm St", city="Salem", industry="Retail"),
            account("b", city="Portland", phone="+15035550100"),
        ],
    }
    found = made(
        "golden.companies",
        given,
        "company, street, city, industry, phone, record_count, account_count",
        through=("golden.source_trust",),
    )
    # the address is one account's, never a street of one in the city of another
    assert found == [("Acme", None, "Portland", "Retail", "+15035550100", 3, 2)]


def test_people_belong_to_a_company_by_what_says_so(made):
    given = {
        "golden.companies": [{"company_id": "c", "domain": "acme.com"}],
        "identity.company_members": [
            {"company_id": "c", "record_key": "salesforce:account:a"},
            {"company_id": "c", "record_key": "salesforce:lead:l"},
        ],
        "standard.account_links": [
            {"record_key": "salesforce:contact:k", "account_id": "a", "evidence": "account_contact"}
        ],
        "workings.person_records": [
            {"profile_id": "p", "record_key": "salesforce:contact:k", "email": "ada@acme.com"},
            {"profile_id": "q", "record_key": "salesforce:lead:l", "email": "al@gmail.com"},
            {"profile_id": "r", "record_key": "mailchimp:members:m", "email": "bo@other.com"},
        ],
    }
    found = made("golden.company_people", given, "company_id, profile_id, evidence")
    assert found == [
        ("c", "p", "account_contact"),
        ("c", "p", "work_email_domain"),
        ("c", "q", "company_named"),
    ]


def test_the_simulated_company_s_customers_are_found(sample_home):
    """Pairwise over company records: precision and recall against the truth beside the sample."""
    lake, con = Lake(sample_home / "lake"), connect()
    truth = {
        name: quoted(SAMPLE / "truth" / f"{name}.parquet")
        for name in ("records", "people", "companies")
    }
    [(found, true, both)] = con.execute(f"""
        with owners as (
            select record_key, account
            from {truth["records"]} inner join {truth["people"]} using (person_id)
            union all
            select accounts.record_key, companies.account
            from ({lake.scan("standard.companies")}) as accounts
            inner join {truth["companies"]} as companies using (domain)
        ),
        members as (
            select * from ({lake.scan("identity.company_members")}) inner join owners using (record_key)
        )
        select
            count(*) filter (where one.company_id = other.company_id),
            count(*) filter (where one.account = other.account),
            count(*) filter (where one.company_id = other.company_id and one.account = other.account)
        from members as one inner join members as other on one.record_key < other.record_key
    """).fetchall()
    assert both >= 0.99 * found and both >= 0.95 * true > 0
