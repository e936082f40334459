"""Preferences: what people said in the preference centre, or to a colleague who wrote it down.

Yes or no to a channel for a purpose, by an e-mail, a telephone number or a record; many say the
opposite later. Nothing of what mails and shops know of consent by themselves.
"""

import numpy as np
import polars as pl

from simulator.chance import coin, pick
from simulator.files import Night, csv
from simulator.mailchimp import Mailchimp
from simulator.shopify import Shopify
from simulator.text import moment
from simulator.world import World

HEADER = "email,phone,record,channel,purpose,status,stated_at,evidence".split(",")
STATEMENTS_A_YEAR = 0.06
_CHANGES_MIND = 0.4


def deliver(world: World, night: Night, shopify: Shopify, mailchimp: Mailchimp) -> None:
    rng = world.chance("preferences", night.on.isoformat())
    known = pl.concat([
        mailchimp.members.select(
            "person", "email", ("mailchimp:members:" + pl.col("euid")).alias("record")),
        shopify.customers.select(
            "person", "email", ("shopify:customers:" + pl.col("id")).alias("record")),
    ])
    if world.turns.dead:
        known = known.filter(~pl.Series(world.is_dead(known["person"])))
    per_night = STATEMENTS_A_YEAR * (night.end - night.start) / (365 * 86_400)
    per_night *= world.turns.pace("consents")
    said = known.gather(np.repeat(np.arange(len(known)), rng.poisson(per_night, len(known))))
    count = len(said)
    channel = pick(rng, count, ["email", "sms", "phone"], (70, 18, 12))
    by_record = pl.Series(coin(rng, count, 0.25)) | said["email"].is_null()
    by_phone = ~by_record & (channel != "email")
    said = said.select(
        "person",
        pl.when(~by_record & ~by_phone).then("email").alias("email"),
        pl.when(by_phone).then(world.people["mobile"].gather(said["person"])).alias("phone"),
        pl.when(by_record).then("record").alias("record"), channel.alias("channel"),
        pick(rng, count, ["marketing", "profiling", "advertising"], (70, 15, 15)).alias("purpose"),
        pl.Series("is_yes", coin(rng, count, 0.45)),
        pl.Series("at", night.start + rng.integers(0, night.end - night.start, count)),
        pick(rng, count, ["preference centre", "call centre", "letter"], (85, 12, 3))
        .alias("evidence"),
    ).filter(pl.any_horizontal(pl.col("email", "phone", "record").is_not_null()))
    later = said.filter(coin(rng, len(said), _CHANGES_MIND)).with_columns(~pl.col("is_yes"))
    wait = (rng.random(len(later)) * (night.end - later["at"].to_numpy())).astype(np.int64)
    said = pl.concat([said, later.with_columns(pl.col("at") + wait)]).sort(
        "at", maintain_order=True
    ).with_columns(
        pl.when("is_yes").then(pl.lit("granted")).otherwise(pl.lit("denied")).alias("status"),
        moment(pl.col("at")).alias("stated_at"),
    )
    world.note("preferences", said.select(
        "person", "email", "phone", "record", "channel", "purpose", "status",
        pl.from_epoch("at").alias("stated_at"),
    ))
    if len(said):
        night.write("preferences", f"consents-{night.on}.csv", csv(said.select(HEADER)))
