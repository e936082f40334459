"""Every check can fail: damages copies of a home's tables in every way that the checks claim to catch.

Each damage is done alone, in memory, and undone; the check that it is meant for must see it. A check
without a damage here counts as not seen. The home itself is only read.

Example: python benchmarks/mutations.py --home data
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dagster_project.catalog import load_catalog
from dagster_project.lake import Lake, connect
from dagster_project.making import KEY_CLAIM, wrong_keys
from dagster_project.nightly import make_all
from dagster_project.quality import Suite, judge, load_suites
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, Settings, load_settings
from dagster_project.sql_models import load_models

SAMPLE = PROJECT / "data" / "sample" / "exports"


def change(table: str, columns: str, where: str = "true") -> str:
    """One row of a table made otherwise."""
    return f"update {table} set {columns} where rowid = (select min(rowid) from {table} where {where})"


def drop(table: str, where: str = "true") -> str:
    return f"delete from {table} where rowid = (select min(rowid) from {table} where {where})"


def add(table: str, columns: str) -> str:
    """A row more, with these values and otherwise those of the first row."""
    return (
        f"insert into {table} select * replace ({columns}) from {table} "
        f"where rowid = (select min(rowid) from {table})"
    )


def empty(table: str) -> str:
    return f"delete from {table}"


LATER = "(select as_of from raw.as_of) + interval 9 day"
LATE_DAY = "(select as_of from raw.as_of)::date - {}"

DAMAGES: dict[str, dict[str, str]] = {
    # Queries that return what is wrong.
    "golden.consents.a_grant_is_that_of_the_golden_address": {
        "a grant of another address": change(
            "golden.consents", "identifier = 'x@y.z'", "status = 'granted'")},
    "golden.consents.no_grant_without_a_grant": {
        "a denial becomes a grant": change("golden.consents", "status = 'granted'", "status = 'denied'"),
        "what was said is lost": empty("golden.consent_ledger")},
    "golden.contact_consents.no_grant_crosses_a_link": {
        "another record's address": change(
            "golden.contact_consents", "identifier = 'x@y.z'", "status = 'granted'"),
        "a denial becomes a grant": change(
            "golden.contact_consents", "status = 'granted'", "status = 'denied'")},
    "golden.journeys.orders_and_revenue_are_those_of_known_people": {
        "a journey lost": drop("golden.journeys", "is_converted"),
        "revenue changed": change("golden.journeys", "value = value + 1", "is_converted")},
    "golden.orders.totals_in_are_totals_out": {
        "an order lost": drop("golden.orders"),
        "an order twice": add("golden.orders", "'twin' as order_id"),
        "a total changed by a cent": change("golden.orders", "total = total + 0.01"),
        "a refund lost": change("golden.orders", "refunded = 0", "refunded > 0"),
        "a currency swapped": change("golden.orders", "currency = 'GBP'", "currency = 'USD'"),
        "a month lost": "delete from golden.orders where ordered_at >= "
                        "(select max(ordered_at) - interval 30 day from golden.orders)"},
    "golden.profile_attributes.at_most_one_value_wins": {
        "two values win": add("golden.profile_attributes", "true as is_winner, 'x' as value")
                          + "; " + "update golden.profile_attributes set is_winner = true"},
    "golden.profiles.every_record_counts_once": {
        "a record lost": drop("workings.person_records"),
        "a record too many": change(
            "golden.profiles", "source_record_count = source_record_count + 1"),
        "a profile lost": drop("golden.profiles")},
    "marts.attribution.every_model_adds_up_to_the_orders": {
        "revenue credited twice": change("marts.attribution", "revenue = revenue + 1"),
        "a model lost": "delete from marts.attribution where model = 'linear'"},
    "marts.case_volumes.every_case_is_opened_and_solved_once": {
        "a case lost": drop("marts.cases", "not is_deleted and created_at is not null"),
        "the backlog wrong": change(
            "marts.case_volumes", "backlog_count = backlog_count + 1",
            "day_on = (select max(day_on) from marts.case_volumes)")},
    "marts.forecast.the_forecast_is_the_pipeline": {
        "a deal lost": drop("marts.deals", "is_open and close_on is not null"),
        "a weight changed": change("marts.forecast", "weighted_amount = weighted_amount + 1")},
    "marts.lead_funnel.the_funnel_only_narrows": {
        "more contacted than captured": change(
            "marts.lead_funnel", "contacted_count = captured_count + 1"),
        "a lead lost": drop("marts.leads", "not is_deleted and created_at is not null")},
    "marts.link_evidence.parts_add_up_to_the_weight": {
        "a part lost": drop("marts.link_evidence", "abs(match_weight) > 0.1"),
        "the weight changed": change(
            "identity.links", "match_weight = match_weight + 1", "match_weight is not null")},
    "marts.number_bridges.the_reasons_add_up": {
        "a reason lost": change(
            "marts.number_bridges", "by_new_people = by_new_people + 1")},
    "marts.number_bridges.they_lead_to_what_is_published": {
        "a profile lost": drop("golden.profiles"),
        "revenue changed": change("golden.customer_facts", "spend_converted = spend_converted + 1")},
    "marts.pipeline.pipeline_won_and_lost_are_all_deals": {
        "a deal lost": drop("marts.deals", "not is_deleted and (is_open or closed_at is not null)"),
        "an amount changed": change("marts.pipeline", "amount = amount + 1")},
    "marts.profile_records.every_record_is_in_one_profile": {
        "a record lost": drop("marts.profile_records"),
        "a record of nobody": change("marts.profile_records", "profile_id = null"),
        "a record from nowhere": change("marts.profile_records", "record_key = 'a:b:c'")},
    "marts.segment_sizes.entries_less_exits_are_the_members": {
        "a member lost": drop("marts.segment_members"),
        "an entry lost": drop("marts.segment_history", "change = 'entered'")},
    "marts.source_files.no_export_lost_a_column": {
        "a column gone": "update marts.source_files set detail = 'columns gone: Birthdate' "
                         "where delivered_at = (select max(delivered_at) from marts.source_files)"},
    "marts.source_files.no_file_was_replaced": {
        "a file of today that another stands for": change(
            "marts.source_files", "is_restated = true",
            "delivered_at = (select max(delivered_at) from marts.source_files)")},
    "marts.source_files.rows_add_up": {
        "a row lost": change("marts.source_files", "rows_accepted = rows_accepted - 1")},
    "marts.stage_conversion.every_deal_that_entered_has_an_outcome": {
        "an outcome lost": change("marts.stage_conversion", "entered_count = entered_count + 1")},
    "standard.delivered_orders.every_order_arrives": {
        "an order lost": drop("standard.delivered_orders"),
        "a total changed": change("standard.delivered_orders", "total = total + 1")},
    "standard.orders.totals_delivered_are_orders_and_copies": {
        "an order lost": drop("standard.orders"),
        "a currency swapped": change("standard.orders", "currency = 'GBP'", "currency = 'USD'")},
    "standard.refunds.refunds_sum_up_to_the_orders": {
        "a refund lost": drop("standard.refunds"),
        "a refund changed": change("standard.refunds", "amount = amount + 1")},
    "identity.accuracy.accuracy_has_not_fallen": {
        "recall falls": "insert into identity.accuracy_reference by name "
                        "select measure, subset, 2.0 as low from identity.accuracy limit 1"},
    "identity.contradictions.corrections_can_all_hold": {
        "two corrections contradict": "insert into identity.contradictions (about) values ('a:b:c')"},
    "marts.anonymity.few_rows_stand_in_small_groups": {
        "everybody is alone": "update marts.anonymity set small_group_row_count = row_count"},
    "marts.deliveries.few_rows_are_set_aside": {
        "over the budget": "update marts.deliveries set budget_verdict = 'over'"},
    "marts.deliveries.volume_is_usual": {
        "a tenth of the volume": "update marts.deliveries set volume_verdict = 'far below'"},
    "marts.profile_records.every_record_has_its_row": {
        "no row number": change("marts.profile_records", "row_number = null")},
    "marts.segment_sizes.no_segment_is_held": {
        "a segment held": change("marts.segments", "is_held = true")},
    # Expectations.
    "standard.person_records.few_records_are_nameless": {
        "a column renamed": "update standard.person_records set email = null, phone = null, "
                            "last_name = null where system = 'shopify'"},
    "standard.person_records.no_record_changed_after_the_run": {
        "a clock ahead": change("standard.person_records", f"changed_at = {LATER}")},
    "standard.person_records.births_are_possible": {
        "born before 1900": change("standard.person_records", "birth_on = date '1023-01-01'"),
        "not born yet": change("standard.person_records", "birth_on = date '2999-01-01'")},
    "standard.person_records.countries_are_iso_codes": {
        "a country's name": change("standard.person_records", "country = 'Germany'")},
    "golden.orders.every_buyer_is_a_profile": {
        "an orphan": change("golden.orders", "profile_id = 'nobody'"),
        "its profile lost": drop(
            "golden.profiles", "profile_id in (select profile_id from golden.orders)")},
    "golden.orders.every_order_has_a_time": {
        "no time": change("golden.orders", "ordered_at = null")},
    "golden.orders.no_order_is_after_the_run": {
        "a clock ahead": change("golden.orders", f"ordered_at = {LATER}")},
    "golden.orders.statuses_are_known": {
        "a new status": change("golden.orders", "status = 'on_hold'")},
    "golden.orders.currencies_are_iso_codes": {
        "a sign for a currency": change("golden.orders", "currency = '$'")},
    "golden.orders.amounts_are_not_negative": {
        "a total below zero": change("golden.orders", "total = -1"),
        "a refund below zero": change("golden.orders", "refunded = -1")},
    "golden.orders.net_is_total_less_refunds": {
        "a sum changed": change("golden.orders", "net = net + 0.01", "status = 'paid'")},
    "golden.orders.amounts_can_be_converted": {
        "the rates of a currency lost": "update golden.orders set net_converted = null "
                                        "where currency = 'EUR'"},
    "golden.order_lines.every_line_is_of_an_order": {
        "an orphan": change("golden.order_lines", "order_id = 'none'"),
        "its order lost": drop(
            "golden.orders", "order_id in (select order_id from golden.order_lines)")},
    "golden.order_lines.every_line_sells_something": {
        "a quantity of nothing": change("golden.order_lines", "quantity = 0")},
    "golden.order_lines.products_have_names": {
        "a column renamed": "update golden.order_lines set product_name = null, sku = null"},
    "golden.events.every_actor_is_a_profile": {
        "an orphan": change("golden.events", "profile_id = 'nobody'")},
    "golden.events.every_event_has_a_time": {
        "no time": change("golden.events", "occurred_at = null")},
    "golden.events.no_event_is_after_the_run": {
        "a clock ahead": change("golden.events", f"occurred_at = {LATER}")},
    "golden.events.kinds_of_events_are_as_usual": {
        "a kind stops": "update golden.events set system = 'weblogs', event_type = if(hash(event_id) % 2 "
                        "= 0, 'page_view', 'login'), occurred_at = (select as_of from raw.as_of) "
                        "- to_days(1 + (hash(event_id) % 34)::integer); "
                        "delete from golden.events where event_type = 'login' and occurred_at >= "
                        "(select as_of from raw.as_of) - interval 7 day"},
    "golden.consents.every_consent_is_of_a_profile": {
        "an orphan": change("golden.consents", "profile_id = 'nobody'")},
    "golden.consents.statuses_are_known": {
        "a new status": change("golden.consents", "status = 'perhaps'")},
    "golden.consents.channels_are_known": {
        "a new channel": change("golden.consents", "channel = 'pigeon'")},
    "golden.consents.every_grant_has_evidence": {
        "evidence lost": change("golden.consents", "evidence_record = null", "status = 'granted'")},
    "golden.consents.no_consent_is_after_the_run": {
        "a clock ahead": change("golden.consents", f"observed_at = {LATER}")},
    "golden.customer_facts.every_customer_is_a_profile": {
        "an orphan": change("golden.customer_facts", "profile_id = 'nobody'")},
    "golden.customer_facts.first_comes_before_last": {
        "times swapped": change("golden.customer_facts",
                                "first_event_at = last_event_at + interval 1 day",
                                "last_event_at is not null")},
    "golden.customer_facts.shares_and_counts_are_possible": {
        "a count below zero": change("golden.customer_facts", "event_count = -1"),
        "shares above one": change(
            "golden.customer_facts", "web_order_share = 1, store_order_share = 1")},
    "golden.customer_facts.revenue_is_that_of_the_orders": {
        "spend changed": change("golden.customer_facts", "spend_converted = spend_converted + 1"),
        "an order lost": drop("golden.orders", "profile_id is not null and net_converted > 0")},
    "golden.customer_facts.orders_are_those_of_the_orders": {
        "an order too many": change("golden.customer_facts", "order_count = order_count + 1")},
    "golden.scores.values_are_numbers": {
        "no value": change("golden.scores", "value = null"),
        "not a number": change("golden.scores", "value = 'nan'"),
        "infinity": change("golden.scores", "value = 'inf'")},
    "golden.scores.every_score_is_of_a_profile": {
        "an orphan": change("golden.scores", "profile_id = 'nobody'")},
    "golden.scores.probabilities_are_between_0_and_1": {
        "above one": change("golden.scores", "score = 'churn', value = 1.01")},
    "golden.scores.no_score_speaks_of_a_later_day": {
        "a later day": change("golden.scores", f"as_of = {LATER}")},
    "marts.profile_records.every_record_is_of_a_profile": {
        "an orphan": change("marts.profile_records", "profile_id = 'nobody'")},
    "marts.profile_records.every_record_says_what_links_it": {
        "the reason lost": change("marts.profile_records", "linked_by = null")},
    "marts.profile_records.probabilities_are_between_0_and_1": {
        "above one": change("marts.profile_records", "match_probability = 1.01")},
    "marts.profile_records.records_of_one_system_are_many_people": {
        "a giant cluster": "update marts.profile_records set profile_id = "
                           "(select min(profile_id) from marts.profiles) where system = 'shopify'"},
    "marts.segments.there_are_segments": {"all lost": empty("marts.segments")},
    "marts.segments.sizes_are_those_of_the_members": {
        "a member lost": drop("marts.segment_members"),
        "a size changed": change("marts.segments", "size = size + 1")},
    "marts.segments.nobody_is_reached_outside_a_segment": {
        "more reached than there are": change("marts.segments", "email_reachable_count = size + 1")},
    "marts.segments.every_member_is_a_profile": {
        "an orphan": change("marts.segment_members", "profile_id = 'nobody'")},
    "marts.segments.few_segments_are_held": {
        "all are held": "update marts.segments set is_held = true"},
    "marts.deliveries.every_export_comes_as_usual": {
        "a file that does not come": "update marts.deliveries set usual_interval_days = 1, "
                                     f"delivered_on = {LATE_DAY.format(4)} where export = 'members'"},
    "marts.deliveries.no_export_is_missing": {
        "a file that does not come any more": "update marts.deliveries set usual_interval_days = 1, "
                                              f"delivered_on = {LATE_DAY.format(9)} "
                                              "where export = 'members'"},
    "marts.profiles.there_are_profiles": {"zero customers": empty("marts.profiles")},
    "marts.profiles.profiles_can_be_named": {
        "a column renamed": "update marts.profiles set email = null, phone = null, last_name = null"},
    "marts.profiles.no_profile_has_most_records": {
        "a giant cluster": change("marts.profiles", "source_record_count = 1000000")},
    "marts.profiles.confidence_is_at_least_one_half": {
        "below one half": change("marts.profiles", "identity_confidence = 0.4")},
    "marts.profiles.confidence_is_a_probability": {
        "above one": change("marts.profiles", "identity_confidence = 1.1")},
    "marts.profiles.records_are_counted": {
        "a record lost": drop("marts.profile_records"),
        "a record too many": change(
            "marts.profiles", "source_record_count = source_record_count + 1")},
    "marts.profiles.first_comes_before_last": {
        "times swapped": change("marts.profiles", "first_seen_at = last_seen_at + interval 1 day",
                                "last_seen_at is not null")},
    "marts.profiles.phones_are_e164": {
        "as it was typed": change("marts.profiles", "phone = '(212) 555-0147'")},
    "marts.profiles.emails_can_be_written_to": {
        "no address": change("marts.profiles", "email = 'none'")},
    "marts.source_files.files_were_accepted": {
        "all set aside": "update marts.source_files set status = 'quarantined'"},
    "marts.source_files.few_files_are_set_aside": {
        "a third set aside": "update marts.source_files set status = 'quarantined' "
                             "where hash(path) % 3 = 0"},
    "marts.source_files.few_rows_are_set_aside": {
        "a tenth set aside": "update marts.source_files set rows_quarantined = rows_read // 10"},
}
"""Check -> what is done -> the SQL that does it."""


@dataclass(frozen=True)
class Seen:
    check: str
    damage: str
    seen: bool


@dataclass(frozen=True)
class _Check:
    """What is damaged, read and asked; `fails` says whether the claim does not hold any more."""

    name: str
    tables: frozenset[str]
    fails: Callable[[duckdb.DuckDBPyConnection], bool]


def run(settings: Settings, *, only: Iterable[str] | None = None) -> list[Seen]:
    """Every damage to the tables of a home, or to those checks, and whether it was seen."""
    lake, found = Lake(settings.lake), []
    with connect(threads=settings.threads, memory=settings.memory_limit) as con:
        con.execute((settings.sql / "functions.sql").read_text(encoding="utf-8"))
        there: set[str] = set()
        for check in _checks(settings):
            if only is not None and check.name not in only:
                continue
            for table in sorted(check.tables - there):
                con.execute(f"create schema if not exists {table.partition('.')[0]}")
                con.execute(f"create table {table} as {lake.scan(table)}")
            there |= check.tables
            found += _tried(con, check)
    return found


def _tried(con: duckdb.DuckDBPyConnection, check: _Check) -> Iterable[Seen]:
    damages = DAMAGES.get(check.name) or _key_damages(check)
    if check.fails(con):
        yield Seen(check.name, "nothing: it fails already", seen=False)
        return
    if not damages:
        yield Seen(check.name, "nobody wrote one", seen=False)
    for damage, sql in damages.items():
        con.execute("begin")
        con.execute(sql)
        yield Seen(check.name, damage, check.fails(con))
        con.execute("rollback")


def _key_damages(check: _Check) -> dict[str, str]:
    """A key is checked of every table alike."""
    table, _, claim = check.name.rpartition(".")
    if claim != KEY_CLAIM:
        return {}
    return {"a row twice": f"insert into {table} from {table} limit 1"}


def _checks(settings: Settings) -> Iterable[_Check]:
    lake = Lake(settings.lake)
    for model in load_models(settings.sql).values():
        keys = wrong_keys(model.table, model.grain)
        # Of nothing, nothing is twice.
        if lake.manifest(model.table).notes.get("rows"):
            yield _Check(f"{model.table}.{KEY_CLAIM}", frozenset({model.table}), _returns_rows(keys))
        for check in model.checks:
            tables = check.dependencies | {model.table}
            yield _Check(f"{model.table}.{check.claim}", tables, _returns_rows(check.sql))
    for suite in load_suites(settings.sql):
        for one in suite.expectations:
            yield _Check(
                f"{suite.table}.{one.claim}",
                suite.dependencies | {suite.table},
                _is_judged_failed(suite, one.claim),
            )


def _returns_rows(sql: str) -> Callable[[duckdb.DuckDBPyConnection], bool]:
    return lambda con: con.execute(f"select count(*) from ({sql})").fetchall()[0][0] > 0


def _is_judged_failed(suite: Suite, claim: str) -> Callable[[duckdb.DuckDBPyConnection], bool]:
    """By its expectation, not because the question could not be asked."""
    def fails(con: duckdb.DuckDBPyConnection) -> bool:
        (one,) = (one for one in judge(con, [suite]) if one.claim == claim)
        if one.failing_rows is None:
            raise RuntimeError(f"{suite.path} cannot be run")
        return not one.passed

    return fails


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="a home that a run made; else the sample is run")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = chosen.home or Path(place) / "home"
        settings = load_settings(directory=PROJECT, environment={}, exports=SAMPLE, home=home)
        if chosen.home is None:
            with open_run(settings, as_of=date(2026, 6, 2)) as night:
                make_all(night, load_catalog(settings))
        found = run(settings)
    for one in found:
        print(f"{'seen' if one.seen else 'NOT SEEN':<9} {one.check:<75} {one.damage}")
    checks = {one.check for one in found}
    failing = {one.check for one in found if not one.seen}
    seen = sum(one.seen for one in found)
    print(f"\n{seen} of {len(found)} damages seen")
    print(f"{len(checks - failing)} of {len(checks)} checks can fail")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
