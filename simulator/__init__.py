"""A simulated company: its people, their lives, and its systems' exports night by night.

The truth stands beside the exports. Nothing here knows how records are matched, and nothing of the
pipeline is imported: what makes matching hard comes from people and clerks, not from a matcher.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from simulator import preferences, third_party, truth, world
from simulator.company import CURRENCY, MAGAZINE, SITE, STORES
from simulator.files import Night, lay
from simulator.finance import Finance
from simulator.mailchimp import Mailchimp
from simulator.mishaps import Carrier
from simulator.salesforce import Salesforce
from simulator.scenario import Scenario, load
from simulator.segment import Segment
from simulator.sendgrid import SendGrid
from simulator.shopify import Shopify
from simulator.square import Square
from simulator.synced import Synced
from simulator.turns import Turns
from simulator.typeform import Typeform
from simulator.weblogs import WebLogs

FIRST_NIGHT = date(2026, 6, 1)
__all__ = ["Scenario", "Summary", "lay", "load", "simulate"]

HISTORY = timedelta(days=365)
SMALLEST = 100


@dataclass(frozen=True)
class Summary:
    """What was written."""

    people: int
    records: int
    orders: int
    files: int
    bytes: int


def _clear(target: Path) -> None:
    ours = target / "truth" / "records.parquet"
    if ours.exists():
        shutil.rmtree(target / "exports")
        shutil.rmtree(target / "truth")
    elif (target / "exports").exists():
        raise FileExistsError(f"{target / 'exports'} is not a simulation: name another folder")


def _write_settings(path: Path) -> None:
    """What the exports do not say, for who runs the platform in that folder; settings that are there stay."""
    if not path.exists():
        currencies = [f'"{one.name}" = "{CURRENCY[one.country]}"' for one in STORES if one.country != "US"]
        path.write_text(
            "# The simulated company's settings: what its exports do not say.\n"
            f'exports = "exports"\nhome = "home"\nsite_hosts = ["{SITE}", "{MAGAZINE}"]\n\n'
            "[location_currencies]\n" + "\n".join(currencies) + "\n",
            encoding="utf-8",
        )


def simulate(
    target: Path,
    *,
    people: int,
    nights: int = 1,
    seed: int = 1,
    start: date | None = None,
    scenario: Scenario | str | Path | None = None,
    is_told_nightly: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Summary:
    """Write `target`/exports/<night>/<system>/…, `target`/truth/*.parquet and, for runs, `target`/cdp.toml.

    The first night delivers a year of history, each later one what is new or changed; what goes wrong
    besides is a `scenario` (`month`, a YAML file, or one that was read). The same
    arguments give the same bytes; a night does not depend on how many follow it. With `is_told_nightly`
    the truth as of each night is in `target`/truth/<night>/*.parquet, too. What an earlier simulation left
    in `target` is removed; anything else there is FileExistsError.
    """
    if people < SMALLEST:
        raise ValueError(f"a company of {people} people has no life: give at least {SMALLEST}")
    target = Path(target)
    _clear(target)
    first = start or FIRST_NIGHT
    since = first - HISTORY
    if not isinstance(scenario, Scenario):
        scenario = load(scenario) if scenario else Scenario()
    carrier = Carrier(scenario)
    for number in range(1, nights + 1):
        on = first + timedelta(days=number - 1)
        night = Night(target / "exports", on, since, number, carrier)
        if night.is_first:
            now = world.begin(seed, people, night, Turns(scenario))
            now.carried = carrier.faults
            now.progress = progress
            shopify, mailchimp, salesforce = Shopify(), Mailchimp(), Salesforce()
            square, sendgrid, weblogs, synced = Square(), SendGrid(), WebLogs(), Synced()
            segment, typeform, finance = Segment(), Typeform(), Finance()
        else:
            world.next_night(now, night)
        carrier.begin(night, now.truth)
        now.say(f"night {on}: people ready")
        orders, lines = shopify.trade(now, night)
        mailchimp.deliver(now, night)
        cases = salesforce.deliver(now, night)
        sales, sale_lines = square.deliver(now, night, shopify)
        copies = synced.copies(now, night, sales, sale_lines, orders)
        shopify.deliver(now, night, orders, lines, *copies)
        clicks = sendgrid.deliver(now, night, shopify, mailchimp, orders)
        weblogs.deliver(now, night, shopify, mailchimp, clicks, orders, lines)
        segment.deliver(now, night, shopify)
        typeform.deliver(now, night, orders, cases)
        preferences.deliver(now, night, shopify, mailchimp)
        finance.deliver(now, night)
        third_party.deliver(now, night)
        carrier.end(night, now.truth)
        if is_told_nightly:
            truth.write(now, target / "truth" / on.isoformat())
        since = on
    _write_settings(target / "cdp.toml")
    tables = truth.write(now, target / "truth")
    written = sorted(path for path in (target / "exports").rglob("*") if path.is_file())
    return Summary(
        len(tables["people"]), len(tables["records"]), len(tables["orders"]), len(written),
        sum(path.stat().st_size for path in written),
    )
