"""SendGrid: the event webhook's files on order confirmations and newsletters.

JSON arrays and newline-delimited JSON by turns; at least once, so some events come twice. Links in
mails carry the recipient's `ecid`, which a click takes along to the web shop's log.
"""

from hashlib import blake2b

import numpy as np
import polars as pl

from simulator.chance import ALNUM, coin, index, pick, tokens
from simulator.company import MAIL_DOMAIN, SITE
from simulator.files import Night, lines
from simulator.lives import WEB_HOURS, moments
from simulator.mailchimp import Mailchimp
from simulator.names import per_value
from simulator.shopify import Shopify
from simulator.world import World

NEWSLETTERS_A_YEAR = 4.5
_READERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/136.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)
_MACHINE = "Mozilla/5.0"


def ecids(seed: int, emails: pl.Series) -> pl.Series:
    """The token of a recipient in links; the same recipient always has the same one."""
    return per_value(
        emails.str.to_lowercase(),
        lambda text: blake2b(f"ecid:{seed}:{text}".encode(), digest_size=8).hexdigest(),
    )


class SendGrid:
    """Events that happen after the night's end wait for the next file."""

    def __init__(self) -> None:
        self.awaiting = pl.DataFrame()

    def deliver(
        self,
        world: World,
        night: Night,
        shopify: Shopify,
        mailchimp: Mailchimp,
        orders: pl.DataFrame,
    ) -> pl.DataFrame:
        """Write the night's files. Returns its clicks: person, at, path (with the token)."""
        rng = world.chance("sendgrid", night.on.isoformat())
        sends = self._sends(rng, world, night, shopify, orders)
        events = self._events(rng, world, _with_links(rng, sends, mailchimp))
        if len(self.awaiting):
            events = pl.concat([self.awaiting, events])
        self.awaiting = events.filter(pl.col("at") >= night.end)
        events = events.filter(pl.col("at") < night.end).sort("at", maintain_order=True)
        _note(world, events)
        # A thousandth is posted again, some while later.
        again = np.flatnonzero(coin(rng, len(events), 0.001))
        place = np.concatenate([np.arange(len(events)), again + 40])
        text = _json(events)
        text = pl.concat([text, text.gather(again)]).gather(np.argsort(place, kind="stable"))
        month = pl.concat([events["at"], events["at"].gather(again)]).gather(
            np.argsort(place, kind="stable")
        )
        month = pl.select(pl.from_epoch(month).dt.strftime("%Y-%m")).to_series()
        if night.is_first:
            for number, name in enumerate(month.unique().sort()):
                self._write(night, f"events-{name}", text.filter(month == name), number % 2 == 0)
        else:
            half = len(text) // 2
            self._write(night, f"events-{night.since}-am", text[:half], True)
            self._write(night, f"events-{night.since}-pm", text[half:], False)
        return events.filter(pl.col("event") == "click").select("person", "at", "path")

    def _write(self, night: Night, name: str, text: pl.Series, is_array: bool) -> None:
        """What did not happen calls nobody: there is no file without an event."""
        if text.is_empty():
            return
        body = lines(text)
        if is_array:
            body = b"[\n" + body.rstrip(b"\n").replace(b"}\n{", b"},\n{") + b"\n]\n"
        night.write("sendgrid", name + (".json" if is_array else ".ndjson"), body)

    def _sends(self, rng, world: World, night: Night, shopify: Shopify, orders) -> pl.DataFrame:
        confirmed = orders.filter(pl.col("email").is_not_null() & ~pl.col("at_till"))
        confirmations = confirmed.select(
            "person", "email", (pl.col("at") + 5).alias("at"),
            pl.lit('"order-confirmation"').alias("category"),
            (',"order_name":"' + pl.col("name") + '"').alias("custom"),
            pl.lit("/account/orders").alias("path"),
        )
        customers = shopify.customers
        wants = (customers["accepts_email"] & customers["email"].is_not_null()).to_numpy()
        reader = world.people.gather(customers["person"]).with_columns(
            begins=pl.lit(0, pl.Int64), ends=pl.lit(night.end, pl.Int64)
        )
        who, at = moments(rng, reader, NEWSLETTERS_A_YEAR * wants, night.start, night.end,
                          WEB_HOURS)
        month = pl.select(pl.from_epoch(pl.Series(at)).dt.strftime("%Y-%m")).to_series()
        letters = pl.DataFrame({
            "person": customers["person"].gather(who), "email": customers["email"].gather(who),
            "at": at, "category": '["newsletter","' + month + '"]',
            "custom": ',"campaign_id":"nl-' + month + '"',
            "path": "/c/" + pick(rng, len(at), ["garden", "kitchen", "seasonal", "lighting"]),
        })
        sends = pl.concat([confirmations, letters]).sort("at", maintain_order=True)
        count = len(sends)
        return sends.with_columns(
            pl.col("email").str.to_lowercase(),
            ecids(world.seed, sends["email"]).alias("ecid"),
            tokens(rng, count, 22, ALNUM).alias("message"),
            world.people["appetite"].gather(sends["person"]).alias("appetite"),
        )

    def _events(self, rng, world: World, sends: pl.DataFrame) -> pl.DataFrame:
        count, at = len(sends), sends["at"].to_numpy()
        fate = index(rng, count, (96.0, 2.0, 1.4, 0.6))
        arrives = at + rng.integers(1, 20, count) + np.where(fate == 1, 900, 0)
        there = fate <= 1
        machine = there & coin(rng, count, 0.16)
        willing = np.clip(0.2 + 0.15 * sends["appetite"].to_numpy(), 0, 0.75)
        reads = there & coin(rng, count, willing) & ~world.is_dead(sends["person"])
        opens_at = arrives + (rng.exponential(5 * 3600, count)).astype(np.int64) + 20
        clicks = reads & coin(rng, count, 0.22)
        leaves = reads & coin(rng, count, 0.006)
        complains = reads & coin(rng, count, 0.0008)
        human = pl.Series(rng.integers(0, len(_READERS), count))
        agents = pl.Series(_READERS).gather(human)
        ip = pl.format("198.51.100.{}", pl.Series(rng.integers(1, 255, count)))
        ip = pl.select(ip).to_series()
        url = f"https://{SITE}" + sends["path"]
        seen = ',"useragent":"' + agents + '","ip":"' + ip + '"'

        def text(value: str) -> pl.Series:
            return pl.Series([value]).new_from_index(0, count)

        kinds = [
            ("processed", np.ones(count, bool), at, text("")),
            ("deferred", fate == 1, at + 4, text(
                ',"response":"451 4.7.1 try again later","attempt":"1"')),
            ("delivered", there, arrives, text(',"response":"250 2.0.0 OK"')),
            ("bounce", fate == 2, arrives, text(
                ',"reason":"550 5.1.1 The email account does not exist","status":"5.1.1",'
                '"type":"bounce"')),
            ("dropped", fate == 3, at + 1, text(
                ',"reason":"Bounced Address","status":"5.0.0"')),
            ("open", machine, arrives + rng.integers(1, 40, count), text(
                f',"useragent":"{_MACHINE}","ip":"17.58.97.10","sg_machine_open":true')),
            ("open", reads, opens_at, seen + ',"sg_machine_open":false'),
            ("click", clicks, opens_at + rng.integers(3, 240, count),
             ',"useragent":"' + pl.Series(_READERS).gather(human % 2) + '","ip":"' + ip
             + '","url":"' + url + '","url_offset":{"index":0,"type":"html"}'),
            ("unsubscribe", leaves, opens_at + 300, text("")),
            ("spamreport", complains, opens_at + 400, text("")),
        ]
        parts = []
        for event, happens, when, extra in kinds:
            rows = np.flatnonzero(happens)
            parts.append(sends.gather(rows).with_columns(
                pl.Series("at", when[rows]), pl.lit(event).alias("event"),
                extra.gather(rows).alias("extra"),
                tokens(rng, len(rows), 22, ALNUM).alias("event_id"),
            ))
        return pl.concat(parts)


def _note(world: World, events: pl.DataFrame) -> None:
    event, extra = pl.col("event"), pl.col("extra")
    is_machine = (event == "open") & extra.str.ends_with('"sg_machine_open":true')
    told = events.select(
        "person", "at", "event_id",
        pl.when(is_machine).then(pl.lit("email_machine_open")).otherwise("email_" + event.replace(
            ["processed", "spamreport"], ["sent", "spam_report"])).alias("event_type"),
    )
    world.happened("sendgrid", told["event_type"], told["person"], told["at"], told["event_id"])
    left = told.filter(pl.col("event_type").is_in(["email_unsubscribe", "email_spam_report"]))
    world.consented(left.select(
        ("sendgrid:events:" + pl.col("event_id")).alias("record_key"), "person",
        pl.lit("email").alias("channel"), pl.lit("denied").alias("status"), "at",
    ))


def _with_links(rng, sends: pl.DataFrame, mailchimp: Mailchimp) -> pl.DataFrame:
    """The link of each mail; a third of the newsletters is Mailchimp's and names its member."""
    member = mailchimp.members.select(pl.col("email").str.to_lowercase(), "euid")
    is_theirs = pl.Series(coin(rng, len(sends), 0.33)) & sends["category"].str.starts_with("[")
    return sends.join(member, on="email", how="left", maintain_order="left").with_columns(
        pl.concat_str(
            "path", pl.lit("?utm_source=sendgrid&ecid="), "ecid",
            pl.when(is_theirs & pl.col("euid").is_not_null()).then("&mc_eid=" + pl.col("euid"))
            .otherwise(pl.lit("")),
        ).alias("path")
    )


def _json(events: pl.DataFrame) -> pl.Series:
    return events.select(
        pl.concat_str(
            pl.lit('{"email":"'), "email", pl.lit('","timestamp":'), "at",
            pl.lit(',"smtp-id":"<'), "message", pl.lit(f'@{MAIL_DOMAIN}>","event":"'), "event",
            pl.lit('","category":'), "category", pl.lit(',"sg_event_id":"'), "event_id",
            pl.lit('","sg_message_id":"'), "message", pl.lit('.recvd-7c9f-1-68A.0"'), "extra",
            "custom", pl.lit("}"),
        )
    ).to_series()
