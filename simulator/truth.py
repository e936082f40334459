"""Truth: who is who, as tables beside the exports that no pipeline may read.

records, people, households, orders, order_duplicates (a shop's copy of a till's sale), events (what
people did, but for hits of the web), visitors, consents and preferences (what was said in the
preference centre), companies; one Parquet file each, sorted by its key. Of people also what makes them
buy: how often beside the average (`appetite`), how many orders a year name them (`orders_per_year`), the
category they favour (`taste`), and from when until when they are customers. Faults are what is wrong in which night and file, and what must happen; deaths,
frauds (names that are nobody) and erasures that were asked for are a scenario's.
"""

from pathlib import Path

import polars as pl

from simulator import lives
from simulator.square import PASSES_BY, SHOWS_CARD
from simulator.world import World


def write(world: World, folder: Path) -> dict[str, pl.DataFrame]:
    folder.mkdir(parents=True, exist_ok=True)
    written = tables(world)
    for name, table in written.items():
        table.write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=False)
    return written


def tables(world: World) -> dict[str, pl.DataFrame]:
    who = world.people.select("person", "person_id")

    def named(name: str, key: str) -> pl.DataFrame:
        table = pl.concat(world.truth[name]).unique(key, keep="first", maintain_order=True)
        return table.join(who, on="person", how="left", maintain_order="left").drop("person").sort(
            key
        )

    records = named("records", "record_key").select("record_key", "person_id")
    orders = named("orders", "order_id")
    refunds = pl.concat(
        [pl.DataFrame(schema={"order_id": pl.String, "refunded": pl.Int64}),
         *world.truth.get("refunds", [])]
    ).group_by("order_id").agg(pl.col("refunded").max().alias("later"))
    orders = orders.join(refunds, on="order_id", how="left").select(
        "order_id", "person_id", "ordered_at", _decimal("total"), "currency",
        _decimal(pl.coalesce("later", "refunded")).alias("refunded"), "is_named",
    ).sort("order_id")
    people = world.people.select(
        "person_id", "household_id", "first_name", "middle_name", "last_name", "name_suffix",
        "nickname", "former_last_name", "birth_on",
        pl.when("female").then(pl.lit("female")).otherwise(pl.lit("male")).alias("gender"),
        "email", "second_email", "work_email", "family_email", "mobile", "landline", "street",
        "unit", "city", "region", "postal_code", "country",
        pl.when(pl.col("account") >= 0).then("account").alias("account"),
        "appetite", _named_rate(world, records).alias("orders_per_year"), pl.col("taste").replace_strict(_categories(world), default=None),
        pl.from_epoch("begins").dt.date().alias("begins_on"),
        pl.from_epoch("ends").dt.date().alias("ends_on"),
    ).sort("person_id")
    households = world.people.group_by("household_id").agg(
        pl.len().alias("person_count"), pl.col("street").first(), pl.col("city").first(),
        pl.col("postal_code").first(), pl.col("country").first(),
    ).sort("household_id")
    companies = world.accounts.select(
        "account", "name", "domain", "industry", "employees", "city", "country"
    )
    written = {"records": records, "orders": orders, "people": people, "households": households,
               "companies": companies, "visitors": _visitors(world, who),
               "consents": _consents(world, who), "preferences": _preferences(world, who),
               "events": _events(world, who),
               "order_duplicates": pl.concat(world.truth["order_duplicates"]).sort("order_id")}
    return written | {"faults": _faults(world)} | _planted(world, who)


def _faults(world: World) -> pl.DataFrame:
    """What must happen is one of: served (nothing stops), read, noted, warned (or more), rows (`rows` of
    them are set aside), whole (the file is), held, no evidence, dropped. `path` is where the file lies once
    it was delivered."""
    return pl.DataFrame(
        world.turns.faults + world.carried, orient="row",
        schema={"night": pl.Date, "path": pl.String, "fault": pl.Int64, "must": pl.String,
                "rows": pl.Int64},
    ).sort("night", "fault", "path")


def _planted(world: World, who: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What a scenario did to people; nothing, without one."""
    days = {"deaths": {"died_on": pl.Date}, "frauds": {"began_on": pl.Date},
            "erasures": {"asked_on": pl.Date, "identifiers": pl.List(pl.String)}}
    written = {}
    for name, columns in days.items():
        empty = pl.DataFrame(schema={"person": pl.Int64, **columns})
        rows = pl.concat([empty, *world.truth.get(name, [])]).join(who, on="person")
        written[name] = rows.select("person_id", *columns).sort("person_id", next(iter(columns)))
    return written


def _named_rate(world: World, records: pl.DataFrame) -> pl.Series:
    """Orders a year by which the shop or a till knows the buyer, while a customer."""

    def are_in(export: str) -> pl.Series:
        theirs = records.filter(pl.col("record_key").str.starts_with(export))["person_id"]
        return world.people["person_id"].is_in(theirs.implode())

    shops, shows = are_in("shopify:customers:"), are_in("square:customers:")
    at_till = lives.store_rate(world.people, shows.to_numpy()) * (1 - PASSES_BY) * SHOWS_CARD
    return pl.Series(lives.web_rate(world.people, shops.to_numpy()) + at_till * shows.to_numpy())


def _categories(world: World) -> dict[int, str]:
    """The category that each number of a taste stands for, as baskets are filled."""
    category = world.products["category"]
    number = category.cast(pl.Categorical).to_physical().to_list()
    return dict(zip(number, category.to_list(), strict=True))


def _consents(world: World, who: pl.DataFrame) -> pl.DataFrame:
    return (
        pl.concat(world.truth["consents"])
        .unique(["record_key", "channel"], keep="last", maintain_order=True)
        .join(who, on="person", how="left").drop("person").sort("record_key", "channel")
    )


def _preferences(world: World, who: pl.DataFrame) -> pl.DataFrame:
    said = pl.concat(world.truth["preferences"]).join(who, on="person", how="left")
    return said.select(
        "person_id", "email", "phone", "record", "channel", "purpose", "status", "stated_at"
    ).sort(pl.all())


def _events(world: World, who: pl.DataFrame) -> pl.DataFrame:
    """Null is a stranger. `event_type` and `record_id` are as in our own events. Of a farewell that was told
    again with a correction the last word counts."""
    told = pl.concat(world.truth["events"])
    again = ["system", "event_type", "record_id"]
    is_last = (pl.col("system") != "mailchimp") | (
        pl.int_range(pl.len(), 0, -1).over(again) == 1
    )
    return (
        told.filter(is_last)
        .join(who, on="person", how="left")
        .select("person_id", pl.from_epoch("at").alias("occurred_at"), "event_type", "system",
                "record_id")
        .sort("occurred_at", "system", "event_type", "record_id")
    )


def _visitors(world: World, who: pl.DataFrame) -> pl.DataFrame:
    """Null is a stranger; `is_knowable` where a login, a purchase or a mail's link tells. A device that
    several people share is nobody's."""
    return (
        pl.concat(world.truth["visitors"])
        .filter(pl.col("person").n_unique().over("visitor") == 1)
        .group_by("visitor").agg(pl.col("person").min(), pl.col("is_knowable").any())
        .join(who, on="person", how="left").sort("visitor")
        .select("visitor", "person_id", "is_knowable")
    )


def _decimal(cents: str | pl.Expr) -> pl.Expr:
    cents = pl.col(cents) if isinstance(cents, str) else cents
    return (cents.cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2))
