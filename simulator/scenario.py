"""Scenario: what goes wrong in a company's nights, and when, as a small YAML file says.

One line a switch: the name, and `true`, `false` or what is to differ from the usual. What a switch does is
in `turns` (people and their systems) and `mishaps` (deliveries).
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import yaml

READY = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Switch:
    """In which nights something happens (none named: every one but the first), to how many (a share, of
    people or of a file's rows), how many times as often, after how many nights what follows comes, and
    to which export (the beginning of system/file)."""

    nights: tuple[int, ...] = ()
    share: float = 0.0
    times: float = 1.0
    after: int = 1
    export: str = ""

    def is_on(self, night: int) -> bool:
        return night > 1 and (night in self.nights or not self.nights)

    def count(self, people: int, night: int) -> int:
        """How many it happens to: somebody in each night that is named, else whoever is due by then."""
        if self.nights:
            return max(1, round(self.share * people))
        return int(self.share * people * (night - 1)) - int(self.share * people * (night - 2))


USUAL = {
    # Lives.
    "recycled_phones": Switch(share=0.002, after=14),
    "households_split": Switch(share=0.001),
    "deaths": Switch(share=0.001),
    "job_changes": Switch(share=0.002),
    "shared_devices": Switch(share=0.001),
    "shared_mailboxes": Switch(share=0.002),
    "fraud": Switch(share=0.004),
    "junk": Switch(share=0.002),
    "clerks": Switch(share=0.002, after=3),
    "consents": Switch(times=30),
    "black_friday": Switch(times=10),
    "bots": Switch(times=12),
    "erasures": Switch(share=0.001, after=3),
    # Deliveries.
    "late": Switch(export="shopify/", after=2),
    "twice": Switch(export="shopify/orders_export"),
    "in_full": Switch(export="shopify/customers_export"),
    "half": Switch(export="shopify/orders_export"),
    "renamed": Switch(export="shopify/customers_export"),
    "dates": Switch(export="shopify/orders_export"),
    "cut": Switch(export="weblogs/www-access", share=0.85),
}


@dataclass(frozen=True)
class Scenario:
    """The switches that are on, by name."""

    switches: dict[str, Switch] = field(default_factory=dict)

    def on(self, name: str, night: int) -> Switch | None:
        """The switch, if it is on in this night."""
        switch = self.switches.get(name)
        return switch if switch and switch.is_on(night) else None


def load(name: str | Path) -> Scenario:
    """A YAML file, or the name of a ready one (`month`). ValueError tells all that is wrong with it."""
    path = READY / f"{name}.yaml"
    path = path if path.exists() else Path(name)
    try:
        return read(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from None


def read(said: dict | None) -> Scenario:
    settings = {one.name for one in fields(Switch)}
    wrong, switches = [], {}
    for name, value in (said or {}).items():
        chosen = value if isinstance(value, dict) else {}
        if name not in USUAL:
            wrong.append(f"{name} is no switch")
        elif not isinstance(value, dict | bool):
            wrong.append(f"{name} is neither true, false nor settings")
        elif unknown := sorted(set(chosen) - settings):
            wrong.append(f"{name} has no {', '.join(unknown)}")
        elif value is not False:
            nights = tuple(chosen.get("nights", USUAL[name].nights))
            switches[name] = replace(USUAL[name], **(chosen | {"nights": nights}))
    if wrong:
        raise ValueError(
            f"the scenario cannot be read: {'; '.join(wrong)}. Switches: {', '.join(USUAL)}; "
            f"settings: {', '.join(sorted(settings))}"
        )
    return Scenario(switches)
