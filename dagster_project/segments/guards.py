"""How small a segment may be, and how much of it may change in a night, before it is held.

Here belong the guards as a segment's header writes them and whether they hold. What becomes of a held
segment is membership.py's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PURPOSES = ("marketing", "service", "analytics", "suppression")

WRITTEN = {
    "min_size": (re.compile(r"[0-9]+"), "a number of people, as in min_size 100"),
    "max_change": (re.compile(r"[0-9]+(\.[0-9]+)?%"), "a share of its size, as in max_change 30%"),
}


@dataclass(frozen=True)
class Guards:
    """`max_change` is a share of last night's size: entries and exits together."""

    min_size: int | None = None
    max_change: float | None = None

    def breach(self, *, size: int, before: int, moved: int) -> str | None:
        """What is wrong with tonight's membership, or None. `moved` entered or left since `before`."""
        if self.min_size is not None and size < self.min_size:
            return f"{size:,} people are fewer than min_size {self.min_size:,}"
        if self.max_change is not None and before and moved > self.max_change * before:
            return (
                f"{moved:,} of {before:,} people entered or left, {moved / before:.0%}, more than "
                f"max_change {self.max_change:.0%}"
            )
        return None


def parse_guards(text: str) -> Guards:
    """`min_size 100, max_change 30%`. Raises ValueError that names everything that cannot be read."""
    found: dict[str, str] = {}
    wrong = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition(" ")
        if name not in WRITTEN:
            wrong.append(f"unknown guard '{name}'; known are {', '.join(WRITTEN)}")
        elif name in found:
            wrong.append(f"the guard {name} stands there twice; keep one")
        elif not WRITTEN[name][0].fullmatch(value.strip()):
            wrong.append(f"the guard '{part}' needs {WRITTEN[name][1]}")
        found[name] = value.strip()
    if wrong:
        raise ValueError("; ".join(wrong))
    return Guards(
        min_size=int(found["min_size"]) if "min_size" in found else None,
        max_change=float(found["max_change"][:-1]) / 100 if "max_change" in found else None,
    )
