"""Mailchimp: audience exports, three files for each audience, where the file is the status.

Merge fields first, then Mailchimp's own columns; later nights deliver who changed. Clicks on its
mails reach the web logs with the member's EUID (`weblogs`).
"""

from hashlib import blake2b

import numpy as np
import polars as pl

from simulator.chance import coin, index, pick
from simulator.clerks import Habits, record_of
from simulator.files import Night, csv, zipped
from simulator.lives import DAY
from simulator.text import hexadecimal, moment
from simulator.world import World

_HEAD = "MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF," \
        "DSTOFF,TIMEZONE,CC,REGION"
_TAIL = "LEID,EUID,NOTES,TAGS"
_OWN = {
    "subscribed": f"{_HEAD},LAST_CHANGED,{_TAIL}".split(","),
    "unsubscribed": f"{_HEAD},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,"
                    f"UNSUB_REASON_OTHER,{_TAIL}".split(","),
    "cleaned": f"{_HEAD},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,{_TAIL}".split(","),
}
MERGE_FIELDS = ["Email Address", "First Name", "Last Name", "Address", "Phone Number", "Birthday"]
HEADER = {status: MERGE_FIELDS + own for status, own in _OWN.items()}

_STATUSES = ("subscribed", "unsubscribed", "cleaned")
_SHARE = 0.5
_HABITS = Habits(email=(86, 6, 3, 5, 0), phone=(27, 3, 2, 68), address=(36, 5, 59), nickname=0.45,
                 no_first=0.14, middle=0.01, suffix=0.05, typo=0.025, birth=0.2, junk=0.0015,
                 casing=(84, 4, 12))
_NO_LAST = 0.22
_ZONES = {"US": ("America/New_York", "-5", "-4"), "CA": ("America/Toronto", "-5", "-4"),
          "GB": ("Europe/London", "0", "1"), "DE": ("Europe/Berlin", "1", "2"),
          "FR": ("Europe/Paris", "1", "2")}
_TAGS = ['"Newsletter"', '"Newsletter","VIP"', '"Garden, outdoors","Newsletter"', "", "Newsletter",
         '"In-store signup"']
_REASONS = ("NORMAL", "NOSIGNUP", "INAPPROPRIATE", "SPAM", "OTHER")


def euids(seed: int, numbers: np.ndarray) -> pl.Series:
    """Ten hexadecimal digits that look random and are different for different numbers."""
    mask = np.uint64(2**40 - 1)
    mixed = (numbers.astype(np.uint64) + np.uint64(seed * 1_000_003 % 2**40)) & mask
    for factor in (0x5851F42D4C957F2D, 0x14057B7EF767814F):
        mixed = (mixed * np.uint64(factor)) & mask
        mixed ^= mixed >> np.uint64(19)
    return hexadecimal(mixed, 10)


class Mailchimp:
    """Members of the customer audience and of the smaller trade audience."""

    def __init__(self) -> None:
        self.members = pl.DataFrame()
        self.is_member = np.zeros(0, dtype=bool)

    def deliver(self, world: World, night: Night) -> None:
        rng = world.chance("mailchimp", night.on.isoformat())
        old = len(self.members)
        fresh = self._join(rng, world, night)
        self.members = pl.concat([self.members, fresh]) if old else fresh
        self.is_member = np.zeros(len(world.people), dtype=bool)
        self.is_member[self.members["person"].to_numpy()] = True
        changed = self._change(rng, world, night, old)
        touched = self.members.gather(np.concatenate([changed, np.arange(old, len(self.members))]))
        world.note_records("mailchimp:members:", fresh["euid"], fresh["person"])
        # That an address was cleaned is nobody's word.
        world.consented(touched.filter(pl.col("status") < 2).select(
            ("mailchimp:members:" + pl.col("euid")).alias("record_key"), "person",
            pl.lit("email").alias("channel"),
            pl.when(pl.col("status") == 0).then(pl.lit("granted")).otherwise(pl.lit("denied"))
            .alias("status"), pl.col("changed_at").alias("at"),
        ))
        _note(world, fresh, touched)
        audience = touched["audience"]
        mark = blake2b(night.on.isoformat().encode(), digest_size=5).hexdigest()
        for number, status in enumerate(_STATUSES):
            is_theirs = (touched["status"] == number) & (audience == 0)
            if is_theirs.any():
                night.write("mailchimp", f"{status}_members_export_{mark}.csv",
                            csv(_rows(touched.filter(is_theirs), status)))
        if (audience == 1).any():
            night.write("mailchimp", f"audience_export_trade_{night.on}.zip", zipped({
                f"{status}_email_audience_export_{mark}.csv": csv(
                    _rows(touched.filter((touched["status"] == number) & (audience == 1)), status)
                )
                for number, status in enumerate(_STATUSES)
            }))

    def _join(self, rng, world: World, night: Night) -> pl.DataFrame:
        joining = world.joining(rng, self.is_member, _SHARE, night)
        # A few read the newsletter under two addresses.
        twice = joining[coin(rng, len(joining), 0.04)]
        rows = np.concatenate([joining, twice])
        record = record_of(rng, world.people, rows, _HABITS)
        second = world.people["second_email"].gather(rows)
        is_twice = pl.Series(np.arange(len(rows)) >= len(joining))
        record = record.with_columns(
            pl.when(is_twice).then(second).otherwise("email").alias("email"),
            pl.when(~pl.Series(coin(rng, len(rows), _NO_LAST))).then("last").alias("last"),
        )
        record = record.filter(
            pl.col("email").is_not_null()
            & (pl.int_range(pl.len()).over(pl.col("email").str.to_lowercase()) == 0)
        )
        if len(self.members):
            taken = self.members["email"].str.to_lowercase()
            record = record.filter(~pl.col("email").str.to_lowercase().is_in(taken.implode()))
        count = len(record)
        opted = night.end - 1 - (rng.random(count) * (night.end - night.start)).astype(np.int64)
        if night.is_first:
            opted -= (rng.random(count) * 900 * DAY).astype(np.int64)
        status = index(rng, count, (80, 16, 4)) if night.is_first else np.zeros(count, dtype=int)
        changed = opted + ((night.end - opted) * rng.random(count)).astype(np.int64)
        is_work = record["email"].str.ends_with(".example").to_numpy()
        return record.with_columns(
            euids(world.seed, np.arange(count) + len(self.members)).alias("euid"),
            pl.Series("leid", np.arange(count) + 518_000_001 + len(self.members)),
            pl.Series("opted_at", opted), pl.Series("status", status),
            pl.Series("changed_at", np.where(status == 0, np.maximum(opted, changed), changed)),
            pl.Series("audience", (is_work & coin(rng, count, 0.6)).astype(np.int64)),
            pl.Series("rating", index(rng, count, (0, 30, 40, 20, 10)) + 1),
            pick(rng, count, _TAGS, (30, 6, 5, 40, 10, 9)).alias("tags"),
            pick(rng, count, _REASONS, (70, 10, 5, 5, 10)).alias("reason"),
            pl.Series("has_ip", coin(rng, count, 0.6)),
            pl.Series("ip", rng.integers(0, 250, count)),
        )

    def _change(self, rng, world: World, night: Night, old: int) -> np.ndarray:
        """Members who unsubscribe, bounce for good or correct their data tonight."""
        who = self.members["person"].to_numpy()[:old]
        status = self.members["status"].to_numpy()[:old]
        leaving = 0.16 / 365 * world.turns.pace("consents")
        leaves = np.flatnonzero((status == 0) & coin(rng, old, leaving))
        bounces = np.flatnonzero((status == 0) & coin(rng, old, 0.03 / 365))
        edits = np.flatnonzero(world.changed[who] & coin(rng, old, 0.25))
        rows = np.unique(np.concatenate([leaves, bounces, edits]))
        fresh = record_of(rng, world.people, who[edits], _HABITS.corrected())
        self.members = self.members.with_columns(
            status=self.members["status"].scatter(leaves, 1).scatter(bounces, 2),
            changed_at=self.members["changed_at"].scatter(
                rows, night.start + rng.integers(0, DAY, len(rows))
            ),
            **{
                name: self.members[name].scatter(edits, fresh[name])
                for name in ("last", "street", "unit", "city", "region", "postal_code", "phone")
            },
        )
        return rows


def _note(world: World, fresh: pl.DataFrame, touched: pl.DataFrame) -> None:
    """Sign-ups are confirmed a minute later; a farewell is told again with every correction."""
    gone, cleaned = (touched.filter(pl.col("status") == status) for status in (1, 2))
    for event_type, members, at in (
        ("email_signup", fresh, fresh["opted_at"] + 61),
        ("email_unsubscribe", gone, gone["changed_at"]),
        ("email_cleaned", cleaned, cleaned["changed_at"]),
    ):
        world.happened("mailchimp", event_type, members["person"], at,
                       members["euid"] + members["leid"].cast(pl.String))


def _rows(members: pl.DataFrame, status: str) -> pl.DataFrame:
    zone = [
        pl.col("country").replace_strict({code: zone[at] for code, zone in _ZONES.items()},
                                         return_dtype=pl.String)
        for at in range(3)
    ]
    address = pl.concat_str("street", "unit", "city", "region", "postal_code", "country",
                            separator="  ", ignore_nulls=True)
    known = pl.col("has_ip")
    ip = pl.format("203.0.113.{}", pl.col("ip"))
    empty = pl.lit("")
    rows = members.select(
        pl.col("email").alias("Email Address"), pl.col("first").alias("First Name"),
        pl.col("last").alias("Last Name"),
        pl.when(pl.col("street").is_not_null()).then(address).alias("Address"),
        pl.col("phone").alias("Phone Number"),
        pl.col("birth_on").dt.strftime("%m/%d").alias("Birthday"),
        pl.col("rating").alias("MEMBER_RATING"), moment(pl.col("opted_at")).alias("OPTIN_TIME"),
        pl.when(known).then(ip).otherwise(empty).alias("OPTIN_IP"),
        moment(pl.col("opted_at") + 61).alias("CONFIRM_TIME"),
        pl.when(known).then(ip).otherwise(empty).alias("CONFIRM_IP"),
        empty.alias("LATITUDE"), empty.alias("LONGITUDE"),
        pl.when(known).then(zone[1]).alias("GMTOFF"), pl.when(known).then(zone[2]).alias("DSTOFF"),
        pl.when(known).then(zone[0]).alias("TIMEZONE"),
        pl.when(known).then(pl.col("country").str.to_lowercase()).alias("CC"),
        pl.when(known).then("region").alias("REGION"),
        moment(pl.col("changed_at")).alias("LAST_CHANGED"),
        moment(pl.col("changed_at")).alias("UNSUB_TIME"),
        pl.lit("Larkfield letter, May").alias("UNSUB_CAMPAIGN_TITLE"),
        pl.lit("9c3f0b7e55").alias("UNSUB_CAMPAIGN_ID"), pl.col("reason").alias("UNSUB_REASON"),
        pl.when(pl.col("reason") == "OTHER").then(pl.lit("Too many, and too \"loud\""))
        .alias("UNSUB_REASON_OTHER"),
        moment(pl.col("changed_at")).alias("CLEAN_TIME"),
        pl.lit("Larkfield letter, May").alias("CLEAN_CAMPAIGN_TITLE"),
        pl.lit("9c3f0b7e55").alias("CLEAN_CAMPAIGN_ID"),
        pl.col("leid").alias("LEID"), pl.col("euid").alias("EUID"),
        pl.lit(None, pl.String).alias("NOTES"), pl.col("tags").replace("", None).alias("TAGS"),
    )
    return rows.select(HEADER[status]).with_columns(pl.col(pl.String).replace("", None))
