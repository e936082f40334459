"""Sales and service: deals on their way, leads, cases and campaigns, and the reports over them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

START = datetime(2026, 5, 1, 10)
USER = {"user_id": "005A", "owner_name": "Ann Example", "is_active": True}


def day(number):
    return START + timedelta(days=number)


def euros(text):
    return Decimal(text)


# Deals -------------------------------------------------------------------------------------------


def deal(**fields):
    """A deal as Salesforce has it; closed when its stage is."""
    stage = fields.get("stage", "Offer")
    key = fields.get("opportunity_id", "006")
    return {
        "record_key": f"salesforce:opportunity:{key}",
        "opportunity_id": key,
        "stage": stage,
        "is_closed": stage in ("Won", "Lost"),
        "is_won": stage == "Won",
        "is_deleted": False,
        "created_at": START,
        "close_on": date(2026, 5, 31),
    } | fields


CHANCES = {"New": "10", "Offer": "50", "Talks": "80", "Won": "100", "Lost": "0"}


def steps(*stages, key="006"):
    """The history of a deal that entered these stages a day apart."""
    return [
        {
            "opportunity_id": key,
            "history_id": f"{key}{number}",
            "stage": stage,
            "probability_percent": Decimal(CHANCES[stage]),
            "created_at": day(number),
            "is_deleted": False,
        }
        for number, stage in enumerate(stages)
    ]


TO_DEALS = (
    "standard.deal_stages",
    "standard.deals",
    "workings.sales_accounts",
    "workings.sales_owners",
    "workings.deals",
    "marts.deals",
)
TO_STAGES = (*TO_DEALS, "marts.deal_stages", "workings.sales_stages")


@pytest.fixture
def reported(made):
    """reported("marts.pipeline", deals, columns) -> rows, over all tables in between."""

    def make(model, deals, columns, history=(), **tables):
        given = {
            "staging.salesforce__opportunity": deals,
            "staging.salesforce__opportunity_history": list(history),
        }
        through = TO_DEALS[:-1] if model == "marts.deals" else TO_STAGES
        return made(model, given | tables.pop("also", {}), columns, through=through)

    return make


def test_a_deal_has_its_person_company_and_owner(reported):
    ours = deal(account_id="001A", contact_id="003A", owner_id="005A")
    also = {
        "identity.actors": [{"actor_key": "salesforce:contact:003A", "profile_id": "p"}],
        "identity.company_members": [
            {"record_key": "salesforce:account:001A", "company_id": "c"},
            {"record_key": "salesforce:lead:00QA", "company_id": "other"},
        ],
        "staging.salesforce__user": [USER],
    }
    found = reported("marts.deals", [ours], "profile_id, company_id, owner_name", also=also)
    assert found == [("p", "c", "Ann Example")]


def test_a_deal_without_any_of_them_stays(reported):
    found = reported("marts.deals", [deal(owner_id="005X")], "profile_id, company_id, owner_name")
    assert found == [(None, None, None)]


@pytest.mark.parametrize(
    ("now", "history", "entered_at", "closed_at"),
    [
        ("Offer", ("New", "Offer"), day(1), None),
        ("Won", ("New", "Offer", "Won"), day(2), day(2)),
        ("Lost", ("New", "Lost", "New", "Lost"), day(3), day(3)),
        ("Offer", ("New", "Lost", "Offer"), day(2), None),
        ("Won", ("Won",), START, datetime(2026, 5, 31)),
        ("Won", (), START, datetime(2026, 5, 31)),
        ("Won", ("New", "Offer"), None, datetime(2026, 5, 31)),
    ],
    ids=[
        "open", "won", "lost twice", "reopened", "made closed", "no history", "history behind the deal"
    ],
)
def test_when_a_deal_entered_its_stage_and_was_closed(reported, now, history, entered_at, closed_at):
    found = reported(
        "marts.deals", [deal(stage=now)], "stage_entered_at, closed_at", steps(*history)
    )
    assert found == [(entered_at, closed_at)]


@pytest.mark.parametrize(
    ("fields", "is_open"), [({}, True), ({"is_deleted": True}, False), ({"stage": "Won"}, False)]
)
def test_a_deal_is_open_until_it_is_closed_or_deleted(reported, fields, is_open):
    assert reported("marts.deals", [deal(**fields)], "is_open") == [(is_open,)]




def test_the_steps_of_a_deal(made):
    given = {
        "staging.salesforce__opportunity": [
            deal(owner_id="005A"),
            deal(opportunity_id="007", is_deleted=True),
        ],
        "staging.salesforce__opportunity_history": steps("New", "Offer") + steps("New", key="007"),
    }
    columns = "opportunity_id, stage_number, stage, from_stage, days_in_stage, owner_id"
    found = made("marts.deal_stages", given, columns, through=TO_DEALS)
    assert found == [
        ("006", 1, "New", None, 1.0, "005A"),
        ("006", 2, "Offer", "New", None, "005A"),
    ]


def test_stages_stand_in_the_order_of_their_chances_closed_ones_last(reported):
    found = reported(
        "workings.sales_stages",
        [deal(stage="Won"), deal(opportunity_id="7", stage="Lost")],
        "stage_position, stage, is_closed, is_won",
        steps("New", "Offer", "Talks", "Won") + steps("New", "Lost", key="7"),
    )
    assert found == [
        (1, "New", False, False),
        (2, "Offer", False, False),
        (3, "Talks", False, False),
        (4, "Lost", True, False),
        (5, "Won", True, True),
    ]


def test_the_pipeline_holds_what_is_open_and_never_adds_currencies(reported):
    common = {"stage": "Offer", "probability_percent": Decimal(50)}
    deals = [
        deal(opportunity_id="1", amount=euros("10.01"), close_on=date(2026, 6, 1), **common),
        deal(opportunity_id="2", amount=euros("5.00"), close_on=date(2026, 6, 2), **common),
        deal(opportunity_id="3", **common),
        deal(opportunity_id="4", amount=euros("7.00"), currency="EUR", **common),
        deal(opportunity_id="5", amount=euros("9.00"), is_deleted=True, **common),
        deal(opportunity_id="6", amount=euros("9.00"), stage="Won"),
    ]
    columns = (
        "stage, currency, deal_count, deal_without_amount_count, amount, weighted_amount, overdue_count"
    )
    assert reported("marts.pipeline", deals, columns) == [
        ("Offer", "EUR", 1, 0, euros("7.00"), euros("3.50"), 1),
        ("Offer", "USD", 3, 1, euros("15.01"), euros("7.51"), 2),
    ]


def test_how_old_the_pipeline_is(reported):
    found = reported(
        "marts.pipeline",
        [deal()],
        "average_age_days, average_days_in_stage",
        steps("New", "Offer"),
    )
    assert found == [(32.0, 31.0)]


def test_the_forecast_is_by_the_month_in_which_deals_are_to_close(reported):
    common = {"amount": euros("10.00"), "probability_percent": Decimal(50)}
    deals = [
        deal(opportunity_id="1", close_on=date(2026, 6, 1), **common),
        deal(opportunity_id="2", close_on=date(2026, 6, 30), **common),
        deal(opportunity_id="3", close_on=date(2026, 7, 1), **common),
        deal(opportunity_id="4", stage="Won", **common),
    ]
    found = reported("marts.forecast", deals, "month_on, deal_count, amount, weighted_amount")
    assert found == [
        (date(2026, 6, 1), 2, euros("20.00"), euros("10.00")),
        (date(2026, 7, 1), 1, euros("10.00"), euros("5.00")),
    ]


def test_results_by_owner_month_and_currency(reported):
    deals = [
        deal(opportunity_id="1", stage="Won", amount=euros("10.00"), owner_id="005A"),
        deal(opportunity_id="2", stage="Won", owner_id="005A"),
        deal(opportunity_id="3", stage="Lost", amount=euros("4.00"), owner_id="005A"),
        deal(opportunity_id="4", stage="Won", amount=euros("2.00"), currency="EUR"),
        deal(opportunity_id="5", stage="Lost", owner_id="005X", close_on=date(2026, 4, 30)),
        deal(opportunity_id="6", stage="Won", owner_id="005A", is_deleted=True),
    ]
    columns = (
        "owner_id, owner_name, month_on, currency, won_count, lost_count, won_amount, lost_amount,"
        " win_rate, median_cycle_days"
    )
    also = {"staging.salesforce__user": [USER]}
    may, none = date(2026, 5, 1), euros("0.00")
    assert reported("marts.sales_results", deals, columns, also=also) == [
        ("(none)", None, may, "EUR", 1, 0, euros("2.00"), none, 1.0, 30.0),
        ("005A", "Ann Example", may, "USD", 2, 1, euros("10.00"), euros("4.00"), 0.6667, 30.0),
        ("005X", None, date(2026, 4, 1), "USD", 0, 1, none, none, 0.0, None),
    ]


@pytest.mark.parametrize(
    ("history", "outcomes"),
    [
        (("New", "Offer", "Won"), {"New": "moved_on", "Offer": "moved_on"}),
        (("New", "Won"), {"New": "moved_on"}),
        (("New", "Offer", "Lost"), {"New": "moved_on", "Offer": "lost"}),
        (("New", "Offer", "New"), {"New": "still_here", "Offer": "moved_back"}),
        (("Offer", "New", "Lost"), {"New": "lost", "Offer": "moved_back"}),
        (("Offer", "Lost", "New"), {"New": "still_here", "Offer": "moved_back"}),
        (("Offer", "Won", "Offer"), {"Offer": "still_here"}),
        (("New", "Lost", "Offer", "Lost"), {"New": "moved_on", "Offer": "lost"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_became_of_a_deal_that_entered_a_stage(reported, history, outcomes):
    """Two more deals make Won and Lost known as closed stages."""
    known = [
        deal(opportunity_id="8", stage="Won", close_on=date(2026, 5, 1)),
        deal(opportunity_id="9", stage="Lost", close_on=date(2026, 5, 1)),
    ]
    found = reported(
        "marts.stage_conversion",
        [deal(stage=history[-1]), *known],
        "stage, entered_count, moved_on_count, lost_count, moved_back_count, still_here_count",
        [*steps(*history), *steps("Won", key="8"), *steps("Lost", key="9")],
    )
    counted = ("moved_on", "lost", "moved_back", "still_here")
    assert found == [
        (stage, 1, *(int(outcome == one) for one in counted)) for stage, outcome in outcomes.items()
    ]


def test_conversion_is_the_share_of_those_that_went_on_or_were_lost(reported):
    ways = (("New", "Offer", "Won"), ("New", "Offer"), ("New", "Lost"), ("New",))
    found = reported(
        "marts.stage_conversion",
        [deal(opportunity_id=str(n), stage=way[-1]) for n, way in enumerate(ways)],
        "stage, stage_position, entered_count, won_count, conversion_share, median_days",
        [step for n, way in enumerate(ways) for step in steps(*way, key=str(n))],
    )
    assert found == [("New", 1, 4, 1, 0.6667, 1.0), ("Offer", 2, 2, 1, 1.0, 1.0)]


# Leads -------------------------------------------------------------------------------------------


def lead(key="00QA", **fields):
    return {
        "record_key": f"salesforce:lead:{key}",
        "lead_id": key,
        "created_at": START,
        "is_converted": False,
        "is_deleted": False,
    } | fields


def task(number=0, who="00QA", at=START, **fields):
    return {
        "record_key": f"t{number}",
        "who_id": who,
        "activity_on": at.date(),
        "created_at": at,
        "modified_at": at,
        "is_closed": True,
        "is_deleted": False,
    } | fields


TO_LEADS = ("standard.completed_tasks", "standard.lead_people", "standard.lead_contacts")


@pytest.mark.parametrize(
    ("fields", "completed_at"),
    [
        ({}, START),
        ({"activity_on": None}, START),
        ({"activity_on": date(2026, 5, 4), "modified_at": day(9)}, datetime(2026, 5, 4)),
        ({"activity_on": date(2026, 5, 9), "modified_at": day(2)}, day(2)),
        ({"activity_on": date(2026, 4, 30)}, datetime(2026, 4, 30)),
    ],
    ids=["noted at once", "without a day", "planned", "done before its day", "noted later"],
)
def test_when_a_task_was_completed(made, fields, completed_at):
    given = {"staging.salesforce__task": [task(**fields)]}
    assert made("standard.completed_tasks", given, "completed_at") == [(completed_at,)]


@pytest.mark.parametrize("fields", [{"is_closed": False}, {"is_deleted": True}])
def test_what_is_still_to_do_or_deleted_is_not_completed(made, fields):
    given = {"staging.salesforce__task": [task(**fields)]}
    assert made("standard.completed_tasks", given) == []


@pytest.mark.parametrize(
    ("tasks", "contacted_at", "hours"),
    [
        ([], None, None),
        ([task(1, at=day(2)), task(2, at=day(1))], day(1), 24.0),
        ([task(1, who="003A", at=day(3))], day(3), 72.0),
        ([task(1, who="003A", at=day(-3)), task(2, who="003A", at=day(4))], day(4), 96.0),
        ([task(1, who="003A", at=day(-3))], None, None),
        ([task(1, at=day(-3))], day(-3), None),
        ([task(1, who="003B")], None, None),
    ],
    ids=[
        "never", "the first", "handed over to the contact", "the contact was known before",
        "only before", "noted before the lead", "somebody else",
    ],
)
def test_when_a_lead_was_first_contacted(made, tasks, contacted_at, hours):
    given = {
        "staging.salesforce__lead": [lead(converted_contact_id="003A", is_converted=True)],
        "staging.salesforce__task": tasks,
    }
    found = made("standard.leads", given, "first_contacted_at, contact_hours", through=TO_LEADS)
    assert found == [(contacted_at, hours)]


def member(number=0, **fields):
    return {
        "record_key": f"m{number}",
        "campaign_id": "701",
        "has_responded": False,
        "is_deleted": False,
        "modified_at": START,
    } | fields


def test_a_lead_has_its_person_and_its_deal(made):
    converted = {"is_converted": True, "converted_on": date(2026, 5, 11)}
    given = {
        "staging.salesforce__lead": [
            lead("00QA", converted_opportunity_id="1", **converted),
            lead("00QB", converted_opportunity_id="2", **converted),
            lead("00QC"),
        ],
        "staging.salesforce__campaign_member": [
            member(1, lead_id="00QA", has_responded=True, first_responded_on=date(2026, 5, 3)),
            member(2, lead_id="00QA", has_responded=True, first_responded_on=date(2026, 5, 2)),
            member(3, lead_id="00QA"),
        ],
        "standard.deals": [
            {"opportunity_id": "1", "is_won": True, "is_deleted": False},
            {"opportunity_id": "2", "is_won": True, "is_deleted": True},
        ],
        "identity.profile_records": [{"record_key": "salesforce:lead:00QA", "profile_id": "p"}],
    }
    columns = "lead_id, profile_id, first_responded_on, conversion_days, has_deal, is_won"
    through = (*TO_LEADS, "standard.leads", "workings.lead_deals")
    assert made("marts.leads", given, columns, through=through) == [
        ("00QA", "p", date(2026, 5, 2), 10, True, True),
        ("00QB", None, None, 10, False, False),
        ("00QC", None, None, None, False, False),
    ]


def test_the_funnel_counts_who_came_further_on_every_step_before(made):
    def one(**fields):
        return {
            "created_at": START, "lead_source": "Web", "is_deleted": False, "is_converted": False,
            "has_deal": False, "is_won": False,
        } | fields

    given = {
        "marts.leads": [
            one(),
            one(first_contacted_at=day(1), contact_hours=24.0),
            one(first_responded_on=date(2026, 5, 2)),
            one(is_converted=True, conversion_days=3, contact_hours=2.0, first_contacted_at=day(1)),
            one(is_converted=True, has_deal=True, conversion_days=4),
            one(is_converted=True, has_deal=True, is_won=True, conversion_days=8),
            one(lead_source=None),
            one(is_deleted=True),
        ]
    }
    counts = "captured_count, contacted_count, responded_count, converted_count, with_deal_count"
    columns = (
        f"lead_source, {counts}, won_count, contacted_share, converted_share, won_share,"
        " median_contact_hours, median_conversion_days"
    )
    assert made("marts.lead_funnel", given, columns) == [
        ("(none)", 1, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, None, None),
        ("Web", 6, 5, 4, 3, 2, 1, 0.8333, 0.5, 0.1667, 13.0, 4.0),
    ]


# Cases -------------------------------------------------------------------------------------------


def case(key="500A", **fields):
    return {
        "record_key": f"salesforce:case:{key}",
        "case_id": key,
        "is_closed": False,
        "is_deleted": False,
        "created_at": START,
        "modified_at": START,
    } | fields


TO_CASES = ("standard.completed_tasks", "standard.cases", "workings.sales_accounts", "workings.cases")


@pytest.mark.parametrize(
    ("fields", "closed_at", "hours"),
    [
        ({}, None, None),
        ({"is_closed": True, "closed_at": day(1)}, day(1), 24.0),
        ({"is_closed": True, "modified_at": day(2)}, day(2), 48.0),
        ({"closed_at": day(1)}, None, None),
        ({"is_closed": True, "closed_at": day(-1)}, day(-1), None),
    ],
    ids=["open", "closed", "closed without a time", "reopened", "closed before it was opened"],
)
def test_when_a_case_was_solved(made, fields, closed_at, hours):
    given = {"staging.salesforce__case": [case(**fields)]}
    found = made("standard.cases", given, "closed_at, resolution_hours", through=TO_CASES[:1])
    assert found == [(closed_at, hours)]


def test_a_case_has_its_first_response_its_person_and_its_company(made):
    given = {
        "staging.salesforce__case": [
            case("500A", contact_id="003A", account_id="001A"),
            case("500B"),
        ],
        "staging.salesforce__task": [
            task(1, who=None, what_id="500A", at=day(2)),
            task(2, who=None, what_id="500A", at=day(1)),
            task(3, who=None, what_id="500A", is_closed=False),
            task(4, who=None, what_id="006A"),
        ],
        "identity.company_members": [{"record_key": "salesforce:account:001A", "company_id": "c"}],
        "identity.actors": [
            {"actor_key": "salesforce:contact:003A", "profile_id": "p"},
            {"actor_key": "salesforce:case:500B", "profile_id": "q"},
        ],
    }
    columns = "case_id, profile_id, company_id, first_response_at, response_hours"
    assert made("marts.cases", given, columns, through=TO_CASES) == [
        ("500A", "p", "c", day(1), 24.0),
        ("500B", "q", None, None, None),
    ]


def test_a_day_has_its_cases_opened_solved_and_left(made):
    """As of June 2nd: the second stays open, so every day until then has a row."""
    late = datetime(2026, 5, 30, 8)
    given = {
        "marts.cases": [
            case("1", closed_at=late + timedelta(hours=3), created_at=late, resolution_hours=3.0),
            case("2", created_at=late, response_hours=1.0),
            case("3", created_at=late - timedelta(days=9), closed_at=late, resolution_hours=216.0),
            case("4", is_deleted=True),
        ]
    }
    columns = (
        "day_on, case_type, opened_count, solved_count, backlog_count, median_response_hours,"
        " median_resolution_hours"
    )
    found = made("marts.case_volumes", given, columns)
    may = [date(2026, 5, number) for number in range(21, 31)]
    later = [date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 2)]
    assert found == [
        (may[0], "(none)", 1, 0, 1, None, None),
        *((one, "(none)", 0, 0, 1, None, None) for one in may[1:9]),
        (may[9], "(none)", 2, 2, 1, 1.0, 109.5),
        *((one, "(none)", 0, 0, 1, None, None) for one in later),
    ]


def test_each_kind_priority_and_origin_has_its_own_backlog(made):
    solved = {"created_at": START, "closed_at": START, "origin": "Web"}
    given = {"marts.cases": [case("1", **solved), case("2", **solved | {"origin": "Phone"})]}
    found = made("marts.case_volumes", given, "origin, opened_count, solved_count, backlog_count")
    assert found == [("Phone", 1, 1, 0), ("Web", 1, 1, 0)]


# Campaigns ---------------------------------------------------------------------------------------


def brought(made, *, members=(), leads=(), deals=(), cost=None):
    """What a campaign brought, in the organisation's dollars."""
    given = {
        "standard.campaigns": [
            {"campaign_id": "701", "actual_cost": cost, "currency": "USD", "is_deleted": False}
        ],
        "staging.salesforce__campaign_member": list(members),
        "standard.leads": list(leads),
        "standard.deals": [
            {"campaign_id": "701", "currency": "USD", "is_won": True, "is_deleted": False} | one
            for one in deals
        ],
    }

    def ask(columns):
        return made("marts.campaign_results", given, columns)[0]

    return ask


def test_a_campaign_has_its_members_answers_and_leads(made):
    found = brought(
        made,
        members=[
            member(1, lead_id="00QA", has_responded=True),
            member(2, lead_id="00QB"),
            member(3, contact_id="003A"),
            member(4, contact_id="003B", is_deleted=True, has_responded=True),
        ],
        leads=[lead("00QA", is_converted=True), lead("00QB", is_deleted=True)],
    )
    columns = "sent_count, response_count, response_share, lead_count, converted_count"
    assert found(columns) == (3, 1, 0.3333, 1, 1)


def test_deals_in_another_currency_are_counted_and_not_added(made):
    found = brought(
        made,
        cost=euros("100.00"),
        deals=[
            {"amount": euros("150.00")},
            {"amount": None},
            {"amount": euros("50.00"), "is_won": False},
            {"amount": euros("70.00"), "currency": "EUR"},
            {"amount": euros("90.00"), "is_deleted": True},
        ],
    )
    columns = "deal_count, won_count, won_in_other_currency_count, won_amount, return_on_cost"
    assert found(columns) == (4, 3, 1, euros("150.00"), 0.5)


@pytest.mark.parametrize(
    ("cost", "share"), [(None, None), (euros("0.00"), None), (euros("80.00"), -1.0)]
)
def test_a_campaign_that_brought_nothing(made, cost, share):
    found = brought(made, cost=cost)
    assert found("sent_count, response_share, won_amount, return_on_cost") == (
        0, None, euros("0.00"), share
    )
