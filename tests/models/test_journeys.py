"""From touches to orders: what a journey is, how far it came, and who is credited with what."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from dagster_project.journeys import markov

NOON = datetime(2026, 5, 1, 12)
AS_OF = datetime(2026, 6, 2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def touch(at, channel="direct", **fields):
    touch_id = f"{fields.get('profile_id', 'p')}{at.isoformat()}{channel}"
    return {
        "touch_id": touch_id, "profile_id": "p", "touched_at": at, "channel": channel,
        "session_id": touch_id,
    } | fields


def order(at, order_id="o1", **fields):
    return {
        "order_id": order_id, "profile_id": "p", "ordered_at": at, "status": "paid", "channel": "web",
        "net": Decimal("10.00"), "net_converted": Decimal("10.00"), "currency": "USD",
    } | fields


@pytest.fixture
def travelled(made):
    """travelled(touches, orders, columns) -> rows of golden.journeys."""

    def make(touches, orders, columns, **options):
        given = {"golden.touchpoints": touches, "golden.orders": orders}
        through = ("workings.purchases", "workings.journey_touches")
        return made("golden.journeys", given, columns, through=through, **options)

    return make


# Touches -----------------------------------------------------------------------------------------


def session(session_id, at, channel, **fields):
    return {
        "session_id": session_id, "profile_id": "p", "started_at": at, "marketing_channel": channel,
        "source": "sendgrid",
    } | fields


def event(event_type, at=NOON, **fields):
    return {
        "event_id": event_type, "profile_id": "p", "occurred_at": at, "event_type": event_type,
        "system": "sendgrid",
    } | fields


@pytest.mark.parametrize(
    ("began_at", "channels"),
    [
        (NOON, ["email"]),
        (NOON + 60 * SECOND, ["email"]),
        (NOON + 61 * SECOND, ["email", "other"]),
        (NOON - SECOND, ["other", "email"]),
    ],
)
def test_the_session_that_a_click_leads_to_is_the_click(made, began_at, channels):
    given = {
        "golden.sessions": [session("s", began_at, "other")],
        "golden.events": [event("email_click", properties='{"category": "[\\"news\\",\\"may\\"]"}')],
    }
    found = made("golden.touchpoints", given, "touched_at, channel")
    assert [channel for _, channel in found] == channels


def test_a_click_without_a_session_says_which_mail_it_was(made):
    click = event("email_click", properties='{"category": "[\\"news\\",\\"may\\"]"}')
    columns = "source, medium, campaign, session_id"
    found = made("golden.touchpoints", {"golden.events": [click]}, columns)
    assert found == [("sendgrid", "email", "news,may", None)]


def test_another_person_s_click_led_here_by_chance(made):
    given = {
        "golden.sessions": [session("s", NOON, "direct")],
        "golden.events": [event("email_click", profile_id="q")],
    }
    assert made("golden.touchpoints", given, "profile_id, channel") == [("p", "direct"), ("q", "email")]


def test_a_response_to_a_campaign_is_a_touch_and_being_in_one_is_none(made):
    events = [event(kind, properties='{"campaign": "c1"}')
              for kind in ("campaign_response", "campaign_sent")]
    found = made("golden.touchpoints", {"golden.events": events}, "channel, campaign")
    assert found == [("crm_campaign", "c1")]


def test_a_touch_knows_how_far_its_session_came(made):
    steps = [event(kind, NOON + minutes * timedelta(minutes=1), session_id="s", event_id=str(minutes))
             for minutes, kind in enumerate(["product_view", "product_view", "cart_add", "page_view"])]
    given = {"golden.sessions": [session("s", NOON, "direct")], "golden.events": steps}
    found = made("golden.touchpoints", given, "viewed_at, carted_at, checkout_at")
    assert found == [(NOON, NOON + timedelta(minutes=2), None)]


def test_what_nobody_known_did_is_no_touch(made):
    given = {
        "golden.sessions": [session("s", NOON, "direct", profile_id=None)],
        "golden.events": [event("email_click", profile_id=None)],
    }
    assert made("golden.touchpoints", given) == []


# Journeys ----------------------------------------------------------------------------------------


def test_a_journey_goes_from_the_order_before_to_the_next(travelled):
    touches = [touch(NOON), touch(NOON + DAY, "email"), touch(NOON + 3 * DAY), touch(NOON + 5 * DAY)]
    orders = [order(NOON + 2 * DAY), order(NOON + 4 * DAY, "o2")]
    found = travelled(touches, orders, "journey_number, path, order_id, is_open, hours_to_convert")
    assert found == [
        (1, "direct > email", "o1", False, 48.0),
        (2, "direct", "o2", False, 24.0),
        (3, "direct", None, True, None),
    ]


def test_a_touch_in_the_second_of_an_order_led_to_it(travelled):
    found = travelled([touch(NOON)], [order(NOON)], "order_id, path, hours_to_convert")
    assert found == [("o1", "direct", 0.0)]


def test_of_two_orders_in_one_second_the_first_has_the_touches(travelled):
    found = travelled([touch(NOON)], [order(NOON, "o2"), order(NOON)], "order_id, path")
    assert found == [("o1", "direct"), ("o2", "(none)")]


def test_a_touch_counts_for_ninety_days(travelled):
    touches = [touch(NOON - 90 * DAY - SECOND, "email"), touch(NOON - 90 * DAY)]
    found = travelled(touches, [order(NOON)], "journey_number, path, is_converted, is_open")
    assert found == [(1, "email", False, False), (2, "direct", True, False)]


def test_an_order_without_a_touch_is_a_journey_of_its_own(travelled):
    found = travelled([], [order(NOON, channel="store")],
                      "path, touch_count, started_at, ended_at, order_channel, value, hours_to_convert")
    assert found == [("(none)", 0, NOON, NOON, "store", Decimal("10.00"), None)]


def test_a_channel_that_repeats_stands_once_in_the_path(travelled):
    channels = ["email", "email", "direct", "direct", "email"]
    touches = [touch(NOON + hours * HOUR, channel) for hours, channel in enumerate(channels)]
    found = travelled(touches, [], "path, touch_count, first_channel, last_channel, value, has_value")
    assert found == [("email > direct > email", 5, "email", "email", None, None)]


@pytest.mark.parametrize("status", ["cancelled", "voided", "refunded"])
def test_an_order_that_came_to_nothing_ends_no_journey(travelled, status):
    found = travelled([touch(NOON)], [order(NOON + HOUR, status=status)], "is_converted, is_open")
    assert found == [(False, True)]


def test_an_order_whose_currency_has_no_rate_has_no_value(travelled):
    found = travelled([], [order(NOON, net_converted=None)], "value, has_value")
    assert found == [(Decimal("0.00"), False)]


def test_a_guest_s_order_is_no_journey(travelled):
    assert travelled([], [order(NOON, profile_id=None)], "*") == []


def test_people_s_journeys_are_their_own(travelled):
    touches = [touch(NOON), touch(NOON, profile_id="q")]
    found = travelled(touches, [order(NOON + HOUR)], "profile_id, journey_number, is_converted")
    assert found == [("p", 1, True), ("q", 1, False)]


STEPS = {"viewed_at": NOON + HOUR, "carted_at": NOON + 2 * HOUR, "checkout_at": NOON + 3 * HOUR}


@pytest.mark.parametrize(
    ("steps", "last_step"),
    [([], "visited"), (["viewed_at"], "viewed"), (["viewed_at", "carted_at"], "carted"),
     (["carted_at"], "carted"), (list(STEPS), "checkout")],
)
def test_how_far_a_journey_came(travelled, steps, last_step):
    found = travelled([touch(NOON, **{step: STEPS[step] for step in steps})], [], "last_step")
    assert found == [(last_step,)]


def test_who_answers_a_mail_and_never_comes_was_touched(travelled):
    assert travelled([touch(NOON, session_id=None)], [], "last_step, visited_at") == [("touched", None)]


def test_hours_count_from_the_step_before(travelled):
    found = travelled(
        [touch(NOON - HOUR, "email", session_id=None), touch(NOON, **STEPS)],
        [order(NOON + 5 * HOUR)],
        "visited_after_hours, viewed_after_hours, carted_after_hours, checkout_after_hours, "
        "ordered_after_hours, hours_to_convert",
    )
    assert found == [(1.0, 1.0, 1.0, 1.0, 2.0, 6.0)]


def test_a_step_after_the_order_is_none_of_its_steps(travelled):
    found = travelled([touch(NOON, **STEPS)], [order(NOON + 90 * timedelta(minutes=1))],
                      "viewed_at, carted_at, checkout_at, ordered_after_hours")
    assert found == [(STEPS["viewed_at"], None, None, 0.5)]


# Reports -----------------------------------------------------------------------------------------


def journey(path="direct", **fields):
    first, last = path.split(" > ")[0], path.split(" > ")[-1]
    is_converted = fields.get("is_converted", False)
    return {
        "path": path, "first_channel": first, "last_channel": last, "touch_count": 1,
        "is_converted": is_converted, "is_open": not is_converted, "started_at": NOON,
        "ended_at": AS_OF - DAY, "last_step": "ordered" if is_converted else "visited",
        "has_value": True if is_converted else None,
    } | fields


def sold(path, value="10.00", **fields):
    return journey(path, is_converted=True, value=Decimal(value), order_id="o", **fields)


@pytest.mark.parametrize(
    ("fields", "is_abandoned"),
    [
        ({"ended_at": AS_OF - 30 * DAY}, False),
        ({"ended_at": AS_OF - 30 * DAY - SECOND}, True),
        ({"is_open": False}, True),
    ],
    ids=["thirty days old", "older", "an order followed too late"],
)
def test_a_journey_is_abandoned_after_thirty_silent_days(made, fields, is_abandoned):
    given = {"golden.journeys": [journey(**fields)]}
    found = made("golden.journey_paths", given, "journey_count, conversion_count, abandoned_count")
    assert found == [(1, 0, int(is_abandoned))]
    found = made("marts.journey_funnel", given, "reached_count, left_count, open_count",
                 where="first_channel = 'all' and step = 'visited'")
    assert found == [(1, int(is_abandoned), int(not is_abandoned))]


def test_a_path_says_what_it_brought(made):
    given = {"golden.journeys": [
        sold("email", hours_to_convert=1.0), sold("email", hours_to_convert=4.0),
        sold("email", "0.00", has_value=False, hours_to_convert=2.0), journey("email"),
    ]}
    columns = ("path, journey_count, conversion_count, conversion_share, revenue, "
               "unconverted_order_count, median_hours_to_convert")
    found = made("golden.journey_paths", given, columns)
    assert found == [("email", 4, 3, 0.75, Decimal("20.00"), 1, 2.0)]


def test_the_funnel_only_narrows_and_everybody_is_somewhere(made):
    steps = ["touched", "visited", "viewed", "carted", "checkout"]
    given = {"golden.journeys": [
        *(journey(channel, last_step=step, ended_at=NOON - 100 * days * DAY)
          for channel in ("email", "direct") for days, step in enumerate(steps)),
        sold("email"), sold("(none)", touch_count=0),
    ]}
    columns = "first_channel, step_number, reached_count, left_count + open_count"
    found = made("marts.journey_funnel", given, columns)
    assert {channel for channel, *_ in found} == {"all", "direct", "email"}
    for channel in ("all", "direct", "email"):
        reached, ended = zip(*(row[2:] for row in found if row[0] == channel), strict=True)
        after = (*reached[1:], reached[-1])
        assert [here - there for here, there in zip(reached, after, strict=True)] == list(ended)
    assert [row[2] for row in found if row[0] == "all"] == [11, 9, 7, 5, 3, 1]


def test_the_funnel_s_hours_are_the_median_of_those_that_go_forward(made):
    rows = [sold("email", viewed_after_hours=hours, profile_id="p") for hours in (-5.0, 1.0, 2.0, 6.0)]
    found = made("marts.journey_funnel", {"golden.journeys": rows},
                 "median_hours_from_step_before, share_of_step_before",
                 where="first_channel = 'email' and step = 'viewed'")
    assert found == [(2.0, 1.0)]


def test_transitions_go_from_the_start_to_the_order_or_away(made):
    old = {"ended_at": NOON - 100 * DAY}
    given = {"golden.journeys": [
        sold("email > direct"), sold("email > direct"), journey("direct", **old), sold("(none)"),
        journey("affiliate"),
    ]}
    found = made("golden.journey_transitions", given, through=("golden.journey_paths",))
    assert found == [
        ("(start)", "direct", 1, 0),
        ("(start)", "email", 2, 2),
        ("direct", "(left)", 1, 0),
        ("direct", "(order)", 2, 2),
        ("email", "direct", 2, 2),
    ]


# Attribution -------------------------------------------------------------------------------------


@pytest.fixture
def credited(made):
    """credited(journeys) -> {model: {channel: (conversions, revenue)}}, with the chain's own credit."""

    def make(journeys):
        given = {"golden.journeys": journeys}
        moves = made("golden.journey_transitions", given, through=("golden.journey_paths",))
        effects = markov.removal_effects(move[:3] for move in moves)
        shares = markov.shares(effects, markov.credited(moves))
        removals = [{"channel": channel, "share": share} for channel, share in shares.items()]
        rows = made("marts.attribution", given | {"golden.channel_removals": removals},
                    "model, channel, conversions, revenue", through=("golden.journey_paths",))
        found = {}
        for model, channel, conversions, revenue in rows:
            found.setdefault(model, {})[channel] = (conversions, revenue)
        return found

    return make


def of(conversions, revenue):
    return Decimal(conversions), Decimal(revenue)


def test_each_model_credits_the_channels_of_a_path_in_its_way(credited):
    found = credited([sold("email > direct > paid_search > affiliate", "100.00")])
    assert found["first_touch"] == {"email": of("1.00", "100.00")}
    assert found["last_touch"] == {"affiliate": of("1.00", "100.00")}
    assert set(found["linear"].values()) == {of("0.25", "25.00")}
    assert found["position_based"] == {
        "email": of("0.40", "40.00"), "direct": of("0.10", "10.00"),
        "paid_search": of("0.10", "10.00"), "affiliate": of("0.40", "40.00"),
    }
    assert set(found["markov"].values()) == {of("0.25", "25.00")}


def test_two_touches_share_equally_by_position(credited):
    found = credited([sold("email > direct", "100.00")])
    assert found["position_based"] == {"direct": of("0.50", "50.00"), "email": of("0.50", "50.00")}


def test_what_no_touch_precedes_is_nobody_s_in_every_model(credited):
    found = credited([sold("(none)", "7.00"), sold("email", "3.00")])
    assert len(found) == 5
    for channels in found.values():
        assert channels == {"(none)": of("1.00", "7.00"), "email": of("1.00", "3.00")}


def test_every_model_adds_up_to_the_cent(credited):
    paths = ["email > direct > affiliate", "direct > email", "affiliate", "(none)", "email > affiliate",
             "direct > affiliate > email > direct > email > affiliate > direct"]
    values = ["0.01", "0.02", "99.99", "33.33", "10.00", "0.05"]
    journeys = [sold(path, value) for path in paths for value in values]
    journeys += [journey("referral", ended_at=NOON - 100 * DAY), journey("sms")]
    found = credited(journeys)
    assert set(found) == {"first_touch", "last_touch", "linear", "position_based", "markov"}
    for channels in found.values():
        assert sum(one for one, _ in channels.values()) == len(paths) * len(values)
        assert sum(one for _, one in channels.values()) == 6 * sum(Decimal(value) for value in values)
        assert not set(channels) & {"referral", "sms"}


def test_without_orders_nobody_is_credited(credited):
    assert credited([journey("email"), journey("direct", ended_at=NOON - 100 * DAY)]) == {}


def test_the_order_of_the_rows_does_not_matter(credited):
    sales = {"email > direct": "5.55", "direct": "1.11", "affiliate > email": "3.33"}
    journeys = [sold(path, value) for path, value in sales.items()]
    assert credited(journeys) == credited(journeys[::-1])
    assert Counter(map(len, credited(journeys).values())) == Counter([3, 3, 3, 2, 3])
