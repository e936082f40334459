"""Where things are and what the user chose: cdp.toml and the environment, as one frozen object.

Nothing is read at import; whoever needs settings calls load_settings() once and hands the object on.
"""

from __future__ import annotations

import os
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


class SettingsError(Exception):
    """A setting is unknown or has an impossible value; the message says which and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """All paths are absolute. `default_country` is where a record without a country is taken to be.

    `default_currency` and, per shop, `location_currencies` say what money is in exports that write
    amounts without a currency (Square's); `reporting_currency` is what sums of several currencies are
    converted to, the default currency where none is named. `visitor_cookies` are the cookies that hold
    a visitor's id, `site_hosts` the company's own sites, which refer nobody. `loyalty_tiers` are the
    tags that say how good a customer is, the lowest first.
    `identity_budget` is the share of known records that may get another profile in one night.
    `holdout_share` is the share of every segment's people that is its control group.
    `pseudonym_key` is the file of the secret from which pseudonyms are made.
    """

    exports: Path
    home: Path
    timezone: str = "UTC"
    default_country: str = "US"
    default_currency: str = "USD"
    reporting_currency: str | None = None
    location_currencies: tuple[tuple[str, str], ...] = ()
    visitor_cookies: tuple[str, ...] = ("vid", "visitor_id", "_ga", "Apache")
    site_hosts: tuple[str, ...] = ()
    loyalty_tiers: tuple[str, ...] = ("bronze", "silver", "gold", "platinum", "vip")
    identity_budget: float = 0.02
    holdout_share: float = 0.1
    pseudonym_key: Path | None = None
    threads: int = 2
    memory_limit: str = "8GB"

    @property
    def sql(self) -> Path:
        return PROJECT / "sql"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def scratch(self) -> Path:
        return self.home / "lake" / ".scratch"

    @property
    def key(self) -> Path:
        """The secret of the pseudonyms: beside the home, never in it."""
        return self.pseudonym_key or self.home.with_name(f"{self.home.name}.key")

    @property
    def pseudonymised(self) -> Path:
        """The published database without anything that names a person."""
        return self.database.with_name("customers_pseudonymised.duckdb")

    @property
    def model(self) -> Path:
        """The home's own linkage model; where it is none, the shipped one serves."""
        return self.state / "model.json"

    @property
    def database(self) -> Path:
        """The published database that analysts query."""
        return self.warehouse / "current" / "customers.duckdb"


def load_settings(
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    exports: Path | None = None,
    home: Path | None = None,
) -> Settings:
    """Arguments win over the environment, the environment over cdp.toml in `directory`.

    Raises SettingsError for an unknown key or a value that cannot be.
    """
    directory = Path.cwd() if directory is None else directory
    environment = os.environ if environment is None else environment
    chosen = _from_file(directory / "cdp.toml")
    for name in ("exports", "home"):
        if environment.get(f"CDP_{name.upper()}"):
            chosen[name] = environment[f"CDP_{name.upper()}"]
    settings = Settings(
        exports=(directory / (exports or chosen.pop("exports", "data/landing"))).resolve(),
        home=(directory / (home or chosen.pop("home", "data"))).resolve(),
    )
    chosen = {key: value for key, value in chosen.items() if key not in ("exports", "home")}
    if "pseudonym_key" in chosen:
        chosen["pseudonym_key"] = (directory / chosen["pseudonym_key"]).resolve()
    for name in ("visitor_cookies", "site_hosts", "loyalty_tiers"):
        if name in chosen:
            chosen[name] = tuple(chosen[name])
    if "location_currencies" in chosen:
        chosen["location_currencies"] = tuple(sorted(chosen["location_currencies"].items()))
    settings = replace(settings, **chosen)
    if settings.timezone not in zoneinfo.available_timezones():
        raise SettingsError(f"timezone = {settings.timezone!r} is not a zone such as Europe/Paris")
    if len(settings.default_country) != 2 or not settings.default_country.isupper():
        raise SettingsError(
            f"default_country = {settings.default_country!r} is not an ISO 3166 code such as US"
        )
    budget = settings.identity_budget
    if not isinstance(budget, int | float) or not 0 <= budget <= 1:
        raise SettingsError(
            f"identity_budget = {budget!r} is not a share between 0 (nothing may change) and 1 (all may)"
        )
    share = settings.holdout_share
    if not isinstance(share, int | float) or not 0 <= share < 1:
        raise SettingsError(
            f"holdout_share = {share!r} is not a share from 0 (no control group) to less than 1"
        )
    return settings


def _from_file(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        chosen = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    known = {field.name for field in fields(Settings)}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise SettingsError(
            f"{path}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    return chosen
