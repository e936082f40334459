"""Where things are and what the user chose: cdp.toml and the environment, as one frozen object.

Nothing is read at import; whoever needs settings calls load_settings() once and hands the object on.
Secrets are named here and read where they are used: who may not read them can still use the rest.
"""

from __future__ import annotations

import os
import re
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import connectors

PROJECT = Path(__file__).resolve().parents[1]

BUDGET = {"warning": 0.01, "blocking": 0.05}
"""The share of an export's rows that may be set aside, where nothing else is chosen."""


class SettingsError(Exception):
    """A setting is unknown or has an impossible value; the message says which and what is allowed."""


@dataclass(frozen=True)
class Secret:
    """What must not be shown: given by an environment variable or by a file, never by cdp.toml."""

    variable: str
    value: str | None = field(default=None, repr=False)
    file: Path | None = None

    @property
    def is_set(self) -> bool:
        return self.value is not None or self.file is not None

    def reveal(self) -> str:
        """The secret itself. Raises SettingsError where its file cannot be read."""
        if self.value is not None:
            return self.value
        try:
            return self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                f"{self.file} cannot be read; put the secret there or into {self.variable}"
            ) from None


@dataclass(frozen=True)
class Alerts:
    """Who is told of a run that failed or is held, and of what does not come any more.

    `command` is a program and its arguments, which reads the alert as JSON; `webhook` is an address
    that it is posted to; `email_to` are readers whom the mail server `smtp` (host:port) reaches.
    """

    command: tuple[str, ...] = ()
    webhook: Secret = Secret("CDP_ALERT_WEBHOOK")
    email_to: tuple[str, ...] = ()
    email_from: str = "cdp@localhost"
    smtp: str = "localhost:25"
    smtp_user: str | None = None
    smtp_password: Secret = Secret("CDP_SMTP_PASSWORD")

    @property
    def channels(self) -> tuple[str, ...]:
        chosen = {"command": self.command, "webhook": self.webhook.is_set, "e-mail": self.email_to}
        return tuple(name for name, is_chosen in chosen.items() if is_chosen)


@dataclass(frozen=True)
class Retention:
    """How long things are kept, as ISO 8601 durations: an empty one keeps them as long as the home is.

    `events` are those of the web, apps and mails by their day, `visitors` those of visitors whom nobody
    recognised, `third_party` bought values after their last day, `quarantine` rows that were set aside
    after their delivery; `readings` are notes of who read whose profile; `reports`, `logs` and
    `publishes` are files of runs, `versions` rows that a later run replaced and that still lie on the disk.
    """

    events: str = "P3Y"
    visitors: str = "P25M"
    third_party: str = "P1Y"
    quarantine: str = "P2Y"
    readings: str = "P2Y"
    reports: str = "P1Y"
    logs: str = "P1Y"
    publishes: str = "P90D"
    versions: str = "P30D"


@dataclass(frozen=True)
class Settings:
    """All paths are absolute. `default_country` is where a record without a country is taken to be.

    `default_currency` and, per shop, `location_currencies` say what money is in exports that write
    amounts without a currency (Square's); `reporting_currency` is what sums of several currencies are
    converted to, the default currency where none is named. `visitor_cookies` are the cookies that hold
    a visitor's id, `site_hosts` the company's own sites, which refer nobody. `loyalty_tiers` are the
    tags that say how good a customer is, the lowest first.
    `settle_seconds` is how long a landed file must have been left alone before it is read.
    `budgets` are, of exports by their name, the shares of rows that may be set aside: beyond the first
    there is a warning, beyond the second the run is held. `overdue_nights` is how late an export may
    be before that is an error.
    `identity_budget` is the share of known records that may get another profile in one night.
    `holdout_share` is the share of every segment's people that is its control group.
    `pseudonym_key` is the file of the secret from which pseudonyms are made; `privacy_place` is the
    directory of the keys and the ledger of what people asked about their data.
    `kept_publishes` counts the published databases, and the states they go with, that can be served
    again; `kept_logs` the runs whose log is kept. What was not published or confirmed for
    `stale_after_hours` is stale. `request_months` is within how many months a request about personal
    data is due; `erase_exports` says what erasing a person does to delivered files that hold rows of
    theirs: list them, rewrite them without these rows, or delete them. `origins` says where each value
    that is no default is from.
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
    settle_seconds: float = 0
    budgets: tuple[tuple[str, tuple[float, float]], ...] = ()
    overdue_nights: int = 7
    identity_budget: float = 0.02
    holdout_share: float = 0.1
    pseudonym_key: Path | None = None
    privacy_place: Path | None = None
    kept_publishes: int = 3
    kept_logs: int = 100
    stale_after_hours: int = 36
    request_months: int = 1
    erase_exports: str = "list"
    retention: Retention = Retention()
    alerts: Alerts = Alerts()
    threads: int = 2
    memory_limit: str = "6GB"
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

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
    def spare(self) -> Path:
        """The last publish that is not kept any more, to be brought up to date as the next one."""
        return self.warehouse / ".spare"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def scratch(self) -> Path:
        return self.home / "lake" / ".scratch"

    @property
    def key(self) -> Path:
        """The secret of the pseudonyms: beside the home, never in it."""
        return self.pseudonym_key or self.home.with_name(f"{self.home.name}.key")

    @property
    def privacy(self) -> Path:
        """The keys and the ledger of people's requests: beside the home, never in it."""
        return self.privacy_place or self.home.with_name(f"{self.home.name}.privacy")

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
    origins = dict.fromkeys(chosen, "cdp.toml")
    for name, given in (("exports", exports), ("home", home)):
        variable = f"CDP_{name.upper()}"
        if environment.get(variable):
            chosen[name], origins[name] = environment[variable], variable
        if given:
            chosen[name], origins[name] = given, f"--{name}"
    settings = Settings(
        exports=(directory / chosen.get("exports", "data/landing")).resolve(),
        home=(directory / chosen.get("home", "data")).resolve(),
        origins=origins,
    )
    chosen = {key: value for key, value in chosen.items() if key not in ("exports", "home")}
    for name in ("pseudonym_key", "privacy_place"):
        if name in chosen:
            chosen[name] = (directory / chosen[name]).resolve()
    for name in ("visitor_cookies", "site_hosts", "loyalty_tiers"):
        if name in chosen:
            chosen[name] = tuple(chosen[name])
    if "budgets" in chosen:
        chosen["budgets"] = tuple(_budget(*given) for given in sorted(chosen["budgets"].items()))
    if "location_currencies" in chosen:
        chosen["location_currencies"] = tuple(sorted(chosen["location_currencies"].items()))
    chosen["alerts"] = _alerts(chosen.get("alerts", {}), directory, environment)
    chosen["retention"] = _retention(chosen.get("retention", {}))
    settings = replace(settings, **chosen)
    if settings.timezone not in zoneinfo.available_timezones():
        raise SettingsError(f"timezone = {settings.timezone!r} is not a zone such as Europe/Paris")
    if len(settings.default_country) != 2 or not settings.default_country.isupper():
        raise SettingsError(
            f"default_country = {settings.default_country!r} is not an ISO 3166 code such as US"
        )
    if settings.erase_exports not in ("list", "rewrite", "delete"):
        raise SettingsError(
            f"erase_exports = {settings.erase_exports!r} is none of list, rewrite and delete"
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
    for name in ("kept_publishes", "kept_logs", "stale_after_hours", "request_months"):
        count = getattr(settings, name)
        if type(count) is not int or count < 1:
            raise SettingsError(f"{name} = {count!r} is not a whole number from 1 on")
    return settings


def _alerts(chosen: Mapping, directory: Path, environment: Mapping[str, str]) -> Alerts:
    """The table [alerts]; a secret is there by the name of its file only."""
    secrets = {"webhook": "CDP_ALERT_WEBHOOK", "smtp_password": "CDP_SMTP_PASSWORD"}
    known = {one.name for one in fields(Alerts)} - set(secrets) | {f"{name}_file" for name in secrets}
    unknown = sorted(set(chosen) - known) if isinstance(chosen, dict) else ["alerts is no table"]
    if unknown:
        raise SettingsError(
            f"cdp.toml: unknown setting in [alerts]: {', '.join(unknown)}; known are "
            f"{', '.join(sorted(known))}. A secret is in a file or in the environment "
            f"({', '.join(secrets.values())}), never in cdp.toml"
        )
    found = {}
    for name, value in chosen.items():
        is_list = name in ("command", "email_to")
        if not (isinstance(value, list) and all(isinstance(one, str) for one in value)
                if is_list else isinstance(value, str)):
            expected = "a list of texts" if is_list else "a text"
            raise SettingsError(f"cdp.toml: {name} in [alerts] is not {expected}")
        if not name.endswith("_file"):
            found[name] = tuple(value) if is_list else value
    for name, variable in secrets.items():
        file = chosen.get(f"{name}_file")
        path = (directory / file).resolve() if file else None
        found[name] = Secret(variable, environment.get(variable) or None, path)
    host, _, port = found.get("smtp", Alerts.smtp).rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError("cdp.toml: smtp in [alerts] is not host:port, such as mail.example.org:587")
    return Alerts(**found)


def _retention(chosen: object) -> Retention:
    """The table [retention]."""
    known = [one.name for one in fields(Retention)]
    unknown = sorted(set(chosen) - set(known)) if isinstance(chosen, dict) else ["retention is no table"]
    if unknown:
        raise SettingsError(
            f"cdp.toml: unknown setting in [retention]: {', '.join(unknown)}; "
            f"known are {', '.join(known)}"
        )
    for name, value in chosen.items():
        if not isinstance(value, str) or not re.fullmatch(r"(P[1-9]\d*[YMWD])?", value):
            raise SettingsError(
                f"cdp.toml: {name} = {value!r} in [retention] is not a duration such as P3Y, P25M or "
                'P30D; to keep things for good, write ""'
            )
    return Retention(**chosen)


def _budget(name: str, given: object) -> tuple[str, tuple[float, float]]:
    """The two shares of one export."""
    known = {one.name.replace("__", " ") for one in connectors.contracts()}
    if name not in known:
        raise SettingsError(
            f"budgets: there is no export {name!r}; there are {', '.join(sorted(known))}"
        )
    chosen = BUDGET | given if isinstance(given, dict) else {}
    shares = [chosen.get(key) for key in BUDGET]
    are_shares = all(isinstance(one, int | float) and 0 <= one <= 1 for one in shares)
    if set(chosen) != set(BUDGET) or not are_shares or shares[0] > shares[1]:
        raise SettingsError(
            f"budgets: {name!r} needs shares from 0 to 1, warning not above blocking: "
            "{ warning = 0.01, blocking = 0.05 }"
        )
    return name, tuple(shares)


def _from_file(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        chosen = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    known = {one.name for one in fields(Settings)} - {"origins"}
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise SettingsError(
            f"{path}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    return chosen
