"""Explanations of identity in words: titled lines, the same for the terminal and for a page.

Here belongs how a link, a weight or a consequence is said. What is said is found in
identity/explaining.py. Records are named by their keys, and no value of a person is in a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.identity.explaining import OVERRIDE, SCORED, Cut, Evidence, Link, Pair, Profile

EVIDENCE = "What speaks for and against it"
"""The section beside which a pair's waterfall is drawn."""

LISTED = 12
"""Of a long list so many lines are said, and then how many more there are."""

_LABELS = {"birth_on": "birth date", "email": "e-mail"}

_REASONS = {
    OVERRIDE: "a person decided so",
    SCORED: "by score",
    "weight_below_threshold": "what agrees is too little",
    "one_fact_alone": "one fact alone agrees, and that never suffices",
    "household_alone": "what agrees is what a household shares",
    "another_surname": "a first name and a house agree, and the surname does not",
    "fits_several_people": "no first name of its own tells which of several people it is",
    "never_link": "a person judged records of the two sides to be different people",
    "namesakes_of_one_place": "common names and a town agree, and namesakes do that too",
}


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[str, ...]


def tell_pair(pair: Pair) -> list[Section]:
    left, right = pair.left, pair.right
    if pair.same_person:
        verdict = f"are one person: both are in profile {pair.profiles[left]}"
    else:
        verdict = f"are two people: profiles {pair.profiles[left]} and {pair.profiles[right]}"
    direct = [f"The pair itself was {one.decision}: {tell_reason(one)}" for one in pair.links] or [
        "The pair itself was not linked; other records join the two."
        if pair.same_person
        else "The pair itself was not linked: no rule names it, and it was not scored or scored low."
    ]
    found = [Section(f"{left} and {right}", (verdict, *direct))]
    if pair.evidence:
        found.append(Section(EVIDENCE, tuple(tell_evidence(pair.evidence))))
    if len(pair.path) > 1:
        steps = [tell_link(link) for link in pair.path]
        weakest = max(pair.path, key=lambda link: link.order)
        steps.append(f"The weakest of these links is {_names(weakest)}.")
        found.append(Section("The surest path between them", tuple(steps)))
    elif pair.same_person and left != right and not pair.path:
        alike = "They are equal in everything compared and were judged as one record."
        found.append(Section("The surest path between them", (alike,)))
    title = "Refused within the profile" if pair.same_person else "Refused between the two profiles"
    return [*found, *_tell_rest(pair, title)]


def tell_profile(profile: Profile) -> list[Section]:
    lines = [f"{_count(len(profile.records), 'source record')}:", *_cap(profile.records)]
    if profile.asked_for != profile.profile_id:
        lines.insert(0, f"{profile.asked_for} was merged into {profile.profile_id}.")
    found = [Section(f"Profile {profile.profile_id}", tuple(lines))]
    if profile.links:
        held = [tell_link(link) for link in profile.links]
        found.append(Section("What holds it together, the surest first", _cap(held)))
    if profile.cut:
        found.append(Section("Where it is weakest", tuple(tell_cut(profile.profile_id, profile.cut))))
    return [*found, *_tell_rest(profile, "Refused links of its records")]


def tell_evidence(evidence: Evidence) -> list[str]:
    """One line a part, then the sum of the parts."""
    lines = [f"{label(part.name)}: {part.words} ({signed(part.weight)})" for part in evidence.parts]
    lines.append(
        f"together {signed(evidence.weight)}, a probability of {probability(evidence.probability)}; "
        f"from {signed(evidence.threshold)} on a pair may count as one person"
    )
    if not evidence.is_kept:
        lines.append("The run kept no score of this pair: it was scored now, by the same model.")
    return lines


def tell_link(link: Link) -> str:
    return f"{_names(link)}{':' if link.is_accepted else ' was refused:'} {tell_reason(link)}"


def tell_reason(link: Link) -> str:
    """Why a link was accepted or refused, and its weight."""
    why = _REASONS.get(link.reason, _plain(link.reason))
    weight = "" if link.match_weight is None else f", match weight {signed(link.match_weight)}"
    return why + weight


def tell_cut(profile_id: str, cut: Cut) -> list[str]:
    """The counterfactual: what would become of the profile without its weakest link."""
    lines = list(_cap([tell_link(link) for link in cut.links]))
    number = len(cut.links)
    links = "this link" if number == 1 else f"these {number} links, of which the first is the surest,"
    lines += [
        f"Without {links} it is two profiles: {profile_id} with {_side(cut.staying)};",
        f"and another with {_side(cut.leaving)}: {', '.join(_cap(cut.leaving.records))}.",
    ]
    for consent in cut.consents:
        lines.append(
            f"Consent to {consent.purpose} by {consent.channel}: {consent.together} now, then "
            f"{consent.staying} for the first and {consent.leaving} for the other."
        )
    if not cut.consents:
        lines.append("No consent would change.")
    return lines


def label(name: str) -> str:
    """A comparison as people call it."""
    return _LABELS.get(name, _plain(name))


def signed(weight: float) -> str:
    """A weight with one decimal; what rounds to nothing has no sign."""
    return f"{weight:+.1f}" if abs(weight) >= 0.05 else "0.0"


def probability(value: float) -> str:
    """With as many digits as it takes to tell it from certainty."""
    return next((said for n in (2, 4, 6) if float(said := f"{value:.{n}f}") < 1), "more than 0.999999")


def _tell_rest(found: Pair | Profile, refused: str) -> list[Section]:
    refusals = [tell_link(link) for link in found.refusals if link not in found.links]
    guards = [f"The {one.kind} of {one.record} was no evidence: {one.reason}" for one in found.guards]
    corrections = [
        f"{one.left_record} and {one.right_record} are "
        f"{'one person' if one.judgement == 'same' else 'different people'}: "
        f"decided by a person on {one.decided_on}"
        for one in found.corrections
    ]
    sections = ((refused, refusals), ("Guards", guards), ("Corrections", corrections))
    return [Section(title, _cap(lines)) for title, lines in sections if lines]


def _names(link: Link) -> str:
    return f"{link.left_record} {'=' if link.is_accepted else '≠'} {link.right_record}"


def _side(side) -> str:
    money = ", ".join(f"{_count(m.orders, 'order')} of {m.net:,} {m.currency}" for m in side.money)
    return f"{_count(len(side.records), 'record')} and {money or 'no orders'}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _cap(lines: Sequence[str]) -> tuple[str, ...]:
    if len(lines) <= LISTED:
        return tuple(lines)
    return (*lines[:LISTED], f"and {len(lines) - LISTED:,} more")


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("email", "e-mail")
