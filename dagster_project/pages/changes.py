"""A change of identity in words: how much, what it touches, and the worst of it with the reasons.

Here belongs how a diff is said, on a page, on the terminal and when a run is held. What is said is found
in identity/diff.py. Profiles and records are named by their keys, and no value of a person is in a line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dagster_project.identity.diff import Change, ConsentChange, Diff, SegmentChange
from dagster_project.identity.explaining import Money
from dagster_project.pages.sentences import Section, tell_link

NAMED = 3
"""So many of the worst changes are named where a run is held; the page has more."""

_BECAME = {
    "merged": "{} merged into {}",
    "split": "{} was split: some of its records are now {}",
    "moved": "some records of {} moved to {}",
}


def tell(diff: Diff, *, title: str, verdict: Iterable[str]) -> list[Section]:
    found = [Section(title, (*verdict, *_totals(diff)))]
    if diff.segments:
        found.append(Section("Segments", tuple(_segment(one) for one in diff.segments)))
    if diff.consents:
        found.append(Section("Consents", tuple(_consent(one) for one in diff.consents)))
    numbered = enumerate(diff.worst, start=1)
    return [*found, *(Section(f"{n}. {tell_change(one)}", tuple(_detail(one))) for n, one in numbered)]


def tell_verdict(diff: Diff, *, budget: float) -> tuple[str, ...]:
    if not diff.changed:
        return (f"Each of the {diff.known:,} records known before is in the profile it was in.",)
    return (
        f"{diff.changed:,} of {diff.known:,} records known before are in another profile: "
        f"{percent(diff.share)}. The budget is {percent(budget)}.",
    )


def tell_held(diff: Diff, *, budget: float, where: Path) -> list[str]:
    """Why a run is held."""
    return [
        "Identity changed by more than its budget.",
        *tell_verdict(diff, budget=budget),
        *_totals(diff),
        "The worst:",
        *(f"  {tell_change(one)} ({', '.join(_effects(one))})" for one in diff.worst[:NAMED]),
        f"All of it, with the reasons: {where}",
    ]


def tell_change(change: Change) -> str:
    return _BECAME[change.kind].format(change.profile_id, change.into_profile_id)


def percent(share: float) -> str:
    """With as many digits as it takes to tell it from nothing."""
    return f"{100 * share:.{1 if share >= 0.0005 or not share else 4}f} %"


def _totals(diff: Diff) -> list[str]:
    if not diff.changed:
        return []
    counts = ", ".join(f"{count:,} {kind}" for kind, count in diff.kinds)
    return [f"Profiles: {counts}.", f"Orders that change owner: {_money(diff.money) or 'none'}."]


def _effects(change: Change) -> list[str]:
    """What a change moves, in a few words."""
    consents = {(one.channel, one.purpose) for one in change.consents}
    return [
        _count(change.record_count, "record"),
        _money(change.money) or "no orders",
        _count(len(consents), "consent"),
        _count(len(change.segments), "segment"),
    ]


def _detail(change: Change) -> Iterable[str]:
    yield f"{_count(change.record_count, 'record')} and {_money(change.money) or 'no orders'}."
    yield from (f"Consent to {_status(one)}." for one in change.consents)
    entered = [one.segment for one in change.segments if one.entered]
    left = [one.segment for one in change.segments if one.left]
    for verb, names in (("entered", entered), ("left", left)):
        if names:
            yield f"Segments {verb}: {', '.join(names)}."
    if change.causes:
        named = len(change.causes)
        of_all = f", the surest {named} of {change.cause_count:,}" if change.cause_count > named else ""
        yield ("What keeps them apart" if change.kind == "split" else "What joins them") + of_all + ":"
        yield from map(tell_link, change.causes)
    else:
        yield "Nothing links these records any more to those that they were with."


def _consent(one: ConsentChange) -> str:
    return f"{_status(one)}, for {_count(one.profiles, 'profile')}."


def _status(one: ConsentChange) -> str:
    return f"{one.purpose} by {one.channel}: {one.before} before, {one.now} now"


def _segment(one: SegmentChange) -> str:
    return f"{one.segment}: {_count(one.entered, 'profile')} in, {_count(one.left, 'profile')} out."


def _money(money: Iterable[Money]) -> str:
    return ", ".join(f"{_count(one.orders, 'order')} of {one.net:,} {one.currency}" for one in money)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
