"""Segments without SQL: a small YAML of conditions, and the SELECT that it is.

Here belong the vocabulary that marketers write in and the SQL that each condition becomes. It is no
language: what needs more than six questions is a .sql file. docs/segments.md explains it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import yaml

HEADER = ("title", "owner", "description", "purpose", "guards")

TEXTS = (
    *("city", "region", "postal_code", "country", "gender", "company", "currency", "loyalty_tier"),
    *("favourite_category", "favourite_product", "favourite_store", "favourite_weekday"),
    *("first_touch_channel", "first_touch_source", "first_touch_medium", "first_touch_campaign"),
    *("last_touch_channel", "last_touch_source", "last_touch_medium", "last_touch_campaign"),
)
NUMBERS = (
    *("source_record_count", "identity_confidence", "event_count", "session_count", "order_count"),
    *("average_days_between_orders", "spend", "average_order", "spend_converted", "refunded"),
    *("returned_order_count", "discount_share", "web_order_share", "store_order_share"),
    *("favourite_hour", "email_sent_count", "email_delivered_count", "email_opened_count"),
    *("email_clicked_count", "email_bounced_count", "case_count", "open_case_count"),
    *("survey_answer_count", "average_rating", "last_rating", "open_deal_count", "open_deal_amount"),
)
MOMENTS = (
    *("birth_on", "first_recorded_at", "last_recorded_at", "first_event_at", "last_event_at"),
    *("first_web_at", "last_web_at", "first_app_at", "last_app_at", "first_email_at"),
    *("last_email_at", "first_store_at", "last_store_at", "first_service_at", "last_service_at"),
    *("first_sales_at", "last_sales_at", "first_order_at", "last_order_at"),
    *("first_touch_at", "last_touch_at", "last_email_response_at", "last_case_at"),
)
KINDS = dict.fromkeys(TEXTS, "text") | dict.fromkeys(NUMBERS, "number")
KINDS |= dict.fromkeys(MOMENTS, "moment")

OF_PROFILES = (
    *("city", "region", "postal_code", "country", "gender", "company", "birth_on"),
    *("first_recorded_at", "last_recorded_at", "source_record_count", "identity_confidence"),
)
"""These are golden.profiles'; all other attributes are golden.customer_facts'."""

EVENTS = (
    *("order", "app_install", "app_open", "app_update", "app_uninstall", "call", "campaign_response"),
    *("campaign_sent", "cart_add", "cart_remove", "cart_view", "case_opened", "case_solved"),
    *("category_view", "checkout_complete", "checkout_start", "email_bounce", "email_click"),
    *("email_delivered", "email_open", "email_sent", "email_signup", "email_unsubscribe"),
    *("lead_converted", "login", "page_view", "product_view", "refund", "screen_view"),
    *("search", "survey_answer"),
)
"""What a person can have done; `order` is a purchase that counts, in whichever shop."""

SCORES = (
    *("churn", "clv", "discount_sensitivity", "engagement", "expected_orders", "frequency"),
    *("lead_score", "monetary", "p_alive", "price_sensitivity", "propensity", "recency_days"),
    *("rfm", "rfm_frequency", "rfm_monetary", "rfm_recency"),
)

COMPARISONS = {"is": "=", "is_not": "<>", "at_least": ">=", "at_most": "<="}
IN_WORDS = {
    "is": "is {}",
    "is_not": "is not {}",
    "at_least": "at least {}",
    "at_most": "at most {}",
    "one_of": "one of {}",
    "is_known": "is known: {}",
    "within_days": "in the last {} days",
    "older_than_days": "more than {} days ago",
}
FITTING = {
    "text": ("is", "is_not", "one_of", "is_known"),
    "number": ("is", "is_not", "at_least", "at_most", "one_of", "is_known"),
    "moment": ("at_least", "at_most", "is_known", "within_days", "older_than_days"),
}
SUBJECTS = ("all", "any", "not", "attribute", "did", "score", "segment")


class ConditionsError(Exception):
    """The YAML cannot be a segment; `problems` are all the reasons, each with its place and remedy."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Condition:
    """One question about a person: what it asks in words, SQL that is true where it holds, and SQL of
    the value that it looks at."""

    words: str
    sql: str
    value: str


@dataclass(frozen=True)
class Group:
    """`all` or `any` of its parts, or `not` of its only one."""

    how: str
    parts: tuple[Condition | Group, ...]

    @property
    def leaves(self) -> Iterator[Condition]:
        for part in self.parts:
            yield from (part,) if isinstance(part, Condition) else part.leaves


def compile_conditions(text: str, *, segments: frozenset[str]) -> str:
    """The SELECT with its header. `segments` are the others there are. Raises ConditionsError."""
    said, group = read_conditions(text, segments=segments)
    header = []
    for name in HEADER:
        if said.get(name):
            line = f"-- {name}: {' '.join(str(said[name]).split())}"
            header += textwrap.wrap(line, 100, subsequent_indent="--   ", break_long_words=False)
    return "\n".join((*header, "select people.profile_id", *SOURCES, f"where {_sql(group)}"))


SOURCES = (
    "from golden.profiles as people",
    "left join golden.customer_facts as facts using (profile_id)",
    "cross join raw.as_of as now",
)


def read_conditions(text: str, *, segments: frozenset[str]) -> tuple[dict, Group]:
    """The header's fields and the conditions. Raises ConditionsError with everything that is wrong."""
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f" near line {place.line + 1}" if place else ""
        raise ConditionsError([f"this is not valid YAML{where}; indent with spaces"]) from None
    if not isinstance(said, dict):
        raise ConditionsError(["a segment is title, owner, description, purpose and who"])
    problems = [
        f"unknown field '{name}'; a segment knows {', '.join((*HEADER, 'who'))}"
        for name in said
        if name not in (*HEADER, "who")
    ]
    group = Group("all", ())
    if not said.get("who"):
        problems.append("who: expected conditions, found nothing; see cdp segment new NAME --yaml")
    else:
        found = _read(said["who"], "who", _Reader(segments, problems))
        group = found if isinstance(found, Group) else Group("all", (found,))
    if problems:
        raise ConditionsError(problems)
    return said, group


@dataclass(frozen=True)
class _Reader:
    segments: frozenset[str]
    problems: list[str]

    def one_of(self, name: object, known: tuple | frozenset, place: str) -> bool:
        """Whether the name is known; else a problem with the nearest that is."""
        if isinstance(name, str) and name in known:
            return True
        near = get_close_matches(str(name), sorted(known), n=1)
        meant = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
        self.problems.append(f"{place}: unknown '{name}'{meant}")
        return False


NOTHING = Condition("", "true", "true")


def _read(said: object, place: str, reader: _Reader) -> Condition | Group:
    subjects = [name for name in said if name in SUBJECTS] if isinstance(said, dict) else []
    if len(subjects) != 1:
        reader.problems.append(f"{place}: expected one of {', '.join(SUBJECTS)}")
        return NOTHING
    [subject], rest = subjects, {k: v for k, v in said.items() if k not in subjects}
    place, target = f"{place}.{subject}", said[subject]
    if subject in ("all", "any"):
        if not isinstance(target, list) or not target or rest:
            reader.problems.append(f"{place}: expected a list of conditions and nothing beside it")
            return NOTHING
        parts = (_read(one, f"{place}[{n}]", reader) for n, one in enumerate(target, 1))
        return Group(subject, tuple(parts))
    if subject == "not":
        if rest:
            reader.problems.append(f"{place}: expected nothing beside it, found {', '.join(rest)}")
        return Group("not", (_read(target, place, reader),))
    return READERS[subject](target, rest, place, reader)


def _attribute(name: object, rest: dict, place: str, reader: _Reader) -> Condition:
    if not reader.one_of(name, tuple(KINDS), place):
        return NOTHING
    column = f"{'people' if name in OF_PROFILES else 'facts'}.{name}"
    return _compared(str(name), column, KINDS[name], rest, place, reader)


def _compared(
    name: str, column: str, kind: str, rest: dict, place: str, reader: _Reader
) -> Condition:
    """A column and one operator that fits its kind."""
    if len(rest) != 1 or not set(rest) <= set(FITTING[kind]):
        found = ", ".join(map(str, rest)) or "nothing"
        reader.problems.append(
            f"{place}: {name} is a {kind}: expected one of {', '.join(FITTING[kind])}, found {found}"
        )
        return NOTHING
    [(operator, value)] = rest.items()
    expected, fits = {
        "is_known": ("true or false", lambda v: isinstance(v, bool)),
        "within_days": ("a number of days", _is_whole),
        "older_than_days": ("a number of days", _is_whole),
        "one_of": (f"a list of {kind}s", lambda v: isinstance(v, list) and v and all(
            _is_a(kind, one) for one in v)),
    }.get(operator, (f"a {WANTED[kind]}", lambda v: _is_a(kind, v)))
    if not fits(value):
        reader.problems.append(f"{place}: {operator} expected {expected}, found {value!r}")
        return NOTHING
    told = ", ".join(map(str, value)) if operator == "one_of" else value
    words = f"{name} {IN_WORDS[operator].format(told)}"
    if operator == "is_known":
        words = f"{name} is {'' if value else 'not '}known"
        return Condition(words, f"{column} is {'not ' if value else ''}null", column)
    if operator == "within_days":
        return Condition(words, f"{column} >= now.as_of - interval {value} days", column)
    if operator == "older_than_days":
        return Condition(words, f"{column} < now.as_of - interval {value} days", column)
    if operator == "one_of":
        listed = ", ".join(_literal(one) for one in value)
        return Condition(words, f"{column} in ({listed})", column)
    return Condition(words, f"{column} {COMPARISONS[operator]} {_literal(value)}", column)


WANTED = {"text": "text", "number": "number", "moment": "day as 2026-06-01"}


def _did(name: object, rest: dict, place: str, reader: _Reader) -> Condition:
    days, times = rest.get("within_days"), rest.get("times", 1)
    wrong = sorted(set(rest) - {"within_days", "times"})
    if not reader.one_of(name, EVENTS, place):
        return NOTHING
    if wrong or not _is_whole(days) or not _is_whole(times) or times < 1:
        reader.problems.append(
            f"{place}: expected within_days and, if more than once, times, as whole numbers"
            + (f"; found {', '.join(map(str, wrong))}" if wrong else "")
        )
        return NOTHING
    table, moment = ("workings.purchases", "ordered_at") if name == "order" else (
        "golden.events", "occurred_at")
    where = [f"done.{moment} >= now.as_of - interval {days} days"]
    where += [f"done.event_type = {_literal(name)}"] if name != "order" else []
    body = f"from {table} as done\ncross join raw.as_of as now\nwhere " + "\n    and ".join(where)
    grouped = f"\ngroup by done.profile_id\nhaving count(*) >= {times}" if times > 1 else ""
    chosen = textwrap.indent(f"select done.profile_id\n{body}{grouped}", "    ")
    return Condition(
        f"did {name} in the last {days} days" + (f", {times} times or more" if times > 1 else ""),
        f"people.profile_id in (\n{chosen}\n)",
        f"(select count(*) {body} and done.profile_id = people.profile_id)",
    )


def _score(name: object, rest: dict, place: str, reader: _Reader) -> Condition:
    if not reader.one_of(name, SCORES, place):
        return NOTHING
    compared = _compared(str(name), "scores.value", "number", rest, place, reader)
    body = f"from golden.scores as scores\nwhere scores.score = {_literal(name)}"
    chosen = textwrap.indent(f"select scores.profile_id\n{body} and {compared.sql}", "    ")
    return Condition(
        f"score {compared.words}",
        f"people.profile_id in (\n{chosen}\n)",
        f"(select max(scores.value) {body} and scores.profile_id = people.profile_id)",
    )


def _segment(name: object, rest: dict, place: str, reader: _Reader) -> Condition:
    if not reader.one_of(name, reader.segments, place):
        return NOTHING
    if rest:
        reader.problems.append(f"{place}: expected nothing beside it, found {', '.join(rest)}")
    sql = f"people.profile_id in (select profile_id from segments.{name})"
    return Condition(f"in segment {name}", sql, sql)


READERS = {"attribute": _attribute, "did": _did, "score": _score, "segment": _segment}


def _sql(part: Condition | Group, depth: int = 0) -> str:
    """What is unknown of a person is not true of it, so it does hold that it is not so."""
    if isinstance(part, Condition):
        return part.sql
    if part.how == "not":
        return f"({_sql(part.parts[0], depth)}) is not true"
    word = "and" if part.how == "all" else "or"
    listed = []
    for one in part.parts:
        inner = _sql(one, depth + 1)
        bracketed = isinstance(one, Group) and one.how != "not" and len(one.parts) > 1
        listed.append(f"(\n    {inner}\n)" if bracketed else inner)
    return textwrap.indent(f"\n{word} ".join(listed), "    ").lstrip()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_a(kind: str, value: object) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, date if kind == "moment" else str)


def _literal(value: object) -> str:
    if isinstance(value, date):
        return f"date '{value}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
