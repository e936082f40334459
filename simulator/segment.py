"""Segment: the calls of the shop's app, newline-delimited JSON, gzipped, a few of them twice.

Installs, sessions of screens and goods, an identify call with the account's e-mail where somebody
signs in. Devices that nobody signs in on are anonymous for ever; some are strangers'.
"""

import numpy as np
import polars as pl

from simulator import lives
from simulator.chance import HEX, coin, pick, tokens
from simulator.files import Night, gz, lines
from simulator.lives import WEB_HOURS, moments
from simulator.shopify import Shopify
from simulator.text import moment
from simulator.world import World

SESSIONS_A_YEAR = 4.0
# Of the shop's customers who have the app, and of its devices those that are nobody's we know.
_SHARE, _STRANGERS = 0.14, 0.2
_SIGNS_IN = 0.75
_SYSTEMS = (
    '"device":{"type":"ios","model":"iPhone16,2"},"os":{"name":"iOS","version":"18.4"},'
    '"library":{"name":"analytics-swift","version":"1.7.3"}',
    '"device":{"type":"android","model":"Pixel 8"},"os":{"name":"Android","version":"15"},'
    '"library":{"name":"analytics-kotlin","version":"1.19.2"}',
)
_CAMPAIGN = ',"campaign":{"source":"newsletter","medium":"email","name":"app-weeks"}'

# Steps of a session, in the order in which they can come.
_INSTALL, _OPEN, _IDENTIFY, _ALIAS, _HOME, _GOODS = 0, 1, 2, 3, 10, 100


class Segment:
    """The devices that have the app: whose they are, and whether anybody signed in."""

    def __init__(self) -> None:
        self.devices = pl.DataFrame()
        self.customers = 0

    def deliver(self, world: World, night: Night, shopify: Shopify) -> None:
        rng = world.chance("segment", night.on.isoformat())
        old = len(self.devices)
        fresh = self._install(rng, world, night, shopify.customers)
        self.devices = pl.concat([self.devices, fresh]) if old else fresh
        sessions = self._sessions(rng, world, night, old)
        calls = _calls(rng, world, sessions).filter(pl.col("at") < night.end)
        calls = calls.sort("at", maintain_order=True).with_columns(
            tokens(rng, len(calls), 32, HEX).alias("message")
        )
        told = calls.filter(pl.col("event_type").is_not_null())
        world.happened("segment", told["event_type"], told["person"], told["at"], told["message"])
        # A thousandth is sent again, some while later.
        again = np.flatnonzero(coin(rng, len(calls), 0.001))
        place = np.concatenate([np.arange(len(calls)), again + 40])
        calls = pl.concat([calls, calls[again]]).gather(np.argsort(place, kind="stable"))
        month = pl.select(pl.from_epoch(calls["at"]).dt.strftime("%Y-%m")).to_series()
        text = _json(calls)
        for name in month.unique().sort() if night.is_first else [night.since]:
            part = text.filter(month == name) if night.is_first else text
            if len(part):
                night.write("segment", f"app-calls-{name}.json.gz", gz(lines(part)))

    def _install(self, rng, world: World, night: Night, customers: pl.DataFrame) -> pl.DataFrame:
        """New devices: customers' (more likely new ones), then strangers'."""
        is_new = np.arange(len(customers)) >= self.customers
        self.customers = len(customers)
        chance = np.where(is_new, _SHARE, _SHARE / (365 * 5))
        rows = np.flatnonzero(
            coin(rng, len(customers), chance) & customers["email"].is_not_null().to_numpy()
        )
        owner = customers.gather(rows)
        strangers = rng.poisson(len(rows) * _STRANGERS)
        count = len(rows) + strangers
        begins = np.maximum(world.people["begins"].gather(owner["person"]).to_numpy(), night.start)
        begins = np.concatenate([begins, np.full(strangers, night.start)])
        installed = begins + (rng.random(count) * (night.end - begins)).astype(np.int64)
        token = tokens(rng, count, 32, HEX)
        signs_in = coin(rng, count, _SIGNS_IN) & (np.arange(count) < len(rows))
        nobody = pl.Series([None] * strangers)
        devices = pl.DataFrame({
            "anonymous": pl.select(pl.concat_str(
                *(token.str.slice(start, size)
                  for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))), separator="-",
            )).to_series(),
            "person": pl.concat([owner["person"].cast(pl.Int64), nobody.cast(pl.Int64)]),
            "user": pl.concat([owner["id"], nobody.cast(pl.String)]),
            "email": pl.concat([owner["email"].str.to_lowercase(), nobody.cast(pl.String)]),
            "installed": installed, "signs_in": signs_in,
            "system": pick(rng, count, _SYSTEMS, (58, 42)),
            "version": pick(rng, count, ["5.2.0", "5.3.1", "5.4.0"], (2, 5, 3)),
        })
        world.note("visitors", devices.select(
            ("segment:" + pl.col("anonymous")).alias("visitor"), "person",
            pl.col("signs_in").alias("is_knowable"),
        ))
        return devices

    def _sessions(self, rng, world: World, night: Night, old: int) -> pl.DataFrame:
        """One row a session, that of the installation included: its device, when it begins."""
        devices, people = self.devices, world.people
        who = devices["person"].fill_null(0)
        is_known = devices["person"].is_not_null().to_numpy()
        crowd = devices.select(
            pl.col("installed").alias("begins"), pl.lit(night.end).alias("ends"),
            people["country"].gather(who).alias("country"),
        )
        appetite = np.where(is_known, people["appetite"].gather(who).to_numpy(), 0.5)
        device, at = moments(
            rng, crowd, SESSIONS_A_YEAR * appetite, night.start, night.end, WEB_HOURS
        )
        fresh = np.arange(old, len(devices))
        installed = devices["installed"].to_numpy()
        device = np.concatenate([fresh, device])
        at = np.concatenate([installed[old:], np.maximum(at, installed[device[len(fresh):]] + 900)])
        is_install = np.arange(len(device)) < len(fresh)
        taste = np.where(is_known, people["taste"].gather(who).to_numpy(), 0)
        return devices.gather(device).with_columns(
            pl.Series("begins", at), pl.Series("is_install", is_install),
            pl.Series("taste", taste[device]),
        )


def _calls(rng, world: World, sessions: pl.DataFrame) -> pl.DataFrame:
    """One row a call, in order of session: what it is, when, and what it is about."""
    count = len(sessions)
    every = np.arange(count)
    is_install = sessions["is_install"].to_numpy()
    signs_in = np.flatnonzero(is_install & sessions["signs_in"].to_numpy())
    session, step, kind, event, event_type, product = [], [], [], [], [], []

    def add(rows, at, of_kind, named, told, goods=-1) -> None:
        session.append(rows)
        step.append(np.broadcast_to(at, rows.shape))
        product.append(np.broadcast_to(goods, rows.shape))
        for column, value in ((kind, of_kind), (event, named), (event_type, told)):
            column.append(pl.Series([value], dtype=pl.String).new_from_index(0, len(rows)))

    add(np.flatnonzero(is_install), _INSTALL, "track", "Application Installed", "app_install")
    add(every, _OPEN, "track", "Application Opened", "app_open")
    add(signs_in, _IDENTIFY, "identify", None, None)
    add(signs_in[coin(rng, len(signs_in), 0.1)], _ALIAS, "alias", None, None)
    add(every, _HOME, "screen", "Home", "screen_view")
    looks = np.repeat(every, rng.geometric(0.6, count) - 1)
    seen = lives.baskets(rng, sessions["taste"].to_numpy()[looks], world.products)
    seen = seen.unique("order", keep="first", maintain_order=True)["product"].to_numpy()
    at = _GOODS + np.arange(len(looks)) % 80 * 10
    add(looks, at, "track", "Product Viewed", "product_view", seen)
    taken = coin(rng, len(looks), 0.3)
    add(looks[taken], at[taken] + 5, "track", "Product Added", "cart_add", seen[taken])

    place, at = np.concatenate(session), np.concatenate(step)
    order = np.argsort(place * 1000 + at, kind="stable")
    place, at = place[order], at[order]
    # Time runs on between the calls of a session.
    total = np.cumsum(rng.integers(2, 50, len(place)))
    starts = np.searchsorted(place, every)
    goods = np.concatenate(product)[order]
    owner = sessions.gather(place)
    is_known = owner["signs_in"] & (~owner["is_install"] | pl.Series(at >= _IDENTIFY))
    return owner.with_columns(
        (owner["begins"] + total - total[starts][place]).alias("at"),
        *(pl.concat(column).gather(order).alias(name) for name, column in (
            ("kind", kind), ("event", event), ("event_type", event_type))),
        pl.Series("goods", goods), is_known.alias("is_known"),
        pl.Series("from_mail", coin(rng, count, 0.06)[place] & (at == _OPEN)),
        *(world.products[name].gather(np.maximum(goods, 0)) for name in ("sku", "category", "price")),
    )


def _json(calls: pl.DataFrame) -> pl.Series:
    """The calls' objects; `timestamp` is the device's time corrected, as Segment gives it."""
    at = pl.col("at")
    spelling = "%Y-%m-%dT%H:%M:%S.000Z"
    kind = pl.col("kind")
    nothing = pl.lit("")
    cents = (pl.col("price") % 100).cast(pl.String).str.zfill(2)
    return calls.select(pl.concat_str(
        pl.lit('{"anonymousId":"'), "anonymous", pl.lit('","channel":"mobile","context":{"app":'
        '{"name":"Larkfield","version":"'), "version", pl.lit('"},'), "system",
        pl.when("from_mail").then(pl.lit(_CAMPAIGN)).otherwise(nothing), pl.lit('}'),
        pl.when(kind == "track").then(pl.lit(',"event":"') + pl.col("event") + '"')
        .when(kind == "screen").then(pl.lit(',"name":"') + pl.col("event") + '"')
        .otherwise(nothing),
        pl.lit(',"messageId":"'), "message", pl.lit('"'),
        pl.when(kind == "identify").then(',"traits":{"email":"' + pl.col("email") + '"}')
        .when(kind == "alias").then(',"previousId":"' + pl.col("anonymous") + '"')
        .when(pl.col("goods") >= 0).then(pl.concat_str(
            pl.lit(',"properties":{"sku":"'), "sku", pl.lit('","category":"'), "category",
            pl.lit('","price":'), (pl.col("price") // 100).cast(pl.String), pl.lit("."), cents,
            pl.lit("}"),
        )).otherwise(pl.lit(',"properties":{}')),
        pl.lit(',"originalTimestamp":"'), moment(at, spelling), pl.lit('","receivedAt":"'),
        moment(at + 2, spelling), pl.lit('","timestamp":"'), moment(at, spelling),
        pl.lit('","type":"'), "kind", pl.lit('"'),
        pl.when("is_known").then(',"userId":"' + pl.col("user") + '"').otherwise(nothing),
        pl.lit("}"),
    )).to_series()
